"""Whether a response may be stored, and as what (RFC 9111, section 3)."""

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from caching import vary
from caching.ages import corrected_initial_age, date_value
from caching.codings import ACCEPT, accepted, codings_of, is_undone
from caching.dates import format_date
from caching.directives import Directives
from caching.freshness import assumed_lifetime, explicit_lifetime, may_be_kept
from caching.lists import names
from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.stored import Facts, StoredResponse, current_age
from caching.targeted import governing
from messages import HOP_BY_HOP, Headers, Response


class Refusal(Enum):
    """Why a response is not stored; the value goes to the log."""

    METHOD = "method"
    """Only answers to GET are."""
    STATUS = "status"
    """Nothing makes this status cacheable, or it is not final."""
    PARTIAL = "partial"
    INCOMPLETE = "incomplete"
    """The body ended before its time."""
    NOT_UNDERSTOOD = "not-understood"
    """must-understand, and a status with rules that nobody here knows."""
    REQUEST = "request-no-store"
    NO_STORE = "no-store"
    PRIVATE = "private"
    AUTHORIZATION = "authorization"
    SET_COOKIE = "set-cookie"
    VARY = "vary"
    CODING = "coding"
    """It came in a content coding that was not asked for, and that nobody here can undo."""
    TAGS = "tags"
    """More of them, or longer ones, than are kept, or a path that is too long for a mark: a purge
    would miss it."""
    STALE = "stale"
    """It is never fresh, and nothing could validate it."""


UNDERSTOOD: Final = frozenset(
    {
        *(200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308),
        *(400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417),
        *(421, 422, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 511),
    }
)
"""Status codes whose caching rules are known here: with must-understand, no-store says nothing
(section 5.2.2.3). 206 and 304 are known for what they are, and never stored by themselves."""

_OF_ONE_CONNECTION: Final = HOP_BY_HOP | {"proxy-authentication-info"}
_FOR_ALL: Final = ("public", "must-revalidate", "s-maxage")
_STRICT: Final = ("must-revalidate", "proxy-revalidate", "s-maxage")
_ESSENTIAL: Final = frozenset(
    {"cache-control", "content-encoding", "content-range", "content-type", "date", "etag", "vary"}
)
"""Fields without which a body is not what it was: nobody stores a response and leaves them out."""


def store(
    request: CacheRequest,
    response: Response,
    rules: CacheRules,
    *,
    request_time: float,
    response_time: float,
    length: int | None = None,
    complete: bool = True,
    chance: float = 0.0,
) -> StoredResponse | Refusal:
    """`response` as it is to be kept.

    `length`: bytes of its body, where that is known; `chance`: a random number from [0, 1).
    """
    headers = response.headers
    directives, is_targeted = governing(headers, rules.targets)
    if not complete:
        return Refusal.INCOMPLETE
    for refusal in _refusals(request, response, directives):
        return refusal
    left_out = _left_out(headers, directives, rules)
    if rules.set_cookie == "refuse" and "set-cookie" in headers and "set-cookie" not in left_out:
        return Refusal.SET_COOKIE
    varies = _varies(request, response, rules)
    if isinstance(varies, Refusal):
        return varies
    lifetime = explicit_lifetime(directives, headers, response_time, targeted=is_targeted)
    if lifetime is None:
        if not may_be_kept(response.status, directives, rules):
            return Refusal.STATUS
        lifetime = assumed_lifetime(response.status, directives, headers, response_time, rules)
    # The route's windows begin where a lifetime ends.
    has_windows = lifetime is not None and response.status not in rules.errors
    stored = StoredResponse(
        status=response.status,
        fields=_kept(headers, left_out, response_time),
        facts=Facts(
            response_time=response_time,
            initial_age=corrected_initial_age(headers, request_time, response_time),
            lifetime=min(lifetime or 0.0, rules.max_ttl) * (1.0 - rules.jitter * chance),
            date=date_value(headers, response_time),
            vary=vary.values(varies, request.headers),
            length=length,
            targeted=tuple(field for field in headers if field[0] in rules.targets),
            **_permissions(directives, rules, has_windows=has_windows)._asdict(),
        ),
    )
    return stored if retention(stored, rules, response_time) > 0 else Refusal.STALE


