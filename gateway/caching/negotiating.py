"""A service asked for an answer in a coding that the request accepts, as the bytes that it sends.

What it sends in another one is asked for again as a whole, for the runtime to decode: a service
that keeps to what it is asked never sees that.
"""

from caching.codings import (
    ACCEPT,
    CODING,
    IDENTITY,
    Accepted,
    accepted,
    codings_of,
    is_undone,
)
from caching.entity_tags import is_strong
from caching.lists import names
from messages import Exchange, Request, Response, discard
from pipeline import Next


class Negotiating:
    """The rest of a pipeline, for requests whose Accept-Encoding is one of our wordings."""

    __slots__ = ("_keeps", "_next")

    def __init__(self, next: Next, keeps: bool) -> None:
        """`keeps`: nobody on the way reads or changes the body of an answer, so that it may stay
        in its coding."""
        self._next = next
        self._keeps = keeps

    async def __call__(self, exchange: Exchange) -> Response:
        request = exchange.request
        wanted = accepted(request.headers.get(ACCEPT))
        request.keeps_coding = self._keeps and bool(wanted.codings)
        path, query, headers = request.path, request.query, request.headers.copy()
        response = await self._next(exchange)
        came = response.headers
        if wanted.takes(codings_of(came)) or not is_undone(came):
            if response.is_coded and ACCEPT not in names(came.get_all("vary")):
                # Whatever the service says: others get other bytes from here.
                came.add("vary", ACCEPT)
            return response
        # The whole of what was not left in its coding the runtime decodes; it cannot decode a part.
        if not response.is_coded and response.status != 206:
            return response
        exchange.log["coding"] = f"{', '.join(codings_of(came))} instead of {wanted.wording}"
        await discard(response.body)
        headers.remove("range", "if-range")
        headers.set(ACCEPT, IDENTITY)
        request.path, request.query, request.headers = path, query, headers
        request.keeps_coding = False
        return await self._next(exchange)


def asked_for(request: Request) -> Accepted:
    """What `request` accepts, after it was given our wording of that, which tells variants apart
    from here on."""
    headers = request.headers
    said = headers.get(ACCEPT)
    wanted = accepted(said)
    if said != wanted.wording:
        headers.set(ACCEPT, wanted.wording)
    return wanted


def decode_for(wanted: Accepted, response: Response) -> None:
    """Have the runtime decode `response` for who does not accept the coding that it came in, unless
    it was left there on purpose."""
    if response.is_coded or response.status == 206 or not is_undone(response.headers):
        return
    if wanted.takes(codings_of(response.headers)):
        return
    response.headers.remove(CODING, "content-length")
    tag = response.headers.get("etag")
    if tag is not None and is_strong(tag):
        response.headers.set("etag", f"W/{tag}")
