"""Which requests may be sent twice: what their method means, and a body that is in memory.

The methods mean the same however often they are sent (RFC 9110, section 9.2.2).
"""

from typing import Final

from bodies import request_content
from messages import Exchange, Request

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Of those that routes can have."""


async def may_repeat(exchange: Exchange, limit: int) -> bool:
    """Whether the request may be sent again; if so, its body of up to `limit` bytes is in memory.

    Raises `Problem` where the client does not send all of it.
    """
    request = exchange.request
    if request.method not in IDEMPOTENT or exchange.upgrade:
        return False
    return await _is_in_memory(request, limit)


async def _is_in_memory(request: Request, limit: int) -> bool:
    """A larger body, or one that does not say its size, stays a stream that nobody touched."""
    body = request.body
    if body is None or isinstance(body, bytes):
        return True
    if body.length is None or body.length > limit:
        return False
    await request_content(request, limit)
    return True
