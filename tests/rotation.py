"""A rotation of the signing keys as Workers: one deployment of auth for each secret on the way.

On Cloudflare a new secret is a new deployment, and for a while the old one answers as well. Here
all of them run, on the same database, and tests/workers/switch.mjs says which are asked.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

STEPS: Final = ("announce", "promote", "retire")
"""Of `gateway signing-keys`; each is also the name of the deployment that follows it."""

ROOT: Final = Path(__file__).resolve().parents[1]


def deployment(step: str) -> str:
    """The name of the auth Worker that has the secret after `step`."""
    return f"auth-{step}"


@cache
def secrets_of(first: str) -> Mapping[str, str]:
    """By step, the secret that the command makes of the one before; it begins with `first`."""
    made, secret = {}, first
    for step in STEPS:
        command = [sys.executable, "-m", "cli.main", "signing-keys", step]
        run = subprocess.run(
            command, cwd=ROOT, input=secret, capture_output=True, text=True, check=True
        )
        made[step] = secret = run.stdout
    return made


def key_ids(secret: str) -> list[str]:
    """The names of the keys in a secret; the first one signs."""
    return [str(key["kid"]) for key in json.loads(secret)["keys"]]
