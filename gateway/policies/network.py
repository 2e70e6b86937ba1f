"""Network: from which addresses and countries a route may be called. Fails closed."""

from typing import Final

from addresses import Networks, parsed
from contract.problems import CLIENT_NOT_ALLOWED, Problem
from messages import Exchange, Response
from pipeline import Next
from routing.table import NetworkSettings

COUNTRY: Final = "cf-ipcountry"
"""Set by Cloudflare where IP geolocation is on for the zone: ISO 3166-1, XX unknown, T1 Tor."""


class Network:
    """Denied networks and countries are out; where any are allowed, all others are out as well.

    A client whose address or country is not known is out wherever it matters.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self._allow = Networks(settings.allow)
        self._deny = Networks(settings.deny)
        self._by_address = bool(self._allow or self._deny)
        self._allow_countries = frozenset(settings.allow_countries)
        self._deny_countries = frozenset(settings.deny_countries)
        self._by_country = bool(self._allow_countries or self._deny_countries)

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if self._by_address and not self._takes_address(exchange.client_address):
            raise Problem(CLIENT_NOT_ALLOWED, "This route does not answer to this address.")
        if self._by_country and not self._takes_country(exchange.request.headers.get(COUNTRY)):
            raise Problem(CLIENT_NOT_ALLOWED, "This route does not answer to this country.")
        return await next(exchange)

    def _takes_address(self, text: str) -> bool:
        address = parsed(text)
        if address is None or address in self._deny:
            return False
        return not self._allow or address in self._allow

    def _takes_country(self, country: str | None) -> bool:
        if country is None or country in self._deny_countries:
            return False
        return not self._allow_countries or country in self._allow_countries
