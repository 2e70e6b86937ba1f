"""Which table answers: the built-in one, or what the change feed points at, as soon as it is good.

An isolate asks the feed once for each `Pace.max_age`. Whatever goes wrong, the last good table goes
on. Nothing here is shared between requests but plain values: a request never waits for the promise
of another, and what is kept is only ever changed in one go, after what had to be waited for came.
"""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from application import SHORT, Application
from contract.feed import Changes, Kind, Purge, Revocation, TablePointer
from memory import Memory
from messages import Headers
from ports import ChangeFeed, TableArchive, Unavailable
from routing.table import Table
from tables.document import Unusable, read_document
from tables.pace import Pace
from tables.sharing import identity_of, is_in_share

Defer = Callable[[Coroutine[Any, Any, None]], None]
_decode_purge = msgspec.json.Decoder(Purge).decode
_decode_revocation = msgspec.json.Decoder(Revocation).decode


class Surroundings(NamedTuple):
    """What an isolate has besides the tables. Feed and archive are None where nothing is bound."""

    feed: ChangeFeed | None
    archive: TableArchive | None
    memory: Memory
    pace: Pace
    clock: Callable[[], float]
    """Unix seconds."""
    pause: Callable[[float], Awaitable[Any]]
    """Lets so many seconds go by."""
    log: Callable[[dict[str, Any]], None]


class BuiltIn(NamedTuple):
    """The table that came with the deploy."""

    table: Table
    id: str
    document: bytes


class _Failure(NamedTuple):
    """A table that could not be taken, why, and when to try again (Unix seconds)."""

    reason: str
    times: int
    retry_at: float


