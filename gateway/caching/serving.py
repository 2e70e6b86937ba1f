"""Answers out of the store: their header fields, and the part of the body that was asked for."""

from typing import Final

from caching.decision import Serve
from caching.entity_tags import is_strong
from caching.ranges import Part, Unsatisfiable
from caching.shelf import Place
from contract.cache import MAX_BODY
from messages import Exchange, Headers, Response, read_body

_NOT_MODIFIED: Final = frozenset(
    {"cache-control", "content-location", "date", "etag", "expires", "vary"}
)
"""What a 304 carries of the 200 that it stands for (RFC 9110, section 15.4.5)."""

_UNSATISFIABLE: Final = frozenset({"cache-control", "date", "vary"})


def head_of(serve: Serve) -> Headers:
    """The fields that answer, with Age (RFC 9111, section 5.1), without Cache-Status."""
    stored = serve.stored
    fields = stored.fields
    if serve.status == 304:
        names = _NOT_MODIFIED
        # Of use only to those who have nothing better.
        if not any(name == "etag" for name, _ in fields):
            names |= {"last-modified"}
        fields = [field for field in fields if field[0] in names]
    elif isinstance(serve.part, Unsatisfiable):
        fields = [field for field in fields if field[0] in _UNSATISFIABLE]
        fields.append(("content-range", serve.part.content_range))
    elif serve.part is not None:
        fields = [field for field in fields if field[0] != "content-length"]
        fields.append(("content-range", serve.part.content_range))
        fields.append(("content-length", str(serve.part.last - serve.part.first + 1)))
    headers = Headers(fields)
    tag = headers.get("etag")
    if stored.facts.was_coded and tag is not None and is_strong(tag):
        headers.set("etag", f"W/{tag}")
    headers.add("age", str(int(serve.age)))
    return headers


async def served(exchange: Exchange, serve: Serve, place: Place, told: str) -> Response:
    """The answer out of the store, with `told` as our member of Cache-Status."""
    headers = head_of(serve)
    headers.add("cache-status", told)
    if place.entry is not None:
        exchange.log["cache_tier"] = place.entry.tier
        exchange.log["cache_bytes"] = serve.stored.facts.length or 0
    if serve.status in (304, 416) or place.entry is None:
        return Response(serve.status, headers)
    source = place.entry.response
    if isinstance(serve.part, Part):
        content = await read_body(source.body, MAX_BODY)
        return Response(206, headers, content[serve.part.first : serve.part.last + 1])
    return Response(serve.status, headers, source.body, origin=source.origin)
