"""What a changed member of the table means to clients: one rule for each member.

A rule gets the member before and after, and gives the weight of the change with a reason. None of
them looks at requests: that is what replaying is for.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from caching.settings import HEURISTIC_MAX
from cli.diff.schemas import Checked, differences
from cli.diff.severity import Severity
from idempotency.settings import IdempotencySettings
from limiting.settings import RateLimitSettings
from routing.table import (
    AccessSettings,
    CacheSettings,
    CorsSettings,
    NetworkSettings,
    RequestLimits,
    SecurityHeadersSettings,
)
from routing.units import seconds, size_in_bytes

BREAKING, RISKY, COMPATIBLE = Severity.BREAKING, Severity.RISKY, Severity.COMPATIBLE


class Verdict(NamedTuple):
    """The weight of a change, and why."""

    severity: Severity
    reason: str


Rule = Callable[[Any, Any], Verdict]


def always(severity: Severity, reason: str) -> Rule:
    """The same verdict, whatever changed."""
    return lambda before, after: Verdict(severity, reason)


def _set(narrower: Verdict, wider: Verdict) -> Rule:
    """For collections in which more is allowed the more they hold."""
    return lambda before, after: narrower if set(before) - set(after) else wider


def _hosts(before: tuple[str, ...], after: tuple[str, ...]) -> Verdict:
    if after and (not before or set(before) - set(after)):
        return Verdict(BREAKING, "it no longer answers on some hosts")
    return Verdict(COMPATIBLE, "it answers on more hosts")


def _conditions(before: dict[str, Any], after: dict[str, Any]) -> Verdict:
    if before.items() >= after.items():
        return Verdict(RISKY, "it takes requests that were for other routes, or for none")
    if before.items() <= after.items():
        added = ", ".join(sorted(after.keys() - before.keys()))
        return Verdict(BREAKING, f"requests without {added} are no longer for it")
    return Verdict(BREAKING, "other requests are for it than before")


def _access(before: Any, after: Any) -> Verdict:
    if before == "public":
        return Verdict(BREAKING, "callers without credentials are refused")
    if after == "public":
        return Verdict(RISKY, "it is open to everybody now")
    missing = set(_scopes(after)) - set(_scopes(before))
    if missing:
        return Verdict(BREAKING, f"callers need the scope {', '.join(sorted(missing))} as well")
    if isinstance(after, AccessSettings) and _beyond_scopes(after) != _beyond_scopes(before):
        return Verdict(BREAKING, "callers have to fulfil other conditions")
    if _takes_session(after) is not _takes_session(before):
        return _sessions(after)
    return Verdict(RISKY, "callers with fewer scopes are let in")


def _scopes(access: Any) -> tuple[str, ...]:
    return access.scopes if isinstance(access, AccessSettings) else ()


def _beyond_scopes(access: Any) -> AccessSettings:
    if not isinstance(access, AccessSettings):
        return AccessSettings()
    return msgspec.structs.replace(access, scopes=(), session=False)


def _sessions(after: Any) -> Verdict:
    if _takes_session(after):
        return Verdict(RISKY, "people are let in by the cookie of their session")
    return Verdict(BREAKING, "people's sessions are refused")


def _takes_session(access: Any) -> bool:
    return isinstance(access, AccessSettings) and access.session


def _network(before: NetworkSettings | None, after: NetworkSettings | None) -> Verdict:
    if after is None:
        return Verdict(RISKY, "it answers to every network now")
    return Verdict(BREAKING, "it answers to other networks than before")


def _maintenance(before: Any, after: Any) -> Verdict:
    if after is False:
        return Verdict(COMPATIBLE, "it is open again")
    if before is False:
        return Verdict(BREAKING, "it is closed for maintenance: 503")
    return Verdict(COMPATIBLE, "another notice while it is closed")


def _idempotency(before: Any, after: Any) -> Verdict:
    if _needs_key(after) and not _needs_key(before):
        return Verdict(BREAKING, "requests need an Idempotency-Key now: 400 without one")
    if after is False:
        return Verdict(RISKY, "requests that are repeated with their key take effect again")
    if before is False:
        return Verdict(COMPATIBLE, "requests with an Idempotency-Key take effect once")
    return Verdict(RISKY, "keys are remembered otherwise")


def _needs_key(idempotency: Any) -> bool:
    return isinstance(idempotency, IdempotencySettings) and idempotency.required


def limit(before: RateLimitSettings | None, after: RateLimitSettings | None) -> Verdict:
    """Of two quotas, or none."""
    if after is None:
        return Verdict(COMPATIBLE, "nothing limits it any more")
    if before is None:
        return Verdict(RISKY, "it is limited now: who calls more often gets 429")
    why = _why_risky(before, after)
    if why is not None:
        return Verdict(RISKY, why)
    if _is_lower(before, after):
        return Verdict(RISKY, "the limit is lower: who calls more often gets 429")
    return Verdict(COMPATIBLE, "the limit is no lower than before")


def _why_risky(before: RateLimitSettings, after: RateLimitSettings) -> str | None:
    if before.by != after.by:
        return "other requests are counted together"
    if _counted(before) != _counted(after):
        return "requests are counted in another way"
    if before.tiers != after.tiers:
        return "plans have other quotas"
    if after.enforce and not before.enforce:
        return "it refuses now, where it only told: who calls more often gets 429"
    if after.penalty is not None and before.penalty != after.penalty:
        return "who keeps hitting it is banned in another way"
    return None


_Limits = RateLimitSettings | tuple[RateLimitSettings, ...] | None


def _limits(before: _Limits, after: _Limits) -> Verdict:
    """Of the quotas of a route: one, several or none."""
    if not (isinstance(before, tuple) or isinstance(after, tuple)):
        return limit(before, after)
    old, new = _each(before), _each(after)
    if any(one not in old for one in new):
        return Verdict(RISKY, "it has other limits: who calls more often gets 429")
    return Verdict(COMPATIBLE, "it has fewer limits than before")


def _each(limits: _Limits) -> tuple[RateLimitSettings, ...]:
    if limits is None:
        return ()
    return limits if isinstance(limits, tuple) else (limits,)


def _counted(settings: RateLimitSettings) -> tuple[Any, ...]:
    return settings.algorithm, settings.period, settings.time_zone


def _is_lower(before: RateLimitSettings, after: RateLimitSettings) -> bool:
    if (after.burst or after.quota) < (before.burst or before.quota):
        return True
    return _rate(after) < _rate(before) or after.quota < before.quota


def _rate(settings: RateLimitSettings) -> float:
    return settings.quota / (seconds(settings.window) if settings.window is not None else 1.0)


def _cors(before: CorsSettings | None, after: CorsSettings | None) -> Verdict:
    if after is None:
        return Verdict(BREAKING, "no page of another origin can read its answers any more")
    if before is None:
        return Verdict(RISKY, "pages of other origins can read its answers now")
    fewer = [
        name
        for name in ("origins", "allowed_headers", "exposed_headers")
        if set(getattr(before, name)) - set(getattr(after, name))
    ]
    if fewer or before.credentials > after.credentials:
        lost = ", ".join([*fewer, *(["credentials"] if not fewer else [])])
        return Verdict(BREAKING, f"some pages can no longer do what they did: {lost}")
    return Verdict(RISKY, "pages of other origins can do more")


_OLD: Final = {
    "heuristic": "up to a day old: a tenth of the time since Last-Modified",
    "stated": "as old as their service says",
}
"""How old answers may be by a `ttl` that is no duration."""


def _cache(before: CacheSettings | None, after: CacheSettings | None) -> Verdict:
    if after is None:
        return Verdict(COMPATIBLE, "every answer comes from the service")
    if before is None or _longest(after) > _longest(before):
        return Verdict(RISKY, f"answers may be {_OLD.get(after.ttl, f'{after.ttl} old')}")
    if after.key != before.key:
        return Verdict(RISKY, "others share answers; the service may see less of a query")
    if _stale(after) > _stale(before):
        return Verdict(RISKY, f"answers may be used {_stale(after):g} s longer than they are fresh")
    return Verdict(COMPATIBLE, "answers are fresher")


def _longest(cache: CacheSettings) -> float:
    """Seconds for which answers may be fresh whose service states no lifetime."""
    return HEURISTIC_MAX if cache.ttl == "heuristic" else seconds(cache.ttl)


def _stale(cache: CacheSettings) -> float:
    """Seconds for which the route lets answers be used stale."""
    return max(
        seconds(window or "0s") for window in (cache.stale_while_revalidate, cache.stale_if_error)
    )


def _max_body(before: str, after: str) -> Verdict:
    if _size(after) < _size(before):
        return Verdict(BREAKING, f"bodies above {after} are refused: 413")
    return Verdict(COMPATIBLE, "larger bodies are taken")


def _size(text: str) -> float:
    return float("inf") if text == "unlimited" else size_in_bytes(text)


def _timeout(before: str, after: str) -> Verdict:
    if seconds(after) < seconds(before):
        return Verdict(RISKY, "slower answers become 504")
    return Verdict(COMPATIBLE, "slower answers are waited for")


_methods: Final = _set(
    Verdict(BREAKING, "a method is gone: 405"), Verdict(COMPATIBLE, "there are more methods")
)


def _validate(before: Checked | None, after: Checked | None) -> Verdict:
    if after is None:
        return Verdict(COMPATIBLE, "nothing is checked any more")
    if before is None:
        return Verdict(BREAKING, "requests that do not fit are refused, whatever the service took")
    found = list(differences(before, after))
    tighter = [one.where for one in found if one.way == "tighter" and not one.in_answers]
    if tighter:
        return Verdict(BREAKING, f"requests are refused that were taken: {_listed(tighter)}")
    places = _listed(one.where for one in found)
    if any(one.way != "looser" for one in found):
        return Verdict(RISKY, f"other requests or answers fit: {places}")
    return Verdict(COMPATIBLE, f"more fits than before: {places}")


def _listed(places: Iterable[str]) -> str:
    named = list(dict.fromkeys(places))
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return ", ".join(named[:3]) + more


OF_ROUTE: Final[dict[str, Rule]] = {
    "path": always(BREAKING, "it has another path"),
    "methods": _methods,
    "hosts": _hosts,
    "headers": _conditions,
    "query": _conditions,
    "service": always(RISKY, "another service answers"),
    "backends": always(RISKY, "requests are shared out otherwise"),
    "redirect": always(BREAKING, "clients are sent elsewhere"),
    "respond": always(BREAKING, "the answer of the table is another one"),
    "aggregate": always(RISKY, "the answer is put together of other parts"),
    "sticky": always(RISKY, "clients may get another backend than before"),
    "mirror": always(COMPATIBLE, "clients do not see copies"),
    "websocket": always(BREAKING, "only WebSockets are let in, or none"),
    "timeouts": always(RISKY, "slower answers may become 504, or break off"),
    "retries": always(RISKY, "other requests are sent again when the service fails"),
    "fallback": always(RISKY, "something else answers when the service fails"),
    "faults": always(RISKY, "faults are injected, where that is allowed, or no longer"),
    "priority": always(RISKY, "it is refused sooner or later than before under load"),
    "upstream_host": always(RISKY, "the service sees another host"),
    "upstream_path": always(RISKY, "the service is asked at another path"),
    "access": _access,
    "network": _network,
    "csrf": always(BREAKING, "pages have to show something else, or other ones may call"),
    "maintenance": _maintenance,
    "rate_limit": _limits,
    "cost_header": always(RISKY, "requests cost what another field of answers says, or none"),
    "cost": always(RISKY, "a request takes more permits of its limits than before, or fewer"),
    "idempotency": _idempotency,
    "cors": _cors,
    "cache": _cache,
    "purge": always(RISKY, "other stored answers are purged after a change"),
    "validate": _validate,
    "request transforms": always(RISKY, "the service gets something else"),
    "response transforms": always(BREAKING, "answers have another form"),
    "error transforms": always(RISKY, "errors of the service have another form"),
    "plugin": always(RISKY, "other code of your own runs"),
    "max_body": _max_body,
    "summary": always(COMPATIBLE, "only what people read"),
}

OF_TABLE: Final[dict[str, Rule]] = {
    "address_guard": always(RISKY, "one address may send more or fewer requests than before"),
    "load_shedding": always(RISKY, "requests are refused sooner or later than before under load"),
}
"""Of its members that stand alone."""

OF_SERVICE: Final[dict[str, Rule]] = {
    "binding": always(RISKY, "another service answers"),
    "url": always(RISKY, "another service answers"),
    "timeout": _timeout,
    "allow_ip": always(COMPATIBLE, "nothing that a request could meet"),
    "credentials": always(RISKY, "the service is shown something else, and may refuse it"),
    "circuit_breaker": always(COMPATIBLE, "calls are cut off by other rules when it fails"),
    "bulkhead": always(RISKY, "more or fewer requests reach it at once"),
    "retry_budget": always(COMPATIBLE, "requests are sent again more or less often when it fails"),
}


def _sunset(before: Any, after: Any) -> Verdict:
    if after is None or (before is not None and after > before):
        return Verdict(COMPATIBLE, "it lives longer")
    return Verdict(BREAKING, "it ends earlier" if before is not None else "it has an end now")


def _after_sunset(before: str, after: str) -> Verdict:
    if after == "serve":
        return Verdict(COMPATIBLE, "it is served after its sunset")
    return Verdict(BREAKING, "after its sunset it is no longer served")


def _preview(before: str | None, after: str | None) -> Verdict:
    if after is None:
        return Verdict(COMPATIBLE, "it is for everybody now")
    return Verdict(BREAKING, f"callers need the scope {after}")


OF_VERSION: Final[dict[str, Rule]] = {
    "released": always(RISKY, "requests that name a date may find another version"),
    "preview": _preview,
    "deprecated": always(COMPATIBLE, "answers say so"),
    "sunset": _sunset,
    "after_sunset": _after_sunset,
    "successor": always(COMPATIBLE, "answers link to another version"),
    "documentation": always(COMPATIBLE, "answers link to another page"),
}


def selector(before: Any, after: Any) -> Verdict:
    """Of a way to name the version."""
    if not before:
        return Verdict(COMPATIBLE, "there is one more way to name the version")
    return Verdict(BREAKING, "who names the version this way gets another one")


def _strictness(strict: str, reason: str) -> Rule:
    def rule(before: str, after: str) -> Verdict:
        if after == strict:
            return Verdict(BREAKING, f"{reason} are refused or not found")
        return Verdict(COMPATIBLE, f"{reason} are accepted")

    return rule


OF_PATHS: Final[dict[str, Rule]] = {
    "trailing_slash": _strictness("strict", "paths with a slash too many at their end"),
    "duplicate_slashes": _strictness("refuse", "paths with doubled slashes"),
    "dot_segments": _strictness("refuse", "paths with dot segments"),
    "encoded_slashes": _strictness("refuse", "paths with encoded slashes"),
    "case": _strictness("sensitive", "paths in other letters"),
}


OF_ROLE: Final[dict[str, Rule]] = dict.fromkeys(
    ("permissions", "inherits"),
    _set(
        Verdict(BREAKING, "callers with it lose permissions"),
        Verdict(RISKY, "callers with it have more permissions"),
    ),
)

OF_SECURITY_HEADERS: Final[dict[str, Rule]] = dict.fromkeys(
    SecurityHeadersSettings.__struct_fields__,
    always(RISKY, "browsers are told something else in every answer"),
)


OF_REQUEST_LIMITS: Final[dict[str, Rule]] = dict.fromkeys(
    RequestLimits.__struct_fields__,
    always(BREAKING, "requests of another size are refused"),
)


def told(value: Any) -> str:
    """A member as a line of text."""
    if value is None or value in ((), {}, ""):
        return "-"
    if isinstance(value, AccessSettings) and _beyond_scopes(value) == AccessSettings(
        api_key=value.api_key
    ):
        places = msgspec.to_builtins(value.api_key) if value.api_key is not None else {}
        also = "".join(f", key in {place} {name}" for place, name in places.items())
        session = ", or a session" if value.session else ""
        return f"scopes {', '.join(value.scopes)}{also}{session}"
    plain = msgspec.to_builtins(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, (list, tuple)) and all(isinstance(item, str) for item in plain):
        return ", ".join(plain)
    return msgspec.json.encode(plain).decode()