class Tables:
    """The tables of an isolate."""

    KEPT: Final = 4
    """Compiled tables besides the built-in one; those not used lately go first."""

    LONGEST_BACKOFF: Final = 30.0
    """Seconds between two attempts to take a table that is not there, or not good."""

    def __init__(
        self,
        built_in: BuiltIn,
        make: Callable[["Tables", Table, str], Application],
        around: Surroundings,
    ) -> None:
        self.built_in = built_in
        self._make = make
        self._around = around
        self._loaded: dict[str, Application] = {}
        self._failures: dict[str, _Failure] = {}
        self._sequence: int | None = None
        self._pointer: TablePointer | None = None
        self._standing = 0  # the sequence of the pointer; 0 once the feed has lost it
        self._attempted_at: float | None = None
        self._looks = 0
        self._looked_at: float | None = None
        self._looking_until = 0.0
        self._feed_failure = ""
        self._since = around.clock()
        self._built_in = make(self, built_in.table, built_in.id)
        self.current = self._built_in
        """Answers everybody who does not get the candidate."""
        self.candidate: Application | None = None
        self.look_at = 0.0 if self.can_publish else float("inf")
        """Unix seconds from which on a request has to call `catch_up` before it is answered."""

    @property
    def can_publish(self) -> bool:
        """Whether feed and archive are bound."""
        return self._around.feed is not None and self._around.archive is not None

    @property
    def max_age(self) -> float:
        """T, in seconds."""
        return self._around.pace.max_age

    def choose(self, headers: Headers) -> Application:
        """The application for a client, where there is a candidate."""
        pointer, candidate = self._pointer, self.candidate
        if candidate is None or pointer is None:
            return self.current
        chosen = is_in_share(identity_of(headers), candidate.table_id, pointer.percent)
        return candidate if chosen else self.current

    async def catch_up(self, now: float, defer: Defer) -> None:
        """Look for changes: behind the answer while what is known is young enough, else before."""
        pace = self._around.pace
        first = self._attempted_at is None
        stale = self._attempted_at is None or now >= self._attempted_at + pace.max_age
        if now < self._looking_until:
            if stale:
                await self._wait_for_another()
        elif not stale:
            self._looking_until = now + pace.background_deadline
            defer(self.look(pace.background_deadline))
        else:
            deadline = pace.first_deadline if first else pace.deadline
            self._looking_until = now + deadline
            await self.look(deadline)
            if self._is_behind():  # the archive was too slow: it may take longer than a client
                defer(self.look(pace.background_deadline))

    async def look(self, deadline: float) -> None:
        """Ask the feed what is new, and take it in. Never raises; over after `deadline` seconds."""
        feed, clock = self._around.feed, self._around.clock
        if feed is None:
            return
        began = clock()
        end, known_at = began + deadline, None
        try:
            asked = self._sequence
            changes = await feed.since(asked, timeout=deadline)
            if asked is not None and changes.sequence < asked:
                changes = await feed.since(None, timeout=max(0.0, end - clock()))
                self._restart(changes)
            self._take(changes)
            # What is known is as old as the question: the feed may have answered at once, and the
            # answer have come late.
            known_at = self._looked_at = began
            self._feed_failure = ""
            await self._load(end)
        except Exception as failure:
            # Whatever it is, such as an answer of another time that cannot be read, a request that
            # happens to be the one that looks is answered all the same.
            said = str(failure) if isinstance(failure, Unavailable) else repr(failure)[:300]
            if not self._feed_failure:
                self._log("error", "feed", error=said)
            self._feed_failure = said
        self._attempted_at = known_at if known_at is not None else clock()
        self._looks += 1
        self._looking_until = 0.0
        self.look_at = self._attempted_at + self._around.pace.background_from

    def describe(self, application: Application) -> dict[str, Any]:
        """What `/healthz` says about the table that answers, and about the looks."""
        pointer = self._pointer if self._follows() else None
        published = application is not self._built_in
        said: dict[str, Any] = {
            "id": application.table_id,
            "source": "published" if published else "built-in",
            "sequence": pointer.sequence if pointer is not None else None,
            "since": _moment(self._since),
            "looked_at": _moment(self._looked_at),
            "feed": "not bound" if not self.can_publish else self._feed_failure or "ok",
        }
        if self._pointer is not None and pointer is None:
            said["passed_over"] = self._pointer.sequence
        if pointer is not None and pointer.candidate is not None:
            said["candidate"] = {"id": pointer.candidate, "percent": pointer.percent}
        missing = {id: self._failures[id].reason for id in self._wanted() if id in self._failures}
        if missing:
            said["not_taken"] = missing
        return said

    async def _wait_for_another(self) -> None:
        """Until the request that is looking has looked; by timers of our own, as its promise may
        not be waited for, and it may have been aborted."""
        looks, step = self._looks, 0.002
        clock = self._around.clock
        while self._looks == looks and clock() < self._looking_until:
            await self._around.pause(step)
            step = min(step * 2, 0.05)

    def _take(self, changes: Changes) -> None:
        """What the feed said, into what is kept. An older answer than the last changes nothing."""
        remembered, purges = self._around.memory.remembered, self._around.memory.purges
        if changes.missed:
            remembered.clear()
        for entry in changes.entries:
            if entry.kind == Kind.REVOCATION:
                try:
                    remembered.forget(_decode_revocation(entry.change).credential_id)
                except msgspec.MsgspecError:  # of whom it speaks is not to be known
                    remembered.clear()
            elif entry.kind == Kind.PURGE:
                try:
                    purges.learn(entry.sequence, _decode_purge(entry.change), entry.at)
                except msgspec.MsgspecError:  # what it names is not to be known
                    purges.distrust(entry.sequence)
        purges.distrust(changes.purged_before)
        purges.heard(changes.sequence, self._around.clock())
        self._sequence = max(self._sequence or 0, changes.sequence)
        pointer = changes.pointer
        if pointer is not None and pointer.sequence > self._standing:
            self._pointer, self._standing = pointer, pointer.sequence
            if pointer.built_in != self.built_in.id:
                self._log("info", "passed-over", sequence=pointer.sequence)
        self._settle()

    def _restart(self, changes: Changes) -> None:
        """The feed has begun anew: go on with the last good table until it points somewhere."""
        self._log("error", "feed-restarted", sequence=changes.sequence)
        self._around.memory.remembered.clear()
        self._around.memory.purges.restart()
        self._sequence, self._standing = None, 0

    def _follows(self) -> bool:
        """Whether the pointer counts: not where another table has been deployed since."""
        return self._pointer is not None and self._pointer.built_in == self.built_in.id

    def _wanted(self) -> list[str]:
        pointer = self._pointer
        if pointer is None or not self._follows():
            return []
        return [id for id in (pointer.current, pointer.candidate) if id is not None]

    def _at_hand(self, id: str) -> Application | None:
        return self._built_in if id == self.built_in.id else self._loaded.get(id)

    def _is_behind(self) -> bool:
        return any(self._at_hand(id) is None and id not in self._failures for id in self._wanted())

    async def _load(self, end: float) -> None:
        """Take the tables that are pointed at and not here, until `end`. Raises `Unavailable`."""
        archive, clock = self._around.archive, self._around.clock
        if archive is None:
            return
        for id in self._wanted():
            failure = self._failures.get(id)
            if self._at_hand(id) is not None or (failure and clock() < failure.retry_at):
                continue
            document = await archive.get(id, timeout=max(0.0, end - clock()))
            try:
                if document is None:
                    raise Unusable("missing", "the archive does not have it, or not here yet")
                self._keep(id, self._made(id, document))
            except Unusable as wrong:
                self._put_off(id, wrong)
            self._settle()

    def _made(self, id: str, document: bytes) -> Application:
        table = read_document(id, document)
        try:
            return self._make(self, table, id)
        except Exception as error:
            raise Unusable("invalid", f"it cannot be compiled: {error!r}"[:500]) from error

    def _keep(self, id: str, application: Application) -> None:
        in_use = {self.current.table_id, *self._wanted()}
        for old in [old for old in self._loaded if old not in in_use]:
            if len(self._loaded) < self.KEPT:
                break
            del self._loaded[old]
        self._loaded[id] = application
        self._failures.pop(id, None)

    def _put_off(self, id: str, wrong: Unusable) -> None:
        before = self._failures.get(id)
        times = before.times + 1 if before is not None else 1
        wait = min(2.0 ** (times - 1), self.LONGEST_BACKOFF)
        wanted = self._wanted()
        self._failures = {one: failure for one, failure in self._failures.items() if one in wanted}
        self._failures[id] = _Failure(wrong.reason, times, self._around.clock() + wait)
        self._log("error", "kept", reason=wrong.reason, refused=id[:SHORT], detail=wrong.detail)

    def _settle(self) -> None:
        """Let those answer that are pointed at and here; where one is not, the last good one."""
        pointer = self._pointer
        current, candidate = self.current, None
        if pointer is not None and not self._follows():
            current = self._built_in
        elif pointer is not None:
            wanted = self._at_hand(pointer.current)
            if wanted is not None:
                current = wanted
                candidate = self._at_hand(pointer.candidate) if pointer.candidate else None
        self.candidate = candidate
        if current is not self.current:
            before, self.current = self.current, current
            self._since = self._around.clock()
            # The one used last stands last.
            if (kept := self._loaded.pop(current.table_id, None)) is not None:
                self._loaded[current.table_id] = kept
            self._log("info", "changed", previous=before.short_id)

    def _log(self, level: str, what: str, **more: Any) -> None:
        line = {"level": level, "event": "table", "what": what, **more}
        self._around.log({**line, "table": self.current.short_id})


def _moment(time: float | None) -> str | None:
    """Unix seconds as RFC 3339 has it."""
    if time is None:
        return None
    moment = datetime.fromtimestamp(time, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
