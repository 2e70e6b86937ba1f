"""What a route decides of how its answers are cached, where RFC 9111 leaves a choice. Seconds."""

from typing import Final, Literal

from msgspec import Struct

from caching.directives import MAX_SECONDS

DEFAULT_TARGETS: Final = ("cdn-cache-control",)

HEURISTIC_FRACTION: Final = 0.1
"""What section 4.2.2 calls typical."""

HEURISTIC_MAX: Final = 86_400.0


class CacheRules(Struct, frozen=True, kw_only=True):
    """The choices. The defaults are the RFC's own, or nothing."""

    default_ttl: float | None = None
    """Lifetime where the service states none; None for the heuristic of section 4.2.2."""
    heuristic_fraction: float = HEURISTIC_FRACTION
    """Of the time since Last-Modified; 0 where nothing is assumed."""
    heuristic_max: float = HEURISTIC_MAX
    max_ttl: float = float(MAX_SECONDS)
    """No lifetime is longer."""
    targets: tuple[str, ...] = DEFAULT_TARGETS
    """Targeted fields (RFC 9213), the most specific first."""
    set_cookie: Literal["refuse", "strip", "store"] = "refuse"
    """What becomes of an answer with Set-Cookie."""
    errors: dict[int, float] = {}
    """Lifetimes by status, where the service states none. Such an answer is never used stale, but
    where the service itself says so."""
    jitter: float = 0.0
    """By which share of it a lifetime is shortened at most, so that not all end at once."""
    stale_while_revalidate: float = 0.0
    """Window where the service states none and does not forbid it."""
    stale_if_error: float = 0.0
    """The same, for failures of the service."""
    keep: float = 3600.0
    """How long a stale response with a validator is kept, to be validated."""
    honour_request_directives: bool = True
    """Whether a client's Cache-Control can ask for more than a fresh answer. Its no-store always
    keeps an answer out of the store."""
    ignore_vary: frozenset[str] = frozenset()
    """Fields in Vary that do not matter, as whoever stores bodies has seen to it."""
