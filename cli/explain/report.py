"""What there is to say about one request, as values: the terminal and --json show the same."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from cli.dry_run.call import Call
from cli.dry_run.platform import Answer
from cli.dry_run.run import DryRun, Outcome
from cli.explain.ends import ends
from cli.explain.step import Step
from contract.problems import NOT_FOUND, Problem
from routing.compile import CompiledRoute
from routing.table import RouteSettings, Table
from security_headers import SecurityHeaders

Fields = tuple[tuple[str, str], ...]

_ANSWERED_HERE: Final = "the gateway answers this by itself"


class FieldChange(Struct, omit_defaults=True):
    """A header field that is not as it was: new (no `before`), gone (no `after`), or different."""

    name: str
    before: str | None = None
    after: str | None = None


class Side(Struct):
    """A request or an answer at one end: its first line, its header fields, its body as text."""

    line: str
    headers: Fields
    body: str | None


class Considered(Struct):
    """A route that host and path led to, and what became of it."""

    route: str
    methods: tuple[str, ...]
    path: str
    verdict: str


class Refusal(Struct):
    """The problem that the client gets, and the step that said so."""

    code: str
    status: int
    detail: str | None
    step: str | None


class Explanation(Struct):
    """All of it."""

    request: Side
    caller: str | None
    scopes: tuple[str, ...]
    version: str | None
    named_by: list[str]
    """Parts of the request that name the version; empty where it is the default."""
    considered: list[Considered]
    elsewhere: list[str]
    """Versions that have a route for a path which this one does not have."""
    route: str | None
    changes: tuple[str, ...]
    parameters: Mapping[str, str]
    pipeline: list[Step]
    service: str | None
    backend: str | None
    """The one of several that was chosen."""
    chosen_by: str | None
    """Why: `chance`, or what the client is known by."""
    mirror: str | None
    """The service that gets a copy, or why there is none: `body`, `full`."""
    sent: Side | None
    sent_changes: list[FieldChange]
    answer: Side | None
    response: Side
    response_changes: list[FieldChange]
    refusal: Refusal | None
    note: str | None
    traceback: str | None


def explain(run: DryRun, call: Call, answer: Answer, table: Table) -> Explanation:
    """Try `call` against the table of `run`. Raises `DryRunError`."""
    outcome = run.send(call, answer)
    route, sent = outcome.route, outcome.sent
    version, considered = _considered(run, call)
    answered = Side(str(answer.status), answer.headers, _text(answer.body)) if sent else None
    return Explanation(
        request=Side(f"{call.method} {call.url}", call.headers, _text(call.body)),
        caller=call.caller.subject if call.caller else None,
        scopes=call.caller.scopes if call.caller else (),
        version=version,
        named_by=run.named_by(call) if version is not None else [],
        considered=considered,
        elsewhere=_elsewhere(run, call) if outcome.problem == NOT_FOUND.code else [],
        route=route.name if route else None,
        changes=route.versioned.changes if route else (),
        parameters={**outcome.parameters, **({"rest": outcome.rest} if outcome.rest else {})},
        pipeline=_pipeline(route, table) if route else [],
        service=outcome.service,
        backend=outcome.log.get("backend"),
        chosen_by=outcome.log.get("chosen_by"),
        mirror=outcome.log.get("mirror"),
        sent=Side(f"{sent.method} {sent.target}", sent.headers, _text(sent.body)) if sent else None,
        sent_changes=_changes(call.headers, sent.headers) if sent else [],
        answer=answered,
        response=Side(str(outcome.status), outcome.headers, _text(outcome.body)),
        response_changes=_changes(
            answer.headers if answered else (), _without_usual(outcome.headers, call, table)
        ),
        refusal=_refusal(outcome),
        note=_ANSWERED_HERE if route is None and outcome.problem is None else None,
        traceback=outcome.log.get("traceback"),
    )


def path_of(settings: RouteSettings) -> str:
    """The path that a route matches, as people write it: with /* for a prefix, ~ for a regex."""
    if settings.path is not None:
        return settings.path
    if settings.path_prefix is not None:
        return f"{settings.path_prefix}/*"
    return f"~{settings.path_regex}"


def _considered(run: DryRun, call: Call) -> tuple[str | None, list[Considered]]:
    """The version that answers `call`, and the routes that were looked at."""
    try:
        version, considered = run.considered(call)
    except Problem:
        return None, []
    shown = []
    for one in considered:
        settings = one.target.versioned.settings
        shown.append(Considered(one.target.name, settings.methods, path_of(settings), one.reason))
    return version.name if version else None, shown


def _elsewhere(run: DryRun, call: Call) -> list[str]:
    versions = run.routes.versions
    if not versions.path:
        return []
    found = []
    for name in versions.by_name:
        _, path = versions.in_path(call.path)
        other = call._replace(path=f"/{name}{path}", headers=(), query="")
        routes = [one.route for one in _considered(run, other)[1]]
        if routes:
            found.append(f"{name} has this path: {', '.join(routes)}")
    return found


def _pipeline(route: CompiledRoute, table: Table) -> list[Step]:
    steps = [Step(step.name, step.settings) for step in route.steps()]
    return [*steps, *ends(route.versioned.settings, table)]


def _refusal(outcome: Outcome) -> Refusal | None:
    if outcome.problem is None:
        return None
    return Refusal(outcome.problem, outcome.status, outcome.detail, outcome.refused_by())


def _changes(
    before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]
) -> list[FieldChange]:
    """The fields that differ, by name; several of one name are taken together."""
    old, new = _joined(before), _joined(after)
    return [
        FieldChange(name, old.get(name), new.get(name))
        for name in sorted(old | new)
        if old.get(name) != new.get(name)
    ]


def _without_usual(headers: Fields, call: Call, table: Table) -> Fields:
    """Without what every answer has, whatever was asked."""
    usual = SecurityHeaders(table.security_headers).fields(call.scheme)
    return tuple(field for field in headers if field not in usual)


def _joined(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in fields:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode("utf-8", "backslashreplace")
