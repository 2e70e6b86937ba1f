"""`/-/purge`: answers that are stored are out of date, by tag, URL, prefix, or all of them."""

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from admin.endpoint import Asked, Endpoint, answer
from caching.keying import EVERYTHING
from caching.purger import MARKS_AT_ONCE, Purger
from contract.feed import Purge
from contract.operators import PURGE
from contract.problems import INVALID_CONTENT, Problem
from messages import Response
from ports import Unavailable
from routing.paths import PathNormaliser

_TIMEOUT: Final = 2.0
_MAX_BODY: Final = 64 * 1024

Tag = Annotated[str, Meta(pattern=r"^[!-+.-~-]{1,128}$")]
Url = Annotated[str, Meta(min_length=1, max_length=900)]
Some = Meta(max_length=MARKS_AT_ONCE)


class PurgeWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to purge: all that bears any of these."""

    tags: Annotated[tuple[Tag, ...], Some] = ()
    urls: Annotated[tuple[Url, ...], Some] = ()
    """Absolute. One without a query stands for those with any."""
    prefixes: Annotated[tuple[Url, ...], Some] = ()
    """What absolute URLs begin with."""
    all: Literal[True] | None = None
    soft: bool = False
    """Stale from now on, and not gone: may be validated, or used where the service fails."""


_decode = msgspec.json.Decoder(PurgeWanted)
_normalised = PathNormaliser()


class PurgeEndpoints:
    """Puts a purge into the change feed, from where every isolate hears of it."""

    def __init__(self, purger: Purger, max_age: float, *, tells: bool) -> None:
        """`max_age`: seconds within which the last isolate has heard of it. `tells`: whether there
        is a feed."""
        self._purger = purger
        self._max_age = max_age
        self._tells = tells

    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        noted = ("tags", "urls", "prefixes", "all", "soft")
        purge = Endpoint(
            "purge", "POST", "purge", PURGE, self._purge, max_body=_MAX_BODY, noted=noted
        )
        return (purge,)

    async def _purge(self, asked: Asked) -> Response:
        wanted: PurgeWanted = asked.decode(_decode)
        marks = marks_of(wanted)
        if not 1 <= len(marks) <= MARKS_AT_ONCE:
            raise Problem(
                INVALID_CONTENT,
                f"Expected 1 to {MARKS_AT_ONCE} of tags, urls and prefixes, or all; "
                f"found {len(marks)}.",
            )
        if not self._tells:
            raise Unavailable("change feed", reason="not bound")
        sequence = await self._purger.announce(
            Purge(marks=marks, soft=wanted.soft), asked.exchange.defer, _TIMEOUT
        )
        asked.result["sequence"] = str(sequence)
        return answer({"sequence": sequence, "within": self._max_age, "soft": wanted.soft})


def marks_of(wanted: PurgeWanted) -> tuple[str, ...]:
    """What answers bear that are meant. Raises `Problem`."""
    return (
        *(["all"] if wanted.all else []),
        *(f"tag:{tag}" for tag in wanted.tags),
        *(f"url:{_address(url)}" for url in wanted.urls),
        *(f"prefix:{_address(url, whole=False)}" for url in wanted.prefixes),
    )


def _address(url: str, *, whole: bool = True) -> str:
    """Host, path and query of `url`, as the gateway has them of a request for it."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2].lower()
    except ValueError:
        raise _no_url(url) from None
    if parts.scheme not in ("http", "https") or not host or parts.fragment:
        raise _no_url(url)
    if not whole:
        if parts.query:
            raise Problem(INVALID_CONTENT, "A prefix ends before the query.")
        return f"{host}{parts.path or '/'}"
    named = EVERYTHING.canonical(parts.query)
    query = f"?{named}" if named else ""
    try:
        return f"{host}{_normalised(parts.path or '/')}{query}"
    except Problem:
        raise _no_url(url) from None


def _no_url(url: str) -> Problem:
    return Problem(INVALID_CONTENT, f"Expected an absolute URL, found {url[:100]!r}.")
