"""What becomes of a request: the answers that `decide` can give."""

from typing import Final, Literal, NamedTuple

from caching.ranges import Part, Unsatisfiable
from caching.stored import StoredResponse

Reason = Literal["method", "request", "stale", "uri-miss", "vary-miss"]
"""Why a request goes on to the service, in the words of RFC 9211, section 2.2."""


class Serve(NamedTuple):
    """`stored` answers the request."""

    stored: StoredResponse
    status: int
    """The stored one; 304, 206 or 416 where the request asks for less."""
    age: float
    """Seconds, for the field Age."""
    ttl: float
    """Seconds for which it stays fresh; negative where it is stale."""
    part: Part | Unsatisfiable | None = None
    stale_because: str = ""
    """What allows that it is used stale; empty where it is fresh."""
    revalidate: bool = False
    """Whether to validate it once the answer is out."""


class Validate(NamedTuple):
    """The service says whether `stored` is still good, or gives another answer."""

    stored: StoredResponse
    reason: Reason
    fields: list[tuple[str, str]]
    """What to ask with, in place of the client's own conditions; none where it has no validator."""
    if_error: bool
    """Whether `stored` answers where the service fails (RFC 5861, section 4)."""
    age: float
    ttl: float


class Forward(NamedTuple):
    """The service answers the request, as it is but for `fields`.

    Those are the entity tags of variants that did not match, one of which may be the answer.
    """

    reason: Reason
    fields: list[tuple[str, str]] = []  # noqa: RUF012  (nobody changes it)


class OnlyIfCached(NamedTuple):
    """504: the client wants no other answer than a stored one (RFC 9111, section 5.2.1.7)."""

    reason: Reason


Decision = Serve | Validate | Forward | OnlyIfCached

OWN_CONDITIONS: Final = ("if-none-match", "if-modified-since", "if-range", "range")
"""Fields of a client's request that do not go along with a validation: the answer is for the store
first, and the client gets its own from there."""

ERRORS: Final = frozenset({500, 502, 503, 504})
"""What counts as an error for stale-if-error (RFC 5861, section 4)."""