def retention(stored: StoredResponse, rules: CacheRules, now: float) -> float:
    """Seconds from `now` for which it is worth keeping: while it is fresh, may be used stale, or
    can be validated. 0 or less where it is not."""
    facts = stored.facts
    fresh = facts.lifetime - current_age(facts, now)
    usable = fresh + max(facts.while_revalidate, facts.if_error)
    if facts.validate:
        usable = 0.0
    if any(name in ("etag", "last-modified") for name, _ in stored.fields):
        return max(usable, max(fresh, 0.0) + rules.keep)
    return usable


def _refusals(
    request: CacheRequest, response: Response, directives: Directives
) -> Iterator[Refusal]:
    """All that speaks against storing, whatever the lifetime."""
    if request.method != "GET":
        yield Refusal.METHOD
    if "no-store" in request.directives:
        yield Refusal.REQUEST
    status = response.status
    if status == 206 or "content-range" in response.headers:
        yield Refusal.PARTIAL
    if not 200 <= status <= 599 or status == 304:
        yield Refusal.STATUS
    if "must-understand" in directives:
        if status not in UNDERSTOOD:
            yield Refusal.NOT_UNDERSTOOD
    elif "no-store" in directives:
        yield Refusal.NO_STORE
    private = directives.fields("private")
    if private is not None and (not private or private & _ESSENTIAL):
        yield Refusal.PRIVATE
    # Section 3.5: an answer to credentials has to be declared as one for all.
    if "authorization" in request.read and not any(name in directives for name in _FOR_ALL):
        yield Refusal.AUTHORIZATION


def _varies(request: CacheRequest, response: Response, rules: CacheRules) -> list[str] | Refusal:
    """The fields that tell `response` from others for the same URI."""
    headers = response.headers
    varies = vary.nominated(headers, rules.ignore_vary)
    if varies is None or len(varies) > vary.MAX_FIELDS or any(map(vary.is_of_one_caller, varies)):
        return Refusal.VARY
    codings = codings_of(headers)
    if not codings or (is_undone(headers) and not response.is_coded):
        return varies
    wanted = accepted(request.headers.get(ACCEPT))
    if ACCEPT in rules.ignore_vary or not wanted.takes(codings):
        return Refusal.CODING
    # Encoded bytes are never for all, whatever the service says.
    return sorted({*varies, ACCEPT})


class _Permissions(NamedTuple):
    """How a response may be used (sections 4.2.4 and 5.2.2; RFC 5861; RFC 8246)."""

    validate: bool
    strict: bool
    while_revalidate: float
    if_error: float
    immutable: bool


def _permissions(directives: Directives, rules: CacheRules, *, has_windows: bool) -> _Permissions:
    no_cache = directives.fields("no-cache")
    validate = no_cache is not None and (not no_cache or bool(no_cache & _ESSENTIAL))
    strict = any(name in directives for name in _STRICT)
    if validate or strict:
        return _Permissions(validate, strict, 0.0, 0.0, "immutable" in directives)
    route_revalidate = rules.stale_while_revalidate if has_windows else 0.0
    route_error = rules.stale_if_error if has_windows else 0.0
    revalidate = directives.seconds("stale-while-revalidate")
    error = directives.seconds("stale-if-error")
    return _Permissions(
        validate=False,
        strict=False,
        while_revalidate=route_revalidate if revalidate is None else revalidate,
        if_error=route_error if error is None else error,
        immutable="immutable" in directives,
    )


def _left_out(headers: Headers, directives: Directives, rules: CacheRules) -> frozenset[str]:
    """Fields that are not stored (section 3.1), and those that private and no-cache name."""
    private = directives.fields("private") or frozenset()
    unvalidated = directives.fields("no-cache") or frozenset()
    connection = names(headers.get_all("connection"))
    cookies = ["set-cookie"] if rules.set_cookie == "strip" else []
    return _OF_ONE_CONNECTION.union(
        private, unvalidated - _ESSENTIAL, connection, cookies, rules.targets
    )


def _kept(
    headers: Headers, left_out: frozenset[str], response_time: float
) -> list[tuple[str, str]]:
    """The fields that are stored. Age is among the facts; a Date is there afterwards (RFC 9110,
    section 6.6.1)."""
    kept = [field for field in headers if field[0] not in left_out and field[0] != "age"]
    if "date" not in headers:
        kept.append(("date", format_date(response_time)))
    return kept
