"""Keys: URLs below `contract.cache.ORIGIN`, made of what an answer depends on for certain.

Scheme, host, version, route, path and query. The route is in it because header fields may have
chosen it; and what it is made by, so that a table that was published, or taken back, does not
answer with what another one has made. A variant (see `caching.entries`) stands where no client can
put a word.
"""

from typing import NamedTuple

from contract.cache import ORIGIN
from contract.feed import MAX_MARK
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


def key_of(exchange: Exchange, made_by: str = "", apart: str = "") -> Key:
    """The key for the request of `exchange`, which has not been to its service yet. `apart` tells
    it from others for the same URL (`caching.keying`)."""
    request = exchange.request
    version = exchange.version.name if exchange.version else "-"
    query = f"?{request.query}" if request.query else ""
    route = exchange.route.name if exchange.route else "-"
    host = request.host if request.scheme == "https" else f"{request.scheme}:{request.host}"
    where = f"{ORIGIN}{host}/{version}/{route}"
    return Key(f"{where}{made_by}{apart}", f"{request.path}{query}")


def addresses_of(exchange: Exchange) -> list[str]:
    """The marks (`contract.feed.Mark`) of the URLs under which clients find this answer: its path
    alone and with its query, without the version and behind it."""
    request = exchange.request
    paths = _paths(exchange, request.path)
    if request.query:
        paths += [f"{path}?{request.query}" for path in paths]
    return paths


def can_be_named(exchange: Exchange, key: Key) -> bool:
    """Whether a purge can name the answer under `key` by its path."""
    path = key.target.partition("?")[0]  # that of the request may be the service's by now
    return max(map(len, _paths(exchange, path))) <= MAX_MARK


def _paths(exchange: Exchange, path: str) -> list[str]:
    host, version = exchange.request.host, exchange.version
    paths = [f"url:{host}{path}"]
    if version is not None:
        paths.append(f"url:{host}/{version.name}{path}")
    return paths
