"""Secrets that a table names: whether anything on this machine says that the gateway has them.

What is set with `wrangler secret put` cannot be seen from here, so these are warnings. Only names
are looked at, and never a value.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cli.compile_table import LoadedTable
from routing.check.credentials import secrets_of
from runtime.config import read_config


class Warned(NamedTuple):
    """What may be wrong, and where in which file."""

    file: Path
    line: int
    column: int
    message: str


class _Declared(NamedTuple):
    """Names, by where they stand."""

    secrets: frozenset[str]
    variables: frozenset[str]


def warnings(loaded: LoadedTable, config: Path) -> list[Warned]:
    """The secrets of `loaded` that neither the wrangler.toml at `config` nor the `.dev.vars` beside
    it names, and those that stand in the open. Raises `runtime.config.ConfigError`."""
    declared = _declared(config)
    warned = []
    for name, service in loaded.table.services.items():
        for path, secret in secrets_of(service.credentials) if service.credentials else ():
            message = _about(secret, declared)
            if message is not None:
                file, position = loaded.locate(("services", name, "credentials", *path))
                warned.append(Warned(file, position.line, position.column, message))
    return warned


def _about(secret: str, declared: _Declared) -> str | None:
    if secret in declared.variables:
        return f"`{secret}` is in `[vars]` of wrangler.toml, where everybody reads it"
    if secret not in declared.secrets:
        return (
            f"nothing here has the secret `{secret}`: set it with `wrangler secret put {secret}`, "
            "name it in `[secrets] required` of wrangler.toml, and put one for this machine into "
            "`.dev.vars`"
        )
    return None


def _declared(config: Path) -> _Declared:
    settings = read_config(config)
    names = list(settings.get("secrets", {}).get("required", []))
    names += [one["binding"] for one in settings.get("secrets_store_secrets", [])]
    names += _names_in(config.parent / ".dev.vars")
    return _Declared(frozenset(names), frozenset(settings.get("vars", {})))


def _names_in(dev_vars: Path) -> Iterator[str]:
    if dev_vars.exists():
        for line in dev_vars.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.removeprefix("export ").partition("=")
            if equals and value.strip() and not name.startswith("#"):
                yield name.strip()
