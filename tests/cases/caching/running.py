"""Runs the cases. Messages are written in one line each:

    404 | cc: max-age=60 | etag: "a" | last-modified: {-600}

First a status or a method, where it is not 200 or GET; then fields, `cc` for Cache-Control; {n} is
the HTTP date n seconds after the clock's zero, at which every first answer comes.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from caching import cache_status, entity_tags, ranges, vary
from caching.ages import age_value
from caching.codings import accepted, codings_of
from caching.dates import format_date, parse_date
from caching.decide import decide
from caching.decision import Decision, Forward, OnlyIfCached, Serve
from caching.directives import parse_directives
from caching.invalidation import invalidated, invalidates
from caching.lists import members
from caching.request import CacheRequest
from caching.serving import head_of
from caching.settings import CacheRules
from caching.stored import StoredResponse
from caching.storing import Refusal, retention, store
from caching.structured_fields import parse_dictionary
from caching.updating import identified, is_same_representation, updated
from messages import Headers, Response

ZERO: Final = 1_800_000_000.0
_DATE: Final = re.compile(r"\{(-?\d+)\}")


def run(topic: str, case: list[Any]) -> Any:
    """What came of `case`, given without its section and its expectation."""
    return _RUNNERS[topic](*case)


def _message(text: str) -> tuple[str, Headers]:
    parts = [part.strip() for part in text.split(" | ")] if text else []
    first = parts.pop(0) if parts and ":" not in parts[0] else ""
    fields = []
    for part in parts:
        name, _, value = part.partition(":")
        value = _DATE.sub(lambda found: format_date(ZERO + int(found[1])), value.strip())
        fields.append(("cache-control" if name == "cc" else name, value))
    return first, Headers(fields)


def request(text: str) -> CacheRequest:
    method, headers = _message(text)
    return CacheRequest(method or "GET", headers)


def response(text: str) -> Response:
    status, headers = _message(text)
    return Response(int(status or 200), headers)


def rules(settings: dict[str, Any] | None) -> CacheRules:
    # Not strict, as JSON has made texts of numbers that were keys.
    return msgspec.convert(settings or {}, CacheRules, strict=False)


def stored(
    answer: str, asked: str = "", settings: dict[str, Any] | None = None, at: float = 0
) -> StoredResponse | Refusal:
    """What is stored of an answer of ten bytes that came `at` seconds after zero, at once."""
    now = ZERO + at
    return store(
        request(asked),
        response(answer),
        rules(settings),
        request_time=now,
        response_time=now,
        length=10,
    )


def _storing(asked: str, answer: str, settings: dict[str, Any] | None = None) -> str:
    """`no: reason`, or the lifetime, the age, and how it may be used."""
    kept = stored(answer, asked, settings)
    if isinstance(kept, Refusal):
        return f"no: {kept.value}"
    facts = kept.facts
    said = [f"{facts.lifetime:.12g}"]
    said += [f"age={facts.initial_age:.12g}"] if facts.initial_age else []
    said += [name for name in ("validate", "strict", "immutable") if getattr(facts, name)]
    said += [f"swr={facts.while_revalidate:.12g}"] if facts.while_revalidate else []
    said += [f"sie={facts.if_error:.12g}"] if facts.if_error else []
    return " ".join(said)


def _fields(asked: str, answer: str, settings: dict[str, Any] | None = None) -> str:
    """The names of the fields that are stored."""
    kept = stored(answer, asked, settings)
    assert isinstance(kept, StoredResponse), kept
    return " ".join(sorted({name for name, _ in kept.fields}))


def _deciding(
    answers: str | list[Any], asked: str, at: float, settings: dict[str, Any] | None = None
) -> str:
    """The decision on a request `at` seconds after zero; what cannot be stored is not there."""
    given = [answers] if isinstance(answers, str) else answers
    kept = [_came(each, settings) for each in given]
    there = [one for one in kept if isinstance(one, StoredResponse)]
    return told(decide(request(asked), there, rules(settings), ZERO + at))


def _came(answer: str | list[Any], settings: dict[str, Any] | None) -> StoredResponse | Refusal:
    """What is stored of an answer, or of one with its request and the time that it came."""
    text, asked, at = (answer, "", 0) if isinstance(answer, str) else (*answer, 0)[:3]
    return stored(text, asked, settings, at)


def told(decision: Decision) -> str:
    """A decision in words."""
    match decision:
        case Serve():
            said = f"hit {decision.status} age={decision.age:.12g} ttl={decision.ttl:.12g}"
            said += f" {decision.part.content_range}" if decision.part else ""
            said += f" {decision.stale_because}" if decision.stale_because else ""
            return said
        case OnlyIfCached():
            return f"504 {decision.reason}"
        case Forward():
            return decision.reason
    fields = "".join(f" {name}: {_plain(value)}" for name, value in decision.fields)
    return f"{decision.reason}{fields}{' if-error' if decision.if_error else ''}"


def _plain(value: str) -> str:
    when = parse_date(value, ZERO)
    return value if when is None else f"{{{when - ZERO:.12g}}}"


def _updating(
    answers: list[Any], news: str, at: float, settings: dict[str, Any] | None = None
) -> list[str]:
    """What each stored answer is after a 304 or a HEAD's 200 that came `at` seconds after zero."""
    kept = [_came(each, None) for each in answers]
    there = [one for one in kept if isinstance(one, StoredResponse)]
    assert len(there) == len(kept)
    came = response(news)
    if came.status == 304:
        about = identified(there, came)
    else:
        about = [one for one in there if is_same_representation(one, came.headers)]
    chosen = rules(settings)
    return [
        _updated(one, came, at, chosen) if any(one is each for each in about) else "-"
        for one in there
    ]


