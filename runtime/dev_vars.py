"""The `.dev.vars` files of this machine: made once from their examples, with secrets of its own."""

import json
import os
import secrets
from pathlib import Path

from contract.jose.jwk import UnusableKey, parse_own_set, published
from runtime.host_signatures import generate
from runtime.toolchain import ROOT

_EXAMPLE = ".dev.vars.example"
_FOLDERS = (ROOT, *(path.parent for path in sorted(ROOT.glob(f"services/*/{_EXAMPLE}"))))
"""The gateway's first: services verify with the public part of its keys."""

_PRIVATE = "IDENTITY_KEYS"
_PUBLIC = "IDENTITY_JWKS"
_SECRETS = {
    "SIGNING_KEYS": lambda: _keys("ES256"),
    _PRIVATE: lambda: _keys("EdDSA"),
    "DEMO_API_KEY": lambda: f"gk_demo_{secrets.token_urlsafe(24)}",
    "DEMO_CLIENT_SECRET": lambda: secrets.token_urlsafe(24),
}


def make_dev_vars() -> list[Path]:
    """Make the files that are missing, readable by their owner alone, and return them.

    A file of an earlier version gets the variables that it lacks; what stands in it stays, but for
    public keys that are not those of the gateway.
    """
    made = []
    public = ""
    for folder in _FOLDERS:
        example, target = folder / _EXAMPLE, folder / ".dev.vars"
        template = example.read_text(encoding="utf-8").splitlines()
        if target.exists() or not _create(target, [_filled(line, public) for line in template]):
            _complete(target, template, public)
        else:
            made.append(target)
        public = public or _public_part(target)
    return made


def _create(target: Path, lines: list[str]) -> bool:
    """Whether it was not there."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return True


def _complete(target: Path, template: list[str], public: str) -> None:
    lines = target.read_text(encoding="utf-8").splitlines()
    named = {line.partition("=")[0] for line in lines}
    if public and _PUBLIC in named and f"{_PUBLIC}={public}" not in lines:
        kept = [line for line in lines if line.partition("=")[0] != _PUBLIC]
        target.write_text("\n".join([*kept, f"{_PUBLIC}={public}", ""]), encoding="utf-8")
    lacking = [
        _filled(line, public)
        for line in template
        if "=" in line and not line.startswith("#") and line.partition("=")[0] not in named
    ]
    if lacking:
        with target.open("a", encoding="utf-8") as file:
            file.write("\n".join(["", "# Added, as the example has them now:", *lacking, ""]))


def _filled(line: str, public: str) -> str:
    name, equals, value = line.partition("=")
    if not equals or value:
        return line
    if name == _PUBLIC:
        return f"{name}={public}"
    make = _SECRETS.get(name)
    return f"{name}={make()}" if make is not None else line


def _public_part(path: Path) -> str:
    """The public part of the gateway's keys in the file; empty where it has none."""
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name == _PRIVATE:
            try:
                return _compact(published(parse_own_set(value)))
            except UnusableKey:
                return ""  # somebody tries what happens without keys
    return ""


def _keys(algorithm: str) -> str:
    return _compact({"keys": [generate(algorithm, id="dev-1")]})


def _compact(content: object) -> str:
    return json.dumps(content, separators=(",", ":"))
