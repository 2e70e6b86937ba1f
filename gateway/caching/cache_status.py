"""Cache-Status: what a cache did with a request (RFC 9211)."""

from typing import Final

from caching.decision import Reason
from caching.structured_fields import Token, item

NAME: Final = "edge-gateway"
"""How our member of the list calls this cache."""


def hit(ttl: float, detail: str = "", key: str = "") -> str:
    """Our member where a stored response answered. `ttl` is negative for a stale one."""
    return _member(["hit", f"ttl={_whole(ttl)}"], key, detail)


def forwarded(
    reason: Reason | str,
    status: int | None = None,
    *,
    stored: bool = False,
    collapsed: bool = False,
    ttl: float | None = None,
    detail: str = "",
    key: str = "",
) -> str:
    """Our member where the service was asked: why, what it answered, what was made of that."""
    members = [f"fwd={reason}"]
    if status is not None:
        members.append(f"fwd-status={status}")
    if stored:
        members.append("stored")
    if collapsed:
        members.append("collapsed")
    if ttl is not None:
        members.append(f"ttl={_whole(ttl)}")
    return _member(members, key, detail)


def _member(members: list[str], key: str, detail: str) -> str:
    if key:
        members.append(f"key={item(key)}")
    if detail:
        members.append(f"detail={item(Token(detail))}")
    return "; ".join([NAME, *members])


def _whole(seconds: float) -> int:
    """Seconds cut to whole ones, away from promises: 0.9 left are 0, 0.1 too many are -1."""
    return int(seconds // 1)
