"""The registry of audit rules: each is a small function with an id, a severity and a fix."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from routing.changes import VersionedRoutes
from routing.check.finding import Path
from routing.table import Table

Severity = Literal["high", "medium", "low", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("high", "medium", "low", "info")
"""The weightiest first."""


class Audited(NamedTuple):
    """What rules look at. `now` is in Unix seconds."""

    table: Table
    versioned: VersionedRoutes
    now: float


class Noticed(NamedTuple):
    """The place of a finding and a sentence about it."""

    path: Path
    message: str


Check = Callable[[Audited], Iterator[Noticed]]


class Rule(NamedTuple):
    """A rule; `fix` says what to do about what it finds."""

    id: str
    severity: Severity
    fix: str
    check: Check


RULES: Final[list[Rule]] = []
"""All rules, once their modules are imported."""


def rule(id: str, severity: Severity, fix: str) -> Callable[[Check], Check]:
    """Enter the decorated function as a rule."""

    def enter(check: Check) -> Check:
        RULES.append(Rule(id, severity, fix, check))
        return check

    return enter
