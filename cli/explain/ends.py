"""What stands behind the policies of a route, for people to read: its mirror, and its end."""

from collections.abc import Iterator
from typing import Any

import msgspec

from cli.explain.step import Step
from ends.settings import AggregateSettings, MirrorSettings, TimeoutsSettings
from routing.ends import destinations
from routing.table import RouteSettings, ServiceSettings, Table


def address_of(service: ServiceSettings) -> str:
    """Where a service is: its URL, or the name of its binding."""
    return service.url or f"binding {service.binding}"


def ends(settings: RouteSettings, table: Table) -> Iterator[Step]:
    """The steps: one for each service that may be asked, or one that answers by itself."""
    if settings.mirror is not None:
        yield _mirror(settings.mirror)
    if settings.redirect is not None:
        yield Step("redirect", msgspec.to_builtins(settings.redirect))
    elif settings.respond is not None:
        yield Step("respond", {"status": settings.respond.status})
    elif settings.aggregate is not None:
        yield from _parts(settings.aggregate, table)
    else:
        yield from _dispatches(settings, table)


def _mirror(mirror: MirrorSettings) -> Step:
    shown = {"service": mirror.service, "percent": f"{mirror.percent:g}"}
    return Step("mirror", {**shown, "max_body": mirror.max_body, "timeout": mirror.timeout})


def _parts(aggregate: AggregateSettings, table: Table) -> Iterator[Step]:
    for name, part in aggregate.parts.items():
        timeout = part.timeout or table.services[part.service].timeout
        asked = {"part": name, "service": part.service, "path": part.path, "timeout": timeout}
        yield Step("aggregate", {**asked, "is": "optional" if part.optional else "needed"})


def _dispatches(settings: RouteSettings, table: Table) -> Iterator[Step]:
    timeouts = settings.timeouts or TimeoutsSettings()
    weights = [backend.weight for backend in settings.backends]
    for place, to in enumerate(destinations(settings)):
        service = table.services[to.service]
        dispatch: dict[str, Any] = {"service": to.service, "to": address_of(service)}
        if weights:
            dispatch["share"] = f"{100 * weights[place] / sum(weights):.3g} %"
        dispatch["timeout"] = timeouts.headers or service.timeout
        dispatch |= {
            name: value
            for name, value in (
                ("total", timeouts.total),
                ("idle", timeouts.idle),
                ("host", settings.upstream_host),
                ("path", to.upstream_path),
            )
            if value is not None
        }
        yield Step("dispatch", dispatch)
