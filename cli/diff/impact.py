"""What it means to a client that one request is answered otherwise."""

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from cli.diff.severity import Severity

_OF_CREDENTIALS: Final = frozenset({"unauthenticated", "insufficient-scope", "invalid-credentials"})
_NOTHING_THERE: Final = frozenset({"not-found", "method-not-allowed"})
_OF_ANOTHER_ROUTE: Final = frozenset({"service", "upstream"})

Impact = tuple[Severity, str]


class Answered(Protocol):
    """The part of what a request meets that counts here."""

    @property
    def route(self) -> str | None: ...
    @property
    def status(self) -> int: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def body(self) -> bytes | None: ...


def impact(a: Answered, b: Answered, parts: Sequence[str]) -> Impact:
    """The weight of the difference between what `a` and `b` say, which is in `parts`."""
    if a.problem is not None and b.problem is not None:
        return _of_refusals(a.problem, b.problem)
    if b.problem is not None:
        return Severity.BREAKING, "it was answered and is refused"
    if a.problem in _OF_CREDENTIALS:
        return Severity.RISKY, "it was refused for its credentials and is answered"
    if a.problem is not None:
        return Severity.COMPATIBLE, "it was refused and is answered"
    return max(_of_answers(a, b, parts))


def _of_refusals(a: str, b: str) -> Impact:
    if a in _NOTHING_THERE:
        more = b not in _NOTHING_THERE
        return Severity.COMPATIBLE, "there was nothing" + (
            ", and there is something" if more else ""
        )
    if a == b:
        return Severity.COMPATIBLE, "it is refused with other words"
    return Severity.RISKY, "it is refused for another reason"


def _of_answers(a: Answered, b: Answered, parts: Sequence[str]) -> list[Impact]:
    found: list[Impact] = [(Severity.COMPATIBLE, "the answer has other header fields")]
    if a.status != b.status:
        found.append((Severity.BREAKING, "the answer has another status"))
    if "body" in parts:
        if _lost(_document(a.body), _document(b.body)):
            found.append((Severity.BREAKING, "the answer has lost or changed members"))
        else:
            found.append((Severity.COMPATIBLE, "the answer has further members"))
    if a.route != b.route and _OF_ANOTHER_ROUTE.intersection(parts):
        found.append((Severity.RISKY, "another route takes it"))
    elif _OF_ANOTHER_ROUTE.intersection(parts):
        found.append((Severity.RISKY, "it goes elsewhere"))
    elif any(part.startswith("upstream") for part in parts):
        found.append((Severity.RISKY, "the service gets something else"))
    elif a.route != b.route:
        found.append((Severity.RISKY, "another route takes it"))
    return found


def _document(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body


def _lost(a: Any, b: Any) -> bool:
    """Whether something in the document `a` is not in `b` as it was."""
    if isinstance(a, dict) and isinstance(b, dict):
        return any(name not in b or _lost(value, b[name]) for name, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) != len(b) or any(map(_lost, a, b))
    return bool(a != b)
