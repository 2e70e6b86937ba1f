"""Guard: refuses a body that is larger than the route allows, before anything else is done."""

from bodies import request_content
from messages import Exchange, Response
from pipeline import Next


class Guard:
    """Lets bodies of up to `max_body` bytes through.

    A body whose length is declared streams on untouched: HTTP itself keeps it to that length. One
    without is read here, up to the limit, since nothing else would stop it.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        body = exchange.request.body
        if (
            body is not None
            and not isinstance(body, bytes)
            and (body.length is None or body.length > self._max_body)
        ):
            await request_content(exchange.request, self._max_body)
        return await next(exchange)
