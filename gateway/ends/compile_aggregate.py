"""From the settings of an aggregation to what answers it."""

from collections.abc import Callable, Mapping

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
    breaker: Callable[[str], Policy | None],
    *,
    together: Together,
    identities: Identities,
) -> Aggregate:
    """The end of a route with these `settings`, `breaker` giving that of a service, where it has
    one. Raises `TemplateError`."""
    parts = [
        Part(
            name,
            part.service,
            services[part.service],
            known[part.service].audience,
            Target(part.path),
            part.optional,
            seconds(part.timeout or known[part.service].timeout),
            breaker(part.service),
        )
        for name, part in settings.parts.items()
    ]
    return Aggregate(
        parts, size_in_bytes(settings.max_body), together=together, identities=identities
    )
