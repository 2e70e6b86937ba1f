"""The first requests of a newcomer, as they can be pasted into a shell.

Each stands by itself: it works in any folder, in any order, and mints the token that it needs.
"""

import shlex

from runtime.toolchain import ROOT


def examples(url: str) -> list[str]:
    """Commands that work against the gateway at `url` as `make dev` starts it."""
    gateway = shlex.quote(str(ROOT / ".venv" / "bin" / "gateway"))
    token = f'-H "Authorization: Bearer $({gateway} token)"'
    new = """-H "Content-Type: application/json" -d '{"title":"First steps"}'"""
    return [
        f"curl -i {url}/healthz",
        f"curl -i {url}/v2/roadmaps {token} {new}",
        f"curl -i {url}/v2/roadmaps {token}",
        f"curl -i {url}/v1/plans {token}",
        f"curl -i {url}/v2/statistics {url}/v2/statistics",
    ]
