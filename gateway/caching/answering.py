"""An answer out of the store, with as much of the body as was asked for."""

from caching.decision import Serve
from caching.ranges import Part
from caching.serving import head_of
from caching.shelf import Place
from contract.cache import MAX_BODY
from messages import BodyBroken, BodyTooLarge, Exchange, Response, read_body


class EntryBroken(Exception):
    """The body of what is stored cannot be read: it is as good as not there."""


async def served(exchange: Exchange, serve: Serve, place: Place, told: str) -> Response:
    """The answer out of the store, with `told` as our member of Cache-Status.

    Raises `EntryBroken` where a part of the body was asked for.
    """
    headers = head_of(serve)
    headers.add("cache-status", told)
    if place.entry is not None:
        exchange.log["cache_tier"] = place.entry.tier
        exchange.log["cache_bytes"] = serve.stored.facts.length or 0
    if serve.status in (304, 416) or place.entry is None:
        return Response(serve.status, headers)
    source, is_coded = place.entry.response, bool(serve.stored.facts.coding)
    if isinstance(serve.part, Part):
        try:
            content = await read_body(source.body, MAX_BODY)
        except (BodyBroken, BodyTooLarge):
            content = b""
        if len(content) != serve.part.length:
            raise EntryBroken(f"{place.entry.tier}: a body broke off")
        part = content[serve.part.first : serve.part.last + 1]
        return Response(206, headers, part, is_coded=is_coded)
    return Response(serve.status, headers, source.body, origin=source.origin, is_coded=is_coded)
