"""An isolate's tables with a feed and an archive in memory, on a clock that tests set."""

import hashlib
from collections.abc import Coroutine
from typing import Any

import msgspec

from admin.endpoints import AdminSurroundings, endpoints
from admin.plane import AdminPlane
from application import Application, Control
from contract.audit import AuditEntry, Entries, EntriesRequest, Record
from contract.change_log import ChangeLog
from contract.feed import AppendRequest, Changes, Kind, PointerAnswer, PointerRequest, TablePointer
from memory import Memory
from ports import Unavailable
from routing.table import Table
from tables.live import BuiltIn, Surroundings, Tables
from tables.pace import Pace
from tests.unit.fakes import NOW, Clock, FakePlatform, run
from tests.unit.tables import route, table

ADMIN_HOST = "admin.example.com"
PACE = Pace(max_age=5.0, deadline=0.3, first_deadline=1.0)


def stored(name: str) -> tuple[str, bytes]:
    document = msgspec.json.encode(table(route(name=name)))
    return hashlib.sha256(document).hexdigest(), document


class FakeFeed:
    """A log in memory, which answers at once or is down."""

    def __init__(self, clock: Clock) -> None:
        self.log = ChangeLog()
        self.asked: list[float] = []
        self.down = False
        self._clock = clock

    async def since(self, sequence: int | None, *, timeout: float) -> Changes:
        self.asked.append(timeout)
        if self.down:
            raise Unavailable("change feed", timed_out=True)
        return self.log.since(sequence)

    async def append(self, kind: Kind, change: bytes, *, timeout: float) -> int:
        if self.down:
            raise Unavailable("change feed")
        entry = self.log.appended(
            AppendRequest(kind=kind, change=msgspec.Raw(change)), self._clock.now
        )
        if kind == Kind.PURGE:
            self.log.take_purge(entry)
        else:
            self.log.take_entry(entry)
        return entry.sequence

    async def move_pointer(self, request: PointerRequest, *, timeout: float) -> PointerAnswer:
        pointer = self.log.moved(request, self._clock.now)
        if pointer is None:
            return PointerAnswer(accepted=False, pointer=self.log.pointer)
        self.log.take_pointer(pointer)
        return PointerAnswer(accepted=True, pointer=pointer)

    async def history(self, limit: int, *, timeout: float) -> tuple[TablePointer, ...]:
        if self.down:
            raise Unavailable("change feed")
        return self.log.history(limit)

    def point(self, current: str, built_in: str, **more: Any) -> None:
        standing = self.log.pointer
        request = PointerRequest(
            expected=standing.sequence if standing else 0,
            current=current,
            parent=built_in,
            built_in=built_in,
            author="ada",
            subject="ada",
            **more,
        )
        pointer = self.log.moved(request, self._clock.now)
        assert pointer is not None
        self.log.take_pointer(pointer)


class FakeArchive:
    """A dict, which may be down."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.down = False

    async def get(self, id: str, *, timeout: float) -> bytes | None:
        self.asked.append(id)
        if self.down:
            raise Unavailable("table archive", timed_out=True)
        return self.documents.get(id)

    async def put(self, id: str, document: bytes, metadata: Any, *, timeout: float) -> None:
        self.documents[id] = document


class FakeAudit:
    """A list, which may be down from a number of entries on."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.down_from: int | None = None

    async def append(self, record: Record, *, timeout: float) -> int:
        if self.down_from is not None and len(self.records) >= self.down_from:
            raise Unavailable("audit log", timed_out=True)
        self.records.append(record)
        return len(self.records)

    async def entries(self, request: EntriesRequest, *, timeout: float) -> Entries:
        if self.down_from is not None:
            raise Unavailable("audit log", timed_out=True)
        kept = [
            AuditEntry(sequence=number, at=NOW, record=record)
            for number, record in enumerate(self.records, 1)
        ]
        shown = (
            kept[-request.limit :]
            if request.after is None
            else kept[request.after :][: request.limit]
        )
        return Entries(entries=tuple(shown), oldest=min(1, len(kept)), newest=len(kept))


class Isolate:
    """Tables with everything around them; deferred work runs when `settle` is called."""

    def __init__(self, *, bound: bool = True) -> None:
        self.clock = Clock()
        self.feed = FakeFeed(self.clock)
        self.archive = FakeArchive()
        self.audit = FakeAudit()
        self.memory = Memory()
        self.lines: list[dict[str, Any]] = []
        self.deferred: list[Coroutine[Any, Any, None]] = []
        self.paused = 0
        id, document = stored("built-in")
        self.built_in = BuiltIn(table(route(name="built-in")), id, document)
        self.platform = FakePlatform()
        feed = self.feed if bound else None
        archive = self.archive if bound else None

        def make(tables: Tables, made: Table, id: str) -> Application:
            around = AdminSurroundings(
                self.platform,
                self.memory,
                tables,
                feed,
                archive,
                self.audit,
                {"DATA", "AUTH"}.__contains__,
            )
            plane = AdminPlane(endpoints(around), self.platform, self.memory, self.audit)
            control = Control(tables.describe, ADMIN_HOST, plane)
            return Application(made, id, self.platform, self.memory, control)

        around = Surroundings(
            feed,
            archive,
            self.memory,
            PACE,
            lambda: self.clock.now,
            self.pause,
            self.lines.append,
        )
        self.tables = Tables(self.built_in, make, around)

    async def pause(self, seconds: float) -> None:
        self.paused += 1
        self.clock.now += seconds

    def store(self, name: str) -> str:
        id, document = stored(name)
        self.archive.documents[id] = document
        return id

    def publish(self, name: str, **more: Any) -> str:
        id = self.store(name)
        self.feed.point(id, self.built_in.id, **more)
        return id

    def request(self) -> str:
        """What a request does, and the table that it gets."""
        if self.clock.now >= self.tables.look_at:
            run(self.tables.catch_up(self.clock.now, self.deferred.append))
        return self.tables.current.table_id

    def settle(self) -> None:
        while self.deferred:
            run(self.deferred.pop(0))

    def after(self, seconds: float) -> "Isolate":
        self.clock.now += seconds
        return self
