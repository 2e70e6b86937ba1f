"""The decision about one request (RFC 9111, section 4)."""

from collections.abc import Sequence
from typing import Final

from caching import vary
from caching.conditions import has_it, may_take_range, validators
from caching.decision import Decision, Forward, OnlyIfCached, Reason, Serve, Validate
from caching.directives import MAX_SECONDS, NONE, Directives
from caching.ranges import Part, Unsatisfiable, part_of
from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.stored import Facts, StoredResponse, current_age

STALE_WHILE_REVALIDATE: Final = "stale-while-revalidate"
STALE_IF_ERROR: Final = "stale-if-error"


def decide(
    request: CacheRequest, stored: Sequence[StoredResponse], rules: CacheRules, now: float
) -> Decision:
    """What becomes of `request`, given the responses that are stored for its URI."""
    if request.method not in ("GET", "HEAD"):
        return Forward("method")
    directives = request.directives if rules.honour_request_directives else NONE
    # No part of it may be kept, so nothing is made of it here (section 5.2.1.5).
    if request.passes_by:
        return _forward("request", directives)
    matching = vary.matching(stored, request.headers)
    if not matching or not (request.takes_plain or matching[0].facts.coding):
        return _forward("vary-miss" if stored else "uri-miss", directives)
    return judge(request, matching[0], rules, now)


def judge(request: CacheRequest, stored: StoredResponse, rules: CacheRules, now: float) -> Decision:
    """`decide` where `stored` was found to be the response for `request`."""
    facts = stored.facts
    age = current_age(facts, now)
    ttl = facts.lifetime - age
    directives = request.directives if rules.honour_request_directives else NONE
    refuses = rules.honour_request_directives and _refuses(request, facts, age, ttl)
    why = None if refuses else _why_usable(directives, facts, ttl)
    if why is not None:
        status, part = selected(request, stored)
        return Serve(stored, status, age, ttl, part, why, why == STALE_WHILE_REVALIDATE)
    reason: Reason = "request" if ttl > 0 and not facts.validate else "stale"
    if "only-if-cached" in directives:
        return OnlyIfCached(reason)
    window = max(facts.if_error, directives.seconds(STALE_IF_ERROR) or 0.0)
    # An error outweighs how fresh the client would have it, but not that it wants no stored answer.
    is_refused = refuses and request.no_cache
    if_error = not is_refused and _may_be_stale(facts, ttl, window)
    return Validate(stored, reason, validators(stored), if_error, age, ttl)


def _refuses(request: CacheRequest, facts: Facts, age: float, ttl: float) -> bool:
    """Whether the client wants it validated, younger, or fresh for longer (section 5.2.1).

    A reload, which is what max-age=0 is, does not make anybody ask for what never changes while it
    is fresh (RFC 8246, section 2.1); no-cache does.
    """
    if request.no_cache:
        return True
    directives = request.directives
    if not directives:
        return False
    max_age = directives.seconds("max-age")
    if max_age == 0:
        return not (facts.immutable and ttl > 0)
    if max_age is not None and age > max_age:
        return True
    min_fresh = directives.seconds("min-fresh")
    return min_fresh is not None and ttl < min_fresh


def _why_usable(directives: Directives, facts: Facts, ttl: float) -> str | None:
    """What allows a stale response, "" for one that is fresh; None where it has to be validated."""
    if facts.validate:
        return None
    if ttl > 0:
        return ""
    # Without an argument any number of seconds is accepted (section 5.2.1.2).
    is_patient = directives.is_bare("max-stale")
    most = float(MAX_SECONDS) if is_patient else directives.seconds("max-stale") or 0.0
    if _may_be_stale(facts, ttl, most):
        return "max-stale"
    if _may_be_stale(facts, ttl, facts.while_revalidate):
        return STALE_WHILE_REVALIDATE
    return None


def _may_be_stale(facts: Facts, ttl: float, window: float) -> bool:
    """Whether a stale response may be used for `window` seconds; where the service forbids it, for
    none (section 4.2.4)."""
    return 0 < window > -ttl and not facts.strict and not facts.validate


def _forward(reason: Reason, directives: Directives) -> Decision:
    return OnlyIfCached(reason) if "only-if-cached" in directives else Forward(reason)


def selected(
    request: CacheRequest, stored: StoredResponse
) -> tuple[int, Part | Unsatisfiable | None]:
    """The status that answers, and which part of the body: the client's conditions first, then its
    range (RFC 9110, section 13.2.2). Both are about a 200 alone."""
    if stored.status != 200 or not request.read:
        return stored.status, None
    headers, facts = stored.headers, stored.facts
    if has_it(request, headers, facts):
        return 304, None
    wanted, part = request.read.get("range"), None
    if wanted is not None and request.method == "GET" and facts.length is not None:
        part = part_of(wanted, facts.length) if may_take_range(request, headers, facts) else None
    if part is None:
        return 200, None
    return (206 if isinstance(part, Part) else 416), part
