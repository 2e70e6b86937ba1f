"""How long to wait before a retry: full jitter, or what the service says in Retry-After."""

from typing import Final

from caching.dates import parse_date

_MAX_DIGITS: Final = 9


def full_jitter(retry: int, base: float, most: float, chance: float) -> float:
    """Seconds before the retry of this number, from 0; `chance` is a random number from [0, 1).

    Anything up to a bound that doubles each time: clients that failed together come back apart.
    """
    bound: float = min(most, base * 2**retry)
    return bound * chance


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that the field Retry-After names (RFC 9110, section 10.2.3); None for nothing, or for
    what is no time. `now` is in Unix seconds."""
    if value is None:
        return None
    text = value.strip(" \t")
    if text.isascii() and text.isdigit():
        return float(text[:_MAX_DIGITS]) if len(text) <= _MAX_DIGITS else 1e9
    when = parse_date(text, now)
    return None if when is None else max(0.0, when - now)
