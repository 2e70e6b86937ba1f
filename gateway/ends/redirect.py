"""Redirect: the end of a route that sends its clients elsewhere, by the table and nothing else.

The host is the table's, or there is none in the Location (RFC 9110, section 10.2.2, allows a
relative one) unless the route names the hosts that it answers on; what a client says of the host
never leads anybody away. The query is kept.
"""

from typing import Final

from contract.problems import MALFORMED_REQUEST, Problem
from ends.settings import RedirectSettings
from messages import Exchange, Headers, Response
from routing.paths import PathTemplate

_USUAL_PORTS: Final = {"http": 80, "https": 443}


class Redirect:
    """Answers every request with a redirect."""

    def __init__(self, settings: RedirectSettings) -> None:
        self._settings = settings
        self._path = PathTemplate(settings.path) if settings.path is not None else None
        self._prefix = (
            PathTemplate(settings.path_prefix) if settings.path_prefix is not None else None
        )
        self._is_absolute = any((settings.scheme, settings.host, settings.port))

    async def __call__(self, exchange: Exchange) -> Response:
        query = f"?{exchange.request.query}" if exchange.request.query else ""
        path = self._target(exchange)
        if path.startswith("//"):
            # Without a host before it, it would be one (RFC 3986, section 4.2).
            raise Problem(MALFORMED_REQUEST, "The path begins with two slashes.")
        location = f"{self._authority(exchange)}{path}{query}"
        return Response(self._settings.status, Headers([("location", location)]))

    def _target(self, exchange: Exchange) -> str:
        if self._path is not None:
            return self._path.fill(exchange.parameters)
        if self._prefix is not None:
            prefix = self._prefix.fill(exchange.parameters)
            if exchange.rest:
                return exchange.rest if prefix == "/" else prefix + exchange.rest
            return prefix
        version = exchange.version
        before = f"/{version.name}" if version is not None and exchange.version_in_path else ""
        return before + exchange.request.path

    def _authority(self, exchange: Exchange) -> str:
        """Scheme, host and port; empty where all of them stay as they are.

        A scheme without a port means the usual one of that scheme; the port that the request came
        to stays only where neither is said (Gateway API, HTTPRequestRedirectFilter).
        """
        if not self._is_absolute:
            return ""
        settings, request = self._settings, exchange.request
        came_to, _, came_by = request.host.partition(":")
        scheme, host = settings.scheme or request.scheme, settings.host or came_to
        port = settings.port
        if port is None and settings.scheme is None and came_by.isdigit():
            port = int(came_by)
        shown = "" if port is None or port == _USUAL_PORTS.get(scheme) else f":{port}"
        return f"{scheme}://{host}{shown}"
