"""Answers that are kept under an idempotency key, and given again."""

from collections.abc import Callable
from typing import Final

from contract.idempotency import KeptAnswer
from contract.names import IDEMPOTENCY_REPLAYED
from messages import BodyBroken, BodyTooLarge, Headers, Response, read_body

Duplicate = Callable[[Response, float], Response]
"""Splits the body in two: the returned copy can be read while the original goes out, and breaks off
after so many seconds."""

_MAX_FIELDS: Final = 16_384
"""Bytes of all header fields together."""

_NOT_KEPT: Final = frozenset({"content-encoding", "content-length", "set-cookie"})
"""A cookie is a secret, of the client that got it. Stored bodies have no coding; their length is
told anew."""


async def kept(
    response: Response, limit: int, patience: float, duplicate: Duplicate
) -> KeptAnswer | None:
    """`response` as it can be given again; its own body still goes out. None where its body
    exceeds `limit` bytes, does not end within `patience` seconds, or breaks off."""
    headers = response.headers
    fields = tuple(field for field in headers if field[0] not in _NOT_KEPT)
    if sum(len(name) + len(value) for name, value in fields) > _MAX_FIELDS:
        return None
    if (headers.get("content-type") or "").startswith("text/event-stream"):
        return None
    declared = headers.get("content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        return None
    body = response.body
    if body is not None and not isinstance(body, bytes):
        body = duplicate(response, patience).body
    try:
        return KeptAnswer(response.status, fields, await read_body(body, limit))
    except (BodyTooLarge, BodyBroken):  # of the copy nothing is left then; the original goes on
        return None


def replayed(answer: KeptAnswer) -> Response:
    """The answer again, and marked as such."""
    headers = Headers(answer.fields)
    headers.set(IDEMPOTENCY_REPLAYED, "true")
    return Response(answer.status, headers, answer.body or None)
