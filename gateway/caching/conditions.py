"""Conditional requests: a client's, answered from the store, and ours, which validate what is there
(RFC 9111, section 4.3; RFC 9110, section 13)."""

from collections.abc import Sequence

from caching.dates import parse_date
from caching.entity_tags import is_listed, same_strong
from caching.request import CacheRequest
from caching.stored import Facts, StoredResponse
from messages import Headers

_MOST: int = 20
"""Entity tags that one request carries."""


def has_it(request: CacheRequest, headers: Headers, facts: Facts) -> bool:
    """Whether the client has a response with these fields already: then 304 answers it.

    If-None-Match goes before If-Modified-Since (section 4.3.2), whose date is compared with Date
    where the response has no Last-Modified.
    """
    tags = request.read.get("if-none-match")
    if tags is not None:
        if tags.strip(" \t") == "*":
            return True
        etag = headers.get("etag")
        return etag is not None and is_listed(etag, tags)
    since = request.read.get("if-modified-since")
    if since is None:
        return False
    limit = parse_date(since, facts.response_time)
    if limit is None:
        return False
    modified = parse_date(headers.get("last-modified") or "", facts.response_time)
    return (facts.date if modified is None else modified) <= limit


def may_take_range(request: CacheRequest, headers: Headers, facts: Facts) -> bool:
    """Whether If-Range, if there is one, names this very response (RFC 9110, section 13.1.5): a
    strong tag, or a date that is the Last-Modified and old enough to be strong (8.8.2.2)."""
    condition = request.read.get("if-range")
    if condition is None:
        return True
    condition = condition.strip(" \t")
    etag = headers.get("etag")
    if '"' in condition:
        return etag is not None and same_strong(condition, etag)
    modified = headers.get("last-modified")
    if modified is None:
        return False
    when = parse_date(modified, facts.response_time)
    is_old = when is not None and facts.date - when >= 1.0
    return is_old and parse_date(condition, facts.response_time) == when


def validators(
    stored: StoredResponse, others: Sequence[StoredResponse] = ()
) -> list[tuple[str, str]]:
    """The fields that ask whether `stored` is still good (section 4.3.1); none where it has no
    validator. The tags of `others`, variants of the same resource, go along."""
    fields: list[tuple[str, str]] = []
    headers = stored.headers
    found = (one.headers.get("etag") for one in (stored, *others))
    tags = list(dict.fromkeys(tag for tag in found if tag is not None))[:_MOST]
    if tags:
        fields.append(("if-none-match", ", ".join(tags)))
    modified = headers.get("last-modified")
    if modified is not None and (not tags or headers.get("etag") is not None):
        fields.append(("if-modified-since", modified))
    return fields
