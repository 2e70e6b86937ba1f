"""From the settings of an aggregation to what answers it."""

from collections.abc import Callable, Mapping, Sequence

from ends.aggregate import Aggregate, Part
from ends.settings import AggregateSettings
from identities import Identities
from pipeline import Policy
from ports import Service, Together
from routing.table import ServiceSettings
from routing.units import seconds, size_in_bytes
from transforms.target import Target


def compile_aggregate(
    settings: AggregateSettings,
    known: Mapping[str, ServiceSettings],
    services: Mapping[str, Service],
    guards: Callable[[str, float], Sequence[Policy]],
    *,
    together: Together,
    identities: Identities,
) -> Aggregate:
    """The end of a route with these `settings`, `guards` giving what stands before a
    service that may take so many seconds. Raises `TemplateError`."""
    parts = []
    for name, part in settings.parts.items():
        timeout = seconds(part.timeout or known[part.service].timeout)
        one = Part(
            name,
            part.service,
            services[part.service],
            known[part.service].audience,
            Target(part.path),
            part.optional,
            timeout,
            guards(part.service, timeout),
        )
        parts.append(one)
    return Aggregate(
        parts, size_in_bytes(settings.max_body), together=together, identities=identities
    )