def _updated(one: StoredResponse, came: Response, at: float, chosen: CacheRules) -> str:
    now = ZERO + at
    new, is_kept = updated(request(""), one, came, chosen, request_time=now, response_time=now)
    shown = [f"{name}: {_plain(value)}" for name, value in sorted(new.fields)]
    return " | ".join([f"{new.facts.lifetime:.12g}" if is_kept else "gone", *shown])


def _serving(answer: str, asked: str, at: float) -> str:
    """Status and fields of the answer out of the store."""
    one = stored(answer)
    assert isinstance(one, StoredResponse), one
    decision = decide(request(asked), [one], rules(None), ZERO + at)
    assert isinstance(decision, Serve), decision
    fields = sorted(f"{name}: {_plain(value)}" for name, value in head_of(decision))
    return " | ".join([str(decision.status), *fields])


def _keeping(answer: str, settings: dict[str, Any] | None, at: float) -> float:
    one = stored(answer, "", settings)
    assert isinstance(one, StoredResponse), one
    return retention(one, rules(settings), ZERO + at)


def _invalidating(method: str, url: str, answer: str) -> list[str]:
    came = response(answer)
    return invalidated(url, came.headers) if invalidates(method, came.status) else []


def _dictionary(value: str) -> Any:
    try:
        return {key: _item(member) for key, member in parse_dictionary(value).items()}
    except ValueError:
        return None


def _item(member: Any) -> Any:
    """A member as JSON has it."""
    if isinstance(member, list):
        return [_item(one) for one in member]
    if isinstance(member, bytes):
        return member.decode()
    return str(member) if isinstance(member, str) else member


def _date(value: str) -> float | None:
    return parse_date(value, ZERO)


def _seconds(value: str, name: str) -> float | None:
    return parse_directives([value]).seconds(name)


def _named(value: str, name: str) -> list[str] | None:
    found = parse_directives([value]).fields(name)
    return None if found is None else sorted(found)


def _part(value: str, length: int) -> str | None:
    part = ranges.part_of(value, length)
    return None if part is None else part.content_range


def _vary(value: str) -> list[str] | None:
    return vary.nominated(Headers([("vary", value)]), frozenset({"accept-encoding"}))


def _takes(value: str | None, coding: str) -> bool:
    return accepted(value).takes(codings_of(Headers([("content-encoding", coding)])))


_PARSERS: Final[dict[str, Callable[..., Any]]] = {
    "members": lambda *lines: members(lines),
    "directives": lambda *lines: parse_directives(lines).as_dict(),
    "seconds": _seconds,
    "names": _named,
    "dictionary": _dictionary,
    "date": _date,
    "age": lambda *lines: age_value(Headers(("age", line) for line in lines)),
    "strong": entity_tags.same_strong,
    "weak": entity_tags.same_weak,
    "listed": entity_tags.is_listed,
    "range": _part,
    "vary": _vary,
    "hit": cache_status.hit,
    "forwarded": cache_status.forwarded,
}

_CODINGS: Final[dict[str, Callable[..., Any]]] = {
    "asks": lambda value: accepted(value).wording,
    "takes": _takes,
}
_CONDITIONAL: Final[dict[str, Callable[..., Any]]] = {"at": _deciding, "head": _serving}
_LIFETIMES: Final[dict[str, Callable[..., Any]]] = {"at": _deciding, "keep": _keeping}
_STORING: Final[dict[str, Callable[..., Any]]] = {"says": _storing, "fields": _fields}

_RUNNERS: Final[dict[str, Callable[..., Any]]] = {
    "parsing": lambda kind, *given: _PARSERS[kind](*given),
    "storing": lambda kind, *given: _STORING[kind](*given),
    "freshness": lambda kind, *given: _LIFETIMES[kind](*given),
    "requests": _deciding,
    "stale": _deciding,
    "varying": _deciding,
    "codings": lambda kind, *given: _CODINGS[kind](*given),
    "conditions": lambda kind, *given: _CONDITIONAL[kind](*given),
    "ranges": lambda kind, *given: _CONDITIONAL[kind](*given),
    "updating": _updating,
    "invalidating": _invalidating,
    "statuses": lambda kind, given: _PARSERS[kind](**given),
}
