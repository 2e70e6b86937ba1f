"""Requests out of the gateway's log: what clients did ask, to be asked of two tables.

A log line has method and path, the version and who called. The query, header fields and bodies are
not logged, so they are made as for generated requests; a line may name them all the same.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from cli.diff.documents import NONE, Documents
from cli.diff.generate import Case
from cli.diff.routes import routes_of, scopes_of
from cli.dry_run.call import Caller, CallError, make_call
from routing.table import Table
from routing.versions import in_version

MAX_LINES: Final = 1_000_000
_LONGEST: Final = 64 * 1024
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Line(msgspec.Struct):
    """What is used of a log line."""

    method: str
    path: str
    query: str = ""
    host: str | None = None
    headers: dict[str, str] = {}
    body: Any = msgspec.UNSET
    version: str | None = None
    route: str | None = None
    subject: str | None = None


class Recorded(NamedTuple):
    """Different requests, and how many lines were none."""

    cases: list[Case]
    skipped: int


def read_recorded(path: Path, a: Table, b: Table, limit: int) -> Recorded:
    """Up to `limit` different requests from the file of JSON lines at `path`. Raises `OSError`."""
    cases: dict[Case, None] = {}
    maker = _Maker(a, b)
    skipped = 0
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        for text in islice(file, MAX_LINES):
            if len(cases) >= limit:
                break
            try:
                line = decoder.decode(text[:_LONGEST])
                found = list(maker.cases(line))
            except (msgspec.MsgspecError, CallError, UnicodeDecodeError):
                skipped += bool(text.strip())
                continue
            cases.update(dict.fromkeys(found))
    return Recorded(list(cases)[:limit], skipped)


class _Maker:
    """Makes requests of log lines."""

    def __init__(self, a: Table, b: Table) -> None:
        self._scopes = tuple(scopes_of(a, b))
        self._headers = [
            select.header
            for select in (a.versions.select, b.versions.select)
            if select.header is not None
        ]
        self._documents: dict[tuple[str | None, str], Documents] = {
            (of.version, route.settings.name): of.documents_of(route.settings.name)
            for of in routes_of(a, b)
            for route in of.routes
        }

    def cases(self, line: Line) -> Iterator[Case]:
        """The request of `line`. Raises `CallError`."""
        looked_at = self._documents.get((line.version, line.route or ""), NONE)
        headers = list(line.headers.items())
        if line.version is not None and not in_version(line.path) and self._headers:
            headers.append((self._headers[0], line.version))
        target = f"{line.path}?{line.query}" if line.query else line.path
        url = f"https://{line.host}{target}" if line.host else target
        caller = Caller(line.subject, self._scopes) if line.subject else None
        call = make_call(line.method, url, headers, self._body(line, looked_at), caller)
        for answer in looked_at.answers():
            yield Case(call, answer)

    def _body(self, line: Line, looked_at: Documents) -> bytes | None:
        if line.body is not msgspec.UNSET:
            return line.body.encode() if isinstance(line.body, str) else _json(line.body)
        return looked_at.body() if line.method in _WITH_BODY else None


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)
