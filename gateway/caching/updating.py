"""What a validation makes of a stored response (RFC 9111, sections 3.2, 4.3.4 and 4.3.5)."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from caching.dates import format_date
from caching.entity_tags import is_strong, same_weak
from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.stored import StoredResponse
from caching.storing import Refusal, store
from messages import Headers, Response

_OF_THE_BODY: Final = frozenset({"content-encoding", "content-length", "content-range"})
"""Fields that say how the stored bytes are to be read: no update may change them (section 3.2)."""


def identified(stored: Sequence[StoredResponse], response: Response) -> list[StoredResponse]:
    """Which of the responses that a request selects a 304 is about (section 4.3.4).

    Those with its strong validator; else the latest with its weak one; else the only one. A 304
    that says no validator although there are some is taken to be about the one that was asked for,
    if that is the only one: many services leave them out.
    """
    etag = response.headers.get("etag")
    if etag is not None and is_strong(etag):
        return [one for one in stored if one.headers.get("etag") == etag]
    if etag is not None:
        weak = [one for one in stored if same_weak(one.headers.get("etag") or "", etag)]
        return weak[:1]
    modified = response.headers.get("last-modified")
    if modified is not None:
        return [one for one in stored if one.headers.get("last-modified") == modified][:1]
    return list(stored) if len(stored) == 1 else []


def updated(
    request: CacheRequest,
    stored: StoredResponse,
    response: Response,
    rules: CacheRules,
    *,
    request_time: float,
    response_time: float,
    chance: float = 0.0,
) -> tuple[StoredResponse, bool]:
    """`stored` after a 304 (or a HEAD's 200) that is about it, and whether it may still be kept.

    Where what it says now forbids storing, it answers this one request, which it has just been
    validated for, and is gone.
    """
    merged = merge(stored, response.headers)
    get = CacheRequest("GET", request.headers)
    get.read |= request.read  # which knows of credentials that are gone
    kept = store(
        get,
        Response(stored.status, merged, is_coded=bool(stored.facts.coding)),
        rules,
        request_time=request_time,
        response_time=response_time,
        length=stored.facts.length,
        chance=chance,
    )
    if isinstance(kept, Refusal):
        merged.remove("age", *rules.targets)
        if "date" not in merged:
            merged.add("date", format_date(response_time))
        return StoredResponse(status=stored.status, fields=list(merged), facts=stored.facts), False
    old = stored.facts
    facts = structs.replace(kept.facts, was_coded=old.was_coded, coding=old.coding)
    return structs.replace(kept, facts=facts), True


def merge(stored: StoredResponse, news: Headers) -> Headers:
    """The stored fields, with those of `news` in place of theirs (section 3.2).

    Age and Date are those of `news`, which tell when the response was last good.
    """
    replaced = {name for name, _ in news} - _OF_THE_BODY
    fields = [
        field
        for field in (*stored.fields, *stored.facts.targeted)
        if field[0] not in replaced and field[0] not in ("age", "date")
    ]
    return Headers([*fields, *(field for field in news if field[0] not in _OF_THE_BODY)])


def is_same_representation(stored: StoredResponse, head: Headers) -> bool:
    """Whether a 200 to HEAD is about the stored answer to GET, so that it updates it; else that one
    is stale (section 4.3.5)."""
    own = stored.headers
    length = head.get("content-length")
    known = own.get("content-length") or stored.facts.length
    if length is not None and known is not None and length.strip() != str(known):
        return False
    return all(
        own.get(name) == head.get(name)
        for name in ("etag", "last-modified")
        if own.get(name) is not None or head.get(name) is not None
    )
