"""Checks of `services`: where requests can go."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from routing.check.finding import Finding, Path, known
from routing.table import ServiceSettings, Table

DEVELOPMENT: Final = ("dev", "development", "local", "test")
"""Environments that are never deployed."""

_URL: Final = re.compile(r"https?://([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL: Final = re.compile(r"(.+\.)?(localhost|local|internal|localdomain)")


def check_services(table: Table) -> Iterator[Finding]:
    """Each service is a binding or a URL."""
    for name, service in table.services.items():
        if (service.binding is None) == (service.url is None):
            yield Finding(("services", name), "expected exactly one of `binding` and `url`")
        elif service.url is not None:
            yield from _check_url(service, ("services", name, "url"))


def check_local(table: Table, environment: str | None) -> Iterator[Finding]:
    """Services on the machine itself, which are for development: there is none on the edge."""
    if environment in DEVELOPMENT:
        return
    for name, service in table.services.items():
        host = _host(service.url or "")
        if host is not None and _LOCAL.fullmatch(host):
            yield Finding(
                ("services", name, "url"),
                f"`{host}` is for development: say so in an environment called "
                f"{' or '.join(f'`{one}`' for one in DEVELOPMENT)}",
            )


def check_faults(table: Table, environment: str | None) -> Iterator[Finding]:
    """Faults on purpose, which no production may have. The gateway does not inject them there."""
    if environment in (*DEVELOPMENT, "staging"):
        return
    for position, route in enumerate(table.routes):
        if route.faults is not None:
            yield Finding(
                ("routes", position, "faults"),
                "faults are for tests: say so in an environment called `staging` or "
                f"{' or '.join(f'`{one}`' for one in DEVELOPMENT)}",
            )


def _check_url(service: ServiceSettings, at: Path) -> Iterator[Finding]:
    url = service.url or ""
    host = _host(url)
    if host is None and "@" in url.split("/")[2]:
        yield Finding(at, "a user in a URL is a credential in the table: use `credentials`")
    elif host is None:
        yield Finding(at, "expected https://, a host name in ASCII, perhaps a port, and a path")
    elif is_address(host) and not service.allow_ip:
        yield Finding(
            at, f"`{host}` is an IP address: expected a host name, or `allow_ip: true` beside it"
        )


def _host(url: str) -> str | None:
    """The host as it is written; None where there is none that everybody reads alike."""
    found = _URL.fullmatch(url)
    return found[1].lower().rstrip(".") if found else None


def is_address(host: str) -> bool:
    """Whether browsers and workerd take `host` for an IP address, in whatever notation: the last of
    its labels is a number (WHATWG URL standard, "ends in a number")."""
    return host.startswith("[") or _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def check_bindings(table: Table, declared: Collection[str]) -> list[Finding]:
    """The services of `table` whose binding the gateway's wrangler.toml does not declare."""
    return [
        finding
        for name, service in table.services.items()
        if service.binding is not None
        for finding in known(service.binding, declared, "binding", ("services", name, "binding"))
    ]
