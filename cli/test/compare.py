"""Compares what became of a request with what was expected of it, part by part."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from cli.body_diff import body_diff
from cli.dry_run.run import Outcome
from cli.test.cases import ExpectedCase, ResponseCase, UpstreamCase

NONE: Final = "none"
"""Stands for a name where there is none."""

Path = tuple[str, ...]


class Mismatch(Struct):
    """A part that is not as expected. `path` leads to it below `expected`."""

    path: Path
    expected: str
    found: str
    diff: list[str]
    """Lines with - and +, for bodies."""


def mismatches(expected: ExpectedCase, outcome: Outcome) -> Iterator[Mismatch]:
    """Whatever is not as `expected`."""
    route = outcome.route.name if outcome.route else None
    yield from _compare(("route",), expected.route, route or NONE)
    yield from _compare(("version",), expected.version, outcome.version or NONE)
    yield from _compare(("service",), expected.service, outcome.service or NONE)
    if expected.purges is not None:
        found = _listed(outcome.purged_tags)
        yield from _compare(("purges",), _listed(expected.purges), found)
    if expected.upstream is not None:
        yield from _upstream(expected.upstream, outcome)
    if expected.response is not None:
        yield from _response(expected.response, outcome)


def _upstream(expected: UpstreamCase, outcome: Outcome) -> Iterator[Mismatch]:
    sent = outcome.sent
    if sent is None:
        what = f"refused: {outcome.status} {outcome.problem or ''}".rstrip()
        yield Mismatch(("upstream",), "a request to a service", what, [])
        return
    for name in ("method", "path", "query"):
        yield from _compare(("upstream", name), getattr(expected, name), getattr(sent, name))
    yield from _fields(("upstream", "headers"), expected.headers, sent.headers)
    yield from _bodies("upstream", expected, sent.body)


def _response(expected: ResponseCase, outcome: Outcome) -> Iterator[Mismatch]:
    yield from _compare(("response", "status"), expected.status, outcome.status)
    yield from _compare(("response", "problem"), expected.problem, outcome.problem or NONE)
    yield from _fields(("response", "headers"), expected.headers, outcome.headers)
    yield from _bodies("response", expected, outcome.body)


def _fields(
    path: Path, expected: Mapping[str, str | None], found: Iterable[tuple[str, str]]
) -> Iterator[Mismatch]:
    fields = list(found)
    for name, value in expected.items():
        values = [text for field, text in fields if field == name.lower()]
        there = ", ".join(values) if values else None
        # Of several fields any may be meant, or all of them as one list.
        if value != there and value not in values:
            yield Mismatch((*path, name), _told(value), _told(there), [])


def _bodies(
    side: str, expected: UpstreamCase | ResponseCase, found: bytes | None
) -> Iterator[Mismatch]:
    text = None if found is None else found.decode("utf-8", "backslashreplace")
    if expected.body is not None and expected.body != (text or ""):
        diff = body_diff(expected.body, text)
        yield Mismatch((side, "body"), _told(expected.body), _told(text), diff)
    if expected.json is not UNSET and not _is_equal(expected.json, found):
        wanted = msgspec.json.encode(expected.json).decode()
        yield Mismatch((side, "json"), wanted, _told(text), body_diff(wanted, text))


def _is_equal(expected: Any, found: bytes | None) -> bool:
    try:
        return bool(expected == msgspec.json.decode(found or b""))
    except msgspec.DecodeError:
        return False


def _compare(path: Path, expected: object, found: object) -> Iterator[Mismatch]:
    if expected is not None and expected != found:
        yield Mismatch(path, _told(expected), _told(found), [])


def _listed(tags: Iterable[str]) -> str:
    return ", ".join(sorted(set(tags))) or NONE


def _told(value: object) -> str:
    return NONE if value is None else str(value)
