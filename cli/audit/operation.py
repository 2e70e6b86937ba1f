"""Rules about what happens when something fails, and about what nobody uses."""

import re
from collections.abc import Iterator
from typing import Final

from cli.audit.rules import Audited, Noticed, rule
from routing.ends import services_of
from routing.limits import limits_of
from routing.units import seconds

_LONG: Final = 30.0
"""Seconds; browsers and people have gone by then."""

_AS_TEMPLATE: Final = re.compile(
    r"(?:/(?:[A-Za-z0-9_~-]|\\\.)+|/\(\?P<[a-z][a-z0-9_]*>\[\^/\]\+\))+"
)


def _used(audited: Audited) -> set[str]:
    """The services that routes call, mirrors among them."""
    return {name for route in audited.table.routes for name in services_of(route)}


@rule("no-circuit-breaker", "medium", "give it a `circuit_breaker`; an empty one has good values")
def _(audited: Audited) -> Iterator[Noticed]:
    used = _used(audited)
    for name, service in audited.table.services.items():
        if service.circuit_breaker is None and name in used:
            message = f"when `{name}` fails, every request goes on to it and waits"
            yield Noticed(("services", name), message)


@rule("long-timeout", "low", "answer sooner, or let the client ask again")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, service in audited.table.services.items():
        if seconds(service.timeout) > _LONG:
            message = f"`{name}` may take {service.timeout} to begin an answer"
            yield Noticed(("services", name, "timeout"), message)


@rule("maintenance", "info", "set it to `false` when the work is done")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in enumerate(audited.table.routes):
        if route.maintenance is not False:
            message = f"`{route.name}` is closed for maintenance"
            yield Noticed(("routes", position, "maintenance"), message)


@rule("regex-for-template", "low", "write it as a `path` with {parameters}, which is found faster")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in enumerate(audited.table.routes):
        if route.path_regex is not None and _AS_TEMPLATE.fullmatch(route.path_regex):
            message = f"`{route.name}` has an expression where a template says the same"
            yield Noticed(("routes", position, "path_regex"), message)


@rule("unused-service", "low", "remove it")
def _(audited: Audited) -> Iterator[Noticed]:
    used = _used(audited)
    for name in audited.table.services:
        if name not in used:
            yield Noticed(("services", name), f"no route leads to the service `{name}`")


@rule("unused-limit", "low", "remove it")
def _(audited: Audited) -> Iterator[Noticed]:
    used = {name for route in audited.table.routes for name in limits_of(audited.table, route)}
    for name in audited.table.rate_limits:
        if name not in used:
            yield Noticed(("rate_limits", name), f"no route has the limit `{name}`")


@rule("unused-cors", "low", "remove it")
def _(audited: Audited) -> Iterator[Noticed]:
    used = {route.cors for route in audited.table.routes}
    for name in audited.table.cors:
        if name not in used:
            yield Noticed(("cors", name), f"no route has the CORS policy `{name}`")


@rule("unused-transform", "low", "remove it")
def _(audited: Audited) -> Iterator[Noticed]:
    used = {route.transform for route in audited.table.routes}
    used |= {entry.transform for change in audited.table.changes for entry in change.transforms}
    for name in audited.table.transforms:
        if name not in used:
            yield Noticed(("transforms", name), f"neither route nor change uses `{name}`")
