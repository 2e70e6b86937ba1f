"""Invalidate: an unsafe request that went well ends what it has made untrue of stored answers.

That is its own target (RFC 9111, section 4.4), whichever route and version has stored it and with
every query, what Location and Content-Location name, and the tags that its route purges.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from caching.invalidation import SAFE, invalidated, invalidates
from caching.purger import Purger
from caching.tags import Tags
from messages import Exchange, Response
from pipeline import Next


class Invalidate:
    """For a route with unsafe methods that shares its paths with one that caches, or names tags."""

    def __init__(self, tags: Tags, purger: Purger, *, shares_paths: bool) -> None:
        self._tags = tags
        self._purger = purger
        self._shares_paths = shares_paths

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        method = request.method
        if method in SAFE:
            return await next(exchange)
        # As the client has it: a transform may write another one.
        url = f"{request.scheme}://{request.host}{request.path}"
        tags = self._tags.of(exchange) if self._tags else []
        response = await next(exchange)
        if invalidates(method, response.status):
            marks = [f"tag:{tag}" for tag in tags]
            if self._shares_paths:
                marks += _addresses(invalidated(url, response.headers))
            if marks:
                exchange.log["purged"] = len(marks)
                await self._purger.purge(marks, exchange.defer)
        return response


def _addresses(urls: list[str]) -> Iterator[str]:
    """The marks of `urls`, with every query."""
    for url in urls:
        parts = urlsplit(url)
        yield f"url:{parts.netloc}{parts.path or '/'}"
