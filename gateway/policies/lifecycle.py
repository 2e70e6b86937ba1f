"""Lifecycle: says in every answer of an ageing version that it ages, and where to go instead.

Deprecation (RFC 9745), Sunset (RFC 8594) and Link relations deprecation, sunset (RFC 8594, section
6) and successor-version (RFC 5829, section 3.5).
"""

from messages import Exchange, Response
from pipeline import Next
from routing.paths import PathTemplate
from routing.versions import Version


class Lifecycle:
    """Adds the fields of `version`; `successor` is the same resource's path in its successor."""

    def __init__(self, version: Version, successor: PathTemplate | None) -> None:
        self._fields = [*version.fields, *(("link", link) for link in version.links)]
        self._successor = successor

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        exchange.answer_fields += self._fields
        if self._successor is not None:
            path = self._successor.fill(exchange.parameters)
            exchange.answer_fields.append(("link", f'<{path}>; rel="successor-version"'))
        return await next(exchange)
