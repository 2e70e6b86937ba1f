"""Prices: an example of a plug-in, which computes what no operation of a transform can."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bodies import answer_content
from contract.problems import UPSTREAM_INVALID, Problem
from messages import Exchange, Response
from pipeline import Next
from transforms.documents import NotJson, decode, encode, forget_old_bytes, is_json

_RATE: Final = Decimal("0.19")
_CENT: Final = Decimal("0.01")
_MOST: Final = Decimal(10**12)
"""Beyond it a number is no price, and could not be rounded to cents."""
_MAX_BODY: Final = 64 * 1024


async def add_tax(exchange: Exchange, next: Next) -> Response:
    """Add to an object with the number `net` the member `gross`: with value-added tax, in cents.

    Raises `Problem` (upstream-invalid) where the service's answer is no JSON or exceeds 64 KiB, and
    as `answer_content` does where it breaks off.
    """
    exchange.request.headers.remove("range", "if-range")  # a part of a price is none
    response = await next(exchange)
    if response.status != 200 or response.body is None or not is_json(response.headers):
        return response
    try:
        price = decode(await answer_content(response, _MAX_BODY, "A price has at most 64 KiB."))
    except NotJson:
        raise Problem(UPSTREAM_INVALID) from None
    gross = _gross(price.get("net")) if isinstance(price, dict) else None
    if gross is not None:
        price["gross"] = gross
    response.body = encode(price)
    forget_old_bytes(response.headers)
    return response


def _gross(net: object) -> Decimal | None:
    """`None` for what is no price."""
    if isinstance(net, bool) or not isinstance(net, int | Decimal):
        return None
    amount = Decimal(net)
    return (amount * (1 + _RATE)).quantize(_CENT, ROUND_HALF_UP) if abs(amount) < _MOST else None
