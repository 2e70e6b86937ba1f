"""A comparison of two tables, as values: the terminal and --json show the same."""

from typing import NamedTuple

from msgspec import Struct

from cli.diff.replay import PARTS, Example, Group, Seen
from cli.diff.severity import Change, Severity


class Tried(Struct):
    """How many requests were run against both tables."""

    generated: int
    recorded: int
    skipped: int
    """Lines of recorded files that are no requests."""
    cut_off: bool
    """There would have been more to generate."""
    different: int


class Side(Struct):
    """What one table makes of a request."""

    route: str | None
    status: int
    problem: str | None
    service: str | None
    upstream: str | None
    upstream_body: str | None
    headers: tuple[tuple[str, str], ...]
    body: str | None


class Replay(Struct):
    """A request that can be repeated, and what each table makes of it."""

    request: str
    method: str
    url: str
    curl: str
    explain: str
    a: Side
    b: Side


class Cause(Struct):
    """A group of requests."""

    severity: str
    reason: str
    a: str
    b: str
    differs: list[str]
    count: int
    examples: list[Replay]


class Report(Struct):
    """All of it. `worst` is the weight of the weightiest difference; None where there is none."""

    a: str
    b: str
    worst: str | None
    changes: list[Change]
    tried: Tried
    causes: list[Cause]


class Names(NamedTuple):
    """How the two tables were named on the command line."""

    a: str
    b: str


def report(names: Names, changes: list[Change], groups: list[Group], tried: Tried) -> Report:
    """Put together what was found."""
    weight = {severity.word: severity for severity in Severity}
    found = [*(weight[change.severity] for change in changes), *(one.severity for one in groups)]
    worst = max(found).word if found else None
    causes = [_cause(group, names) for group in groups]
    return Report(names.a, names.b, worst, changes, tried, causes)


def _cause(group: Group, names: Names) -> Cause:
    differs = [PARTS[part] for part in group.parts]
    examples = [_replay(example, names) for example in group.examples]
    return Cause(
        group.severity.word, group.reason, group.a, group.b, differs, group.count, examples
    )


def _replay(example: Example, names: Names) -> Replay:
    case, a, b = example
    return Replay(
        case.call.shortly,
        case.call.method,
        case.call.url,
        case.call.curl(),
        case.call.explain(*case.answer.flags(), "--routes", names.b),
        _side(a),
        _side(b),
    )


def _side(seen: Seen) -> Side:
    return Side(
        seen.route,
        seen.status,
        seen.problem,
        seen.service,
        seen.upstream,
        _text(seen.upstream_body),
        seen.headers,
        _text(seen.body),
    )


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode("utf-8", "backslashreplace")
