"""The header fields of an answer out of the store."""

from typing import Final

from caching.decision import Serve
from caching.entity_tags import is_strong
from caching.ranges import Unsatisfiable
from messages import Headers

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
    if stored.facts.was_coded:
        tag = headers.get("etag")
        if tag is not None and is_strong(tag):
            headers.set("etag", f"W/{tag}")
    headers.add("age", str(int(serve.age)))
    return headers
