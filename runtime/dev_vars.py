"""The `.dev.vars` files of this machine: made once from their examples, with secrets of its own."""

import os
import secrets
from pathlib import Path

from runtime.toolchain import ROOT

_FOLDERS = (ROOT, ROOT / "services" / "auth")
_SECRETS = {
    "SIGNING_KEY": lambda: secrets.token_urlsafe(32),
    "DEMO_API_KEY": lambda: f"gk_demo_{secrets.token_urlsafe(24)}",
    "DEMO_CLIENT_SECRET": lambda: secrets.token_urlsafe(24),
}


def make_dev_vars() -> list[Path]:
    """Make the files that are missing, readable by their owner alone, and return them."""
    made = []
    for folder in _FOLDERS:
        example, target = folder / ".dev.vars.example", folder / ".dev.vars"
        lines = [_filled(line) for line in example.read_text(encoding="utf-8").splitlines()]
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        made.append(target)
    return made


def _filled(line: str) -> str:
    name, equals, value = line.partition("=")
    make = _SECRETS.get(name)
    return f"{name}={make()}" if make is not None and equals and not value else line
