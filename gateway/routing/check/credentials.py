"""Checks of credentials: secrets are named and nowhere written out, and can be set.

A table is kept in a repository and published to a store that many can read. What carries a
credential by its very name is therefore refused where its value stands in the table; what only
looks like one is for `gateway check --audit`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from contract.names import IDENTITY_SECRET, Binding
from ends.settings import BasicSettings, CredentialsSettings
from routing.check.finding import Finding, Path
from routing.table import Table
from transforms.fields import HeaderOperation, QueryOperation, Valued, is_owned, is_protected
from transforms.templates import Template, TemplateError

_BINDINGS: Final = frozenset(name for name in vars(Binding) if name.isupper())
_OF_CREDENTIALS: Final = re.compile(
    r"(.*[-_])?("
    r"api[-_]?key|(access|auth|client|app|functions|subscription|private|secret|shared)[-_]?key|"
    r"(access|auth|api|bearer|private|refresh|session|vault|gitlab|github)[-_]?token|"
    r"secret|password|passwd|authorization"
    r")"
)
"""Header fields and parameters that stand for a credential, in small letters."""


def check_credentials(table: Table) -> Iterator[Finding]:
    """What is wrong with `credentials` of services, and credentials that are written out."""
    for name, service in table.services.items():
        if service.credentials is not None:
            yield from _check_settings(service.credentials, ("services", name, "credentials"))
    for name, transform in table.transforms.items():
        at: Path = ("transforms", name, "request")
        yield from _check_literals(transform.request.headers, (*at, "headers"))
        yield from _check_literals(transform.request.query, (*at, "query"))
    for position, route in enumerate(table.routes):
        for place, backend in enumerate(route.backends):
            at = ("routes", position, "backends", place, "request", "headers")
            yield from _check_literals(backend.request.headers, at)
        if route.aggregate is not None:
            for name, part in route.aggregate.parts.items():
                at = ("routes", position, "aggregate", "parts", name, "path")
                yield from _check_query(part.path, at)


def secrets_of(settings: CredentialsSettings) -> Iterator[tuple[Path, str]]:
    """The secrets that `settings` name, each with the path to it in them."""
    if settings.secret is not None:
        yield ("secret",), settings.secret
    if settings.basic is not None:
        if settings.basic.user_secret is not None:
            yield ("basic", "user_secret"), settings.basic.user_secret
        yield ("basic", "password_secret"), settings.basic.password_secret


def _check_settings(settings: CredentialsSettings, at: Path) -> Iterator[Finding]:
    if (settings.secret is None) == (settings.basic is None):
        yield Finding(at, "expected exactly one of `secret` and `basic`")
    if is_owned(settings.header):
        yield Finding((*at, "header"), f"`{settings.header}` belongs to HTTP or the gateway")
    if settings.basic is not None:
        yield from _check_basic(settings.basic, (*at, "basic"))
        if settings.prefix is not None:
            yield Finding((*at, "prefix"), "`basic` has a prefix of its own")
    for path, name in secrets_of(settings):
        if name in _BINDINGS:
            yield Finding((*at, *path), f"`{name}` is a binding of the gateway, and no secret")
        if name == IDENTITY_SECRET:
            yield Finding((*at, *path), f"`{name}` is the gateway's own, which no service gets")


def _check_basic(settings: BasicSettings, at: Path) -> Iterator[Finding]:
    if (settings.user is None) == (settings.user_secret is None):
        yield Finding(at, "expected exactly one of `user` and `user_secret`")


def _check_literals(
    operations: Sequence[HeaderOperation | QueryOperation], at: Path
) -> Iterator[Finding]:
    for position, operation in enumerate(operations):
        if not isinstance(operation, Valued) or is_protected(operation.name):
            continue  # what is protected is refused whatever it is set to
        if is_credential(operation.name):
            if operation.value is not None:
                yield _written_out(operation.name, (*at, position, "value"))
            elif operation.template is not None and _is_constant(operation.template):
                yield _written_out(operation.name, (*at, position, "template"))


def _check_query(path: str, at: Path) -> Iterator[Finding]:
    for piece in path.partition("?")[2].split("&"):
        name, _, value = piece.partition("=")
        if value and is_credential(name) and _is_constant(value):
            yield _written_out(name, at)


def is_credential(name: str) -> bool:
    """Whether a header field or parameter called `name` carries a credential."""
    return _OF_CREDENTIALS.fullmatch(name.lower()) is not None


def _written_out(name: str, at: Path) -> Finding:
    return Finding(
        at,
        f"`{name}` carries a credential, which has no place in a table: name a secret in the "
        "`credentials` of the service",
    )


def _is_constant(template: str) -> bool:
    try:
        return not Template(template).placeholders
    except TemplateError:
        return False
