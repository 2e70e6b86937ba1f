"""The `.dev.vars` files of this machine: made once from their examples, with secrets of its own."""

import json
import os
import secrets
from pathlib import Path

from runtime.host_signatures import generate
from runtime.toolchain import ROOT

_FOLDERS = (ROOT, ROOT / "services" / "auth")
_SECRETS = {
    "SIGNING_KEYS": lambda: json.dumps(
        {"keys": [generate("ES256", id="dev-1")]}, separators=(",", ":")
    ),
    "DEMO_API_KEY": lambda: f"gk_demo_{secrets.token_urlsafe(24)}",
    "DEMO_CLIENT_SECRET": lambda: secrets.token_urlsafe(24),
}


def make_dev_vars() -> list[Path]:
    """Make the files that are missing, readable by their owner alone, and return them.

    A file of an earlier version gets the variables that it lacks; what stands in it stays.
    """
    made = []
    for folder in _FOLDERS:
        example, target = folder / ".dev.vars.example", folder / ".dev.vars"
        template = example.read_text(encoding="utf-8").splitlines()
        if target.exists():
            _complete(target, template)
            continue
        lines = [_filled(line) for line in template]
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        made.append(target)
    return made


def _complete(target: Path, template: list[str]) -> None:
    named = {line.partition("=")[0] for line in target.read_text(encoding="utf-8").splitlines()}
    lacking = [
        _filled(line)
        for line in template
        if "=" in line and not line.startswith("#") and line.partition("=")[0] not in named
    ]
    if lacking:
        with target.open("a", encoding="utf-8") as file:
            file.write("\n".join(["", "# Added, as the example has them now:", *lacking, ""]))


def _filled(line: str) -> str:
    name, equals, value = line.partition("=")
    make = _SECRETS.get(name)
    return f"{name}={make()}" if make is not None and equals and not value else line
