"""Guard: refuses a body that is larger than the route allows, before anything else is done."""

from contract.problems import CONTENT_TOO_LARGE, MALFORMED_REQUEST, Problem
from messages import BodyBroken, BodyTooLarge, Exchange, Response, read_body
from pipeline import Next


class Guard:
    """Lets bodies of up to `max_body` bytes through.

    A body whose length is declared streams on untouched: HTTP itself keeps it to that length. One
    without is read here, up to the limit, since nothing else would stop it.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        body = request.body
        if body is not None and not isinstance(body, bytes):
            try:
                if body.length is None:
                    request.body = await read_body(body, self._max_body)
                elif body.length > self._max_body:
                    raise BodyTooLarge
            except BodyTooLarge:
                raise Problem(
                    CONTENT_TOO_LARGE,
                    f"This route takes bodies of up to {self._max_body} bytes.",
                    limit=self._max_body,
                ) from None
            except BodyBroken:
                raise Problem(MALFORMED_REQUEST, "The body ends before it is complete.") from None
        return await next(exchange)
