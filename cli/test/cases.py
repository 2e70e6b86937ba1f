"""What stands in a file of expectations, as types: they check it and describe it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, field

from cli.compile_table import Located, TableErrors
from cli.dry_run.call import Call, Caller, CallError, make_call
from cli.dry_run.platform import Answer
from cli.table_file import Locate, read_values
from settings import Settings

Status = Annotated[int, Meta(ge=100, le=599)]
Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
NameOrNone = Annotated[str, Meta(min_length=1)]
"""A name, or the word `none`."""


class CallerCase(Settings, frozen=True, kw_only=True):
    """Whom the gateway is to take the client for."""

    subject: Annotated[str, Meta(min_length=1)]
    scopes: tuple[str, ...] = ()


class RequestCase(Settings, frozen=True, kw_only=True):
    """The request; a body is given either as `json` or as `body`, a text."""

    method: Method = "GET"
    url: Annotated[str, Meta(min_length=1)]
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = UNSET
    body: str | None = None
    caller: CallerCase | None = field(name="as", default=None)
    at: datetime | None = None
    """When it arrives."""


class AnswerCase(Settings, frozen=True, kw_only=True):
    """What the service answers, if it is asked."""

    status: Status = 200
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = UNSET
    body: str | None = None


class UpstreamCase(Settings, frozen=True, kw_only=True):
    """The request that the service is to get. A field that is null has to be missing."""

    method: Method | None = None
    path: str | None = None
    query: str | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    json: Any = UNSET
    body: str | None = None


class ResponseCase(Settings, frozen=True, kw_only=True):
    """The answer that the client is to get. A field that is null has to be missing."""

    status: Status | None = None
    headers: dict[str, str | None] = field(default_factory=dict)
    json: Any = UNSET
    body: str | None = None
    problem: NameOrNone | None = None
    """The code of a problem."""


class ExpectedCase(Settings, frozen=True, kw_only=True):
    """What is to become of the request; what is not said is not compared."""

    route: NameOrNone | None = None
    version: NameOrNone | None = None
    service: NameOrNone | None = None
    upstream: UpstreamCase | None = None
    purges: tuple[str, ...] | None = None
    """Tags of stored answers, in any order."""
    response: ResponseCase | None = None


class Case(Settings, frozen=True, kw_only=True):
    """One expectation."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    request: RequestCase
    answer: AnswerCase = field(default_factory=AnswerCase)
    expected: ExpectedCase


class PlacedCase(NamedTuple):
    """A case, ready to be tried, and where it stands."""

    case: Case
    call: Call
    answer: Answer
    at: float | None
    """Unix seconds."""
    position: int
    locate: Locate


def read_cases(path: Path) -> list[PlacedCase]:
    """The cases in the file at `path`. Raises `TableErrors`, with every mistake in it."""
    values, locate = read_values(path, list[Case])
    cases, errors = [], []
    for position, case in enumerate(values):
        try:
            cases.append(_placed(case, position, locate))
        except CallError as error:
            file, place = locate((position, "request"))
            errors.append(Located(file, *place, f"[{position}].request", str(error)))
    if errors:
        raise TableErrors(errors)
    return cases


def _placed(case: Case, position: int, locate: Locate) -> PlacedCase:
    request, answer = case.request, case.answer
    caller = request.caller
    who = Caller(caller.subject, caller.scopes) if caller is not None else None
    call = make_call(request.method, request.url, request.headers.items(), _body(request), who)
    body = _body(answer)
    fields = [(name.lower(), value) for name, value in answer.headers.items()]
    if answer.body is None and "content-type" not in dict(fields):
        fields.insert(0, ("content-type", "application/json"))
    given = Answer(answer.status, tuple(fields), b"{}" if body is None else body)
    at = request.at
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return PlacedCase(case, call, given, at.timestamp() if at else None, position, locate)


def _body(given: RequestCase | AnswerCase) -> bytes | None:
    if given.body is not None:
        if given.json is not UNSET:
            raise CallError("expected one of `json` and `body`, found both")
        return given.body.encode()
    return None if given.json is UNSET else msgspec.json.encode(given.json)
