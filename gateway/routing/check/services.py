"""Checks of `services`: where requests can go."""

from collections.abc import Collection, Iterator

from routing.check.finding import Finding, known
from routing.table import Table


def check_services(table: Table) -> Iterator[Finding]:
    """Each service is a binding or a URL."""
    for name, service in table.services.items():
        if (service.binding is None) == (service.url is None):
            yield Finding(("services", name), "expected exactly one of `binding` and `url`")


def check_bindings(table: Table, declared: Collection[str]) -> list[Finding]:
    """The services of `table` whose binding the gateway's wrangler.toml does not declare."""
    return [
        finding
        for name, service in table.services.items()
        if service.binding is not None
        for finding in known(service.binding, declared, "binding", ("services", name, "binding"))
    ]
