"""Runs the same requests against two tables and keeps those that are answered differently."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from cli.diff.generate import Case
from cli.diff.impact import impact
from cli.diff.severity import Severity
from cli.dry_run.run import DryRun, DryRunError, Outcome
from cli.explain.ends import address_of
from routing.table import Table

Fields = tuple[tuple[str, str], ...]

EXAMPLES: Final = 3
"""Requests that are kept of each group."""


class Seen(NamedTuple):
    """What a request meets, as far as client and service can see it; and the route's name."""

    route: str | None
    status: int
    problem: str | None
    service: str | None
    """The address of the service that was called."""
    upstream: str | None
    """Method, path and query at the service."""
    upstream_headers: Fields
    upstream_body: bytes | None
    headers: Fields
    body: bytes | None

    @property
    def shortly(self) -> str:
        """A route, or the problem in its place."""
        if self.problem is not None:
            return f"{self.status} {self.problem}"
        return self.route or f"{self.status} from the gateway itself"


PARTS: Final = {
    "status": "status",
    "problem": "problem",
    "service": "service",
    "upstream": "request to the service",
    "upstream_headers": "header fields to the service",
    "upstream_body": "body to the service",
    "headers": "header fields of the answer",
    "body": "body of the answer",
}
"""What is compared, and in which words it is told. The name of a route is nobody's business."""


class Example(NamedTuple):
    """A request that is answered differently."""

    case: Case
    a: Seen
    b: Seen


class Group(Struct):
    """Requests that are answered differently for the same cause."""

    severity: Severity
    reason: str
    a: str
    b: str
    parts: tuple[str, ...]
    """Keys of `PARTS`."""
    count: int
    examples: list[Example]


class Runner:
    """A table, and what each request meets there."""

    def __init__(self, table: Table, now: float) -> None:
        self._run = DryRun(table, now)
        self._addresses = {name: address_of(one) for name, one in table.services.items()}

    def see(self, case: Case) -> Seen:
        """Try the request."""
        try:
            outcome = self._run.send(case.call, case.answer)
        except DryRunError as error:
            return Seen(None, 0, str(error), None, None, (), None, (), None)
        return self._seen(outcome)

    def _seen(self, outcome: Outcome) -> Seen:
        sent = outcome.sent
        return Seen(
            outcome.route.name if outcome.route else None,
            outcome.status,
            outcome.problem,
            # Of an aggregation there are several names, and no one address.
            self._addresses.get(outcome.service, outcome.service) if outcome.service else None,
            f"{sent.method} {sent.target}" if sent else None,
            tuple(sorted(sent.headers)) if sent else (),
            sent.body if sent else None,
            tuple(sorted(outcome.headers)),
            outcome.body,
        )


def replay(a: Runner, b: Runner, cases: Iterable[Case]) -> list[Group]:
    """The differences, grouped by cause, the weightiest first."""
    groups: dict[tuple[object, ...], Group] = {}
    for case in cases:
        one, other = a.see(case), b.see(case)
        parts = tuple(part for part in PARTS if getattr(one, part) != getattr(other, part))
        if not parts:
            continue
        severity, reason = impact(one, other, parts)
        key = (one.shortly, other.shortly, parts, severity, reason)
        group = groups.get(key)
        if group is None:
            group = Group(severity, reason, one.shortly, other.shortly, parts, 0, [])
            groups[key] = group
        group.count += 1
        if len(group.examples) < EXAMPLES and not any(
            case.call.shortly == known.case.call.shortly for known in group.examples
        ):
            group.examples.append(Example(case, one, other))
    return sorted(groups.values(), key=lambda group: (-group.severity, -group.count))
