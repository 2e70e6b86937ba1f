"""Lifecycle: says in every answer of an ageing version that it ages, and where to go instead.

Deprecation (RFC 9745), Sunset (RFC 8594) and Link relations deprecation, sunset (RFC 8594, section
6) and successor-version (RFC 5829, section 3.5). After the sunset it may end the way here.
"""

from typing import Final

from contract.problems import VERSION_GONE, Problem
from messages import Exchange, Headers, Response
from pipeline import Next
from routing.paths import PathTemplate
from routing.versions import Version

_PERMANENT_REDIRECT: Final = 308  # RFC 9110, section 15.4.9: the method and the body stay


class Lifecycle:
    """Adds the fields of `version`; `successor` is the same resource's path in its successor."""

    def __init__(self, version: Version, successor: PathTemplate | None) -> None:
        self._fields = [*version.fields, *(("link", link) for link in version.links)]
        self._successor = successor
        self._version = version
        self._ends = version.sunset if version.after_sunset != "serve" else None

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        exchange.answer_fields += self._fields
        path = self._successor.fill(exchange.parameters) if self._successor else None
        if path is not None:
            path += exchange.rest
            exchange.answer_fields.append(("link", f'<{path}>; rel="successor-version"'))
        if self._ends is not None and exchange.now >= self._ends:
            return self._ended(exchange, path)
        return await next(exchange)

    def _ended(self, exchange: Exchange, path: str | None) -> Response:
        version = self._version
        # A redirected request keeps its header fields: one that names this version would only
        # contradict the new path.
        if version.after_sunset == "redirect" and path is not None and exchange.version_in_path:
            query = exchange.request.query
            location = f"{path}?{query}" if query else path
            fields = [("location", location), ("cache-control", "no-store")]
            return Response(_PERMANENT_REDIRECT, Headers(fields))
        where = f" Use {path}." if path else ""
        raise Problem(VERSION_GONE, f"Version {version.name} was switched off.{where}")
