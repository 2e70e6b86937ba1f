"""Why a request would be answered from the store, or not, and until when: for operators."""

from typing import Any, Final

from caching.decision import Decision, Forward, OnlyIfCached, Serve, Validate
from caching.shelf import Place
from caching.stored import StoredResponse, current_age

_MISSES: Final = {
    "method": "only GET and HEAD are answered from the store",
    "request": "no-store, If-Match or If-Unmodified-Since: only the service can answer",
    "uri-miss": "nothing is stored for this URL",
    "vary-miss": "nothing is stored for these fields, though for others of this URL",
}


def explained(decision: Decision, place: Place, now: float, *, purged: bool) -> dict[str, Any]:
    """What would become of a request, and what is stored for it. Times are Unix seconds."""
    outcome, because = _said(decision, place, purged=purged)
    said: dict[str, Any] = {"outcome": outcome, "because": because, "key": place.key.url}
    if place.variants is not None:
        said["varies_with"] = place.variants[1:]
    if place.stored is not None:
        said["stored"] = _shown(place.stored, now) | {
            "tier": place.entry.tier if place.entry else ""
        }
    return said


def _said(decision: Decision, place: Place, *, purged: bool) -> tuple[str, str]:
    match decision:
        case Serve(stale_because=""):
            return "hit", f"fresh for {decision.ttl:.0f} s more"
        case Serve():
            why = f"stale for {-decision.ttl:.0f} s, which {decision.stale_because} allows"
            return "stale", f"{why}; the service is asked behind it" if decision.revalidate else why
        case Validate():
            return "validate", _why_validated(decision)
        case OnlyIfCached():
            return "refused", "only-if-cached, and nothing that is stored may be used"
        case Forward(reason):
            if reason == "uri-miss" and purged:
                return "miss", "what is stored was purged"
            if reason == "uri-miss" and place.variants is not None:
                reason = "vary-miss"
            outcome = "bypass" if reason in ("method", "request") else "miss"
            return outcome, _MISSES[reason]


def _why_validated(decision: Validate) -> str:
    facts = decision.stored.facts
    if decision.reason == "request":
        why = "the client wants more than what is fresh"
    elif facts.validate:
        why = "no-cache: the service has to say each time that it is still good"
    else:
        why = f"stale for {-decision.ttl:.0f} s"
    how = "with its validator" if decision.fields else "and it has no validator"
    cover = "; what is stored covers for a failure" if decision.if_error else ""
    return f"{why}; the service is asked {how}{cover}"


def _shown(stored: StoredResponse, now: float) -> dict[str, Any]:
    facts = stored.facts
    age = current_age(facts, now)
    fresh_until = now + facts.lifetime - age
    return {
        "status": stored.status,
        "age": round(age, 1),
        "lifetime": round(facts.lifetime, 1),
        "came_at": round(facts.response_time, 3),
        "fresh_until": round(fresh_until, 3),
        "stale_while_revalidate_until": round(fresh_until + facts.while_revalidate, 3),
        "stale_if_error_until": round(fresh_until + facts.if_error, 3),
        "bytes": facts.length,
        "etag": stored.headers.get("etag"),
        "tags": list(facts.tags),
    }
