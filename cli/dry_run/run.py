"""Tries calls against a table: the edge's `Application` on a platform in memory."""

import hashlib
from collections.abc import Coroutine, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeVar

from application import Application
from caching.purger import Defer, Purger
from cli.dry_run.call import Call, Caller
from cli.dry_run.platform import Answer, Content, RecordingPlatform, Sent
from contract.names import CLIENT_ADDRESS
from contract.problems import Problem
from memory import Memory
from messages import Exchange, Headers, Request, Response, read_body
from routing.compile import CompiledRoute, CompiledRoutes
from routing.match import Considered
from routing.table import Table
from routing.versions import Version

T = TypeVar("T")

_ADDRESS: Final = "192.0.2.1"  # RFC 5737: nobody's
_REQUEST_ID: Final = "dry-run"
_ANY_SIZE: Final = 1 << 62
_ROUTING: Final = {
    "routing.paths": "path",
    "routing.versions": "version",
    "routing.resolve": "match",
    "policies.cors": "cors",
    "hardening": "hardening",
}
"""What refuses a request before it has a route, by the module that does."""


class DryRunError(Exception):
    """The call cannot be tried here; the text says why."""


class Outcome(NamedTuple):
    """What became of a call."""

    route: CompiledRoute | None
    version: str | None
    version_in_path: bool
    parameters: dict[str, str]
    rest: str
    service: str | None
    """Name of the service that was called; None where none was."""
    sent: Sent | None
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    purged: tuple[str, ...]
    """Marks of stored answers that it has made out of date: `contract.feed.Mark`."""
    log: dict[str, Any]
    failure: Exception | None
    """What the answer was made of, where that is a problem or a defect."""

    @property
    def problem(self) -> str | None:
        """The problem's code; None where the answer is none."""
        code = self.log.get("problem")
        return str(code) if code is not None else None

    @property
    def purged_tags(self) -> tuple[str, ...]:
        """The tags among what it has purged."""
        return tuple(mark[4:] for mark in self.purged if mark.startswith("tag:"))

    @property
    def detail(self) -> str | None:
        """What the problem says about this request."""
        return self.failure.detail if isinstance(self.failure, Problem) else None

    def refused_by(self) -> str | None:
        """The step of the pipeline that refused the request, or `path`, `version`, `match`."""
        if self.failure is None:
            return None
        steps = dict(_ROUTING)
        if self.route is not None:
            steps = {type(step.policy).__module__: step.name for step in self.route.steps()}
            steps["policies.dispatch"] = "dispatch"
            steps |= {f"ends.{end}": "dispatch" for end in ("backends", "redirect", "aggregate")}
        passed = [steps[name] for name in _modules(self.failure.__traceback__) if name in steps]
        return passed[-1] if passed else None


class _Observed(Application):
    """The application; it shows its routes, and keeps what an error's answer was made of."""

    failure: Exception | None = None

    @property
    def routes(self) -> CompiledRoutes:
        return self._routes

    async def _respond(self, exchange: Exchange) -> Response:
        self.failure = None
        try:
            return await super()._respond(exchange)
        except Exception as error:
            self.failure = error
            raise


class _Purger(Purger):
    """Keeps what would be purged."""

    noted: tuple[str, ...] = ()

    async def purge(self, marks: Sequence[str], defer: Defer, *, soft: bool = False) -> None:
        self.noted += tuple(marks)


class DryRun:
    """A table, ready to be asked. `now` is the Unix time at which all calls arrive."""

    def __init__(self, table: Table, now: float) -> None:
        self._platform = RecordingPlatform()
        memory = Memory()
        memory.purger = self._purger = _Purger(memory.purges)
        self._application = _Observed(table, "dry-run", self._platform, memory)
        self._now = self._platform.now = now

    @property
    def routes(self) -> CompiledRoutes:
        """The compiled table."""
        return self._application.routes

    def send(self, call: Call, answer: Answer | None = None) -> Outcome:
        """Try `call`; the service, if it is reached, gives `answer`. Raises `DryRunError`."""
        platform = self._platform
        platform.answer = answer if answer is not None else Answer()
        platform.sent.clear()
        self._purger.noted = ()
        request = self._request(call)
        exchange = Exchange(
            request,
            request_id=_REQUEST_ID,
            client_address=request.headers.get(CLIENT_ADDRESS) or _ADDRESS,
            now=self._now,
            defer=lambda work: work.close(),
        )
        response = _finished(self._application.handle(exchange))
        body = response.body
        return Outcome(
            route=exchange.route,
            version=exchange.version.name if exchange.version else None,
            version_in_path=exchange.version_in_path,
            parameters=dict(exchange.parameters),
            rest=exchange.rest,
            service=exchange.log.get("service"),
            sent=platform.sent[-1] if platform.sent else None,
            status=response.status,
            headers=tuple(response.headers),
            body=None if body is None else _finished(read_body(body, _ANY_SIZE)),
            purged=self._purger.noted,
            log=exchange.log,
            failure=self._application.failure,
        )

    def considered(self, call: Call) -> tuple[Version | None, list[Considered[CompiledRoute]]]:
        """The version of `call`, and the routes that were looked at. Raises `Problem`."""
        return self.routes.considered(self._request(call))

    def named_by(self, call: Call) -> list[str]:
        """The parts of `call` that name its version; none where the default answers.

        Raises `Problem` as the selection of a version does.
        """
        versions, request = self.routes.versions, call.request()
        found = ["path"] if versions.in_path(request.path)[0] is not None else []
        # Each part is asked about by itself, so that it is the edge's rules that tell.
        for name in versions.vary:
            alone = Headers([field for field in request.headers if field[0] == name])
            if versions.select(None, Request(request.method, "/", headers=alone)) is not None:
                found.append(f"header {name}")
        if versions.select(None, Request(request.method, "/", request.query)) is not None:
            found.append(f"query {versions.query}")
        return found

    def _request(self, call: Call) -> Request:
        request = call.request()
        if call.body is not None:
            declared = request.headers.get("content-length")
            length = int(declared) if declared is not None and declared.isdigit() else None
            request.body = Content(call.body, length)
        if call.caller is not None:
            sent = request.headers.get("authorization")
            credential = sent.partition(" ")[2].strip() if sent else _credential_of(call.caller)
            if sent is None:
                request.headers.add("authorization", f"Bearer {credential}")
            self._platform.know(credential, call.caller, self._now)
        return request


def _credential_of(caller: Caller) -> str:
    """One for each caller, as the gateway remembers whom it has verified."""
    return "dry-run-" + hashlib.sha256(repr(caller).encode()).hexdigest()[:16]


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which waits for nothing: the platform answers at once."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise DryRunError("a plug-in waits for something outside, which a dry run does not have")


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    """The modules that an exception has come through, the innermost last."""
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__"))
        traceback = traceback.tb_next
