"""Keys: URLs below `contract.cache.ORIGIN`, made of what an answer depends on for certain.

Host, version, route, path and query. The route is in it because header fields may have chosen it;
and what it is made by, so that a table that was published, or taken back, does not answer with what
another one has made. A variant (see `caching.entries`) stands where no client can put a word.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contract.cache import ORIGIN
from messages import Exchange


class Key(NamedTuple):
    """A key in two parts, between which the variant goes."""

    made_by: str
    target: str
    """Path and query."""

    @property
    def url(self) -> str:
        return self.made_by + self.target

    def of_variant(self, variant: str) -> str:
        return f"{self.made_by}~{variant}{self.target}"


def key_of(exchange: Exchange, made_by: str = "") -> Key:
    """The key for the request of `exchange`, which has not been to its service yet."""
    request = exchange.request
    version = exchange.version.name if exchange.version else "-"
    query = f"?{request.query}" if request.query else ""
    route = exchange.route.name if exchange.route else "-"
    return Key(f"{ORIGIN}{request.host}/{version}/{route}{made_by}", f"{request.path}{query}")


def public_url(exchange: Exchange) -> str:
    """The URL that the client asked for, as far as a key goes."""
    request = exchange.request
    query = f"?{request.query}" if request.query else ""
    return f"{request.scheme}://{request.host}{_prefix(exchange)}{request.path}{query}"


def keys_of(exchange: Exchange, key: Key, urls: Iterable[str]) -> Iterator[str]:
    """The keys of public `urls` on the host of `exchange`, as the route of `key` has them."""
    prefix = _prefix(exchange)
    for url in urls:
        target = "/" + url.partition("://")[2].partition("/")[2]
        yield Key(key.made_by, target.removeprefix(prefix)).url


def _prefix(exchange: Exchange) -> str:
    if exchange.version is None or not exchange.version_in_path:
        return ""
    return f"/{exchange.version.name}"
