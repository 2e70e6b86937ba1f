"""The SQL of roadmaps and milestones. Every value is bound, every text a constant.

A change of a milestone also counts as a change of its roadmap, whose representation shows it; both
happen in one transaction. Statements that change a record take the revision they expect to find, or
None for any, so that a conditional request holds without a lock.
"""

from typing import Final

import msgspec
from msgspec import UNSET

from contract.database import Database, Row, Statement
from roadmaps.cursor import Cursor
from roadmaps.models import (
    Milestone,
    MilestonePatch,
    NewMilestone,
    NewRoadmap,
    Owner,
    Roadmap,
    RoadmapPatch,
    Statistics,
)

_STATISTICS: Final = (
    "SELECT (SELECT count(*) FROM roadmaps) AS roadmaps, count(*) AS milestones,"
    " coalesce(sum(done), 0) AS done FROM milestones"
)
_PAGE: Final = (
    "SELECT * FROM roadmaps WHERE (created_at, id) < (?, ?)"
    " ORDER BY created_at DESC, id DESC LIMIT ?"
)
_MILESTONES_OF_MANY: Final = (
    "SELECT * FROM milestones WHERE roadmap_id IN (SELECT value FROM json_each(?))"
    " ORDER BY roadmap_id, position, id"
)
_GET: Final = "SELECT * FROM roadmaps WHERE id = ?"
_MILESTONES: Final = "SELECT * FROM milestones WHERE roadmap_id = ? ORDER BY position, id"
_INSERT: Final = (
    "INSERT INTO roadmaps (id, title, summary, status, owner_id, created_at, updated_at, revision)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 1) RETURNING *"
)
_UPDATE: Final = (
    "UPDATE roadmaps SET title = coalesce(?, title), summary = coalesce(?, summary),"
    " status = coalesce(?, status), updated_at = ?, revision = revision + 1"
    " WHERE id = ? AND revision = coalesce(?, revision) RETURNING *"
)
_DELETE: Final = (
    "DELETE FROM roadmaps WHERE id = ? AND revision = coalesce(?, revision) RETURNING id"
)
_GET_MILESTONE: Final = "SELECT * FROM milestones WHERE roadmap_id = ? AND id = ?"
_INSERT_MILESTONE: Final = (
    "INSERT INTO milestones (id, roadmap_id, title, due_on, done, position, revision)"
    " SELECT ?, id, ?, ?, ?, coalesce(?, (SELECT coalesce(max(position) + 1, 0)"
    " FROM milestones WHERE roadmap_id = roadmaps.id)), 1 FROM roadmaps WHERE id = ?"
    " RETURNING *"
)
_UPDATE_MILESTONE: Final = (
    "UPDATE milestones SET title = coalesce(?, title),"
    " due_on = CASE WHEN ? THEN ? ELSE due_on END, done = coalesce(?, done),"
    " position = coalesce(?, position), revision = revision + 1"
    " WHERE roadmap_id = ? AND id = ? AND revision = coalesce(?, revision)"
    " RETURNING *"
)
_DELETE_MILESTONE: Final = (
    "DELETE FROM milestones WHERE roadmap_id = ? AND id = ? AND revision = coalesce(?, revision)"
    " RETURNING id"
)
_TOUCH: Final = "UPDATE roadmaps SET updated_at = ?, revision = revision + 1 WHERE id = ?"
# Runs before the change of a milestone, under the condition on which that one will happen.
_TOUCH_FOR: Final = (
    "UPDATE roadmaps SET updated_at = ?, revision = revision + 1 WHERE id = ?"
    " AND EXISTS (SELECT 1 FROM milestones WHERE roadmap_id = roadmaps.id AND id = ?"
    " AND revision = coalesce(?, revision))"
)

_FIRST: Final = Cursor("~", "")
"""Sorts after every time: the listing starts at its newest record."""


class Stored(msgspec.Struct, frozen=True):
    """A milestone and the revision that its entity tag is made from."""

    milestone: Milestone
    revision: int


class Store:
    """Roadmaps and milestones in a SQL database. Methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def statistics(self) -> Statistics:
        (row,) = self._database.query(_STATISTICS)
        return msgspec.convert(row, Statistics)

    def page(self, after: Cursor | None, limit: int) -> list[Roadmap]:
        """Up to `limit` roadmaps, newest first, those after `after`; without milestones."""
        rows = self._database.query(_PAGE, *(after or _FIRST), limit)
        return [_roadmap(row) for row in rows]

    def with_milestones(self, roadmaps: list[Roadmap]) -> list[Roadmap]:
        """The same roadmaps with their milestones, by one query for all of them."""
        ids = msgspec.json.encode([roadmap.id for roadmap in roadmaps]).decode()
        found: dict[str, list[Milestone]] = {roadmap.id: [] for roadmap in roadmaps}
        for row in self._database.query(_MILESTONES_OF_MANY, ids):
            found[row["roadmap_id"]].append(_milestone(row))
        return [
            msgspec.structs.replace(roadmap, milestones=tuple(found[roadmap.id]))
            for roadmap in roadmaps
        ]

    def get(self, id: str) -> Roadmap | None:
        """One roadmap with its milestones: two queries in one round trip."""
        roadmaps, milestones = self._database.batch(
            Statement(_GET, (id,)), Statement(_MILESTONES, (id,))
        )
        return _roadmap(roadmaps[0], milestones) if roadmaps else None

    def revision(self, id: str) -> int | None:
        """The current revision of a roadmap, None if there is none."""
        rows = self._database.query(_GET, id)
        return int(rows[0]["revision"]) if rows else None

    def create(self, id: str, new: NewRoadmap, owner_id: str, now: str) -> Roadmap:
        (row,) = self._database.query(
            _INSERT, id, new.title, new.summary, new.status.value, owner_id, now, now
        )
        return _roadmap(row, [])

    def change(
        self, id: str, patch: RoadmapPatch, now: str, expected: int | None
    ) -> Roadmap | None:
        """Apply `patch`; None if there is no such roadmap in the expected revision."""
        title = None if patch.title is UNSET else patch.title
        summary = None if patch.summary is UNSET else patch.summary or ""
        status = None if patch.status is UNSET else patch.status.value
        roadmaps, milestones = self._database.batch(
            Statement(_UPDATE, (title, summary, status, now, id, expected)),
            Statement(_MILESTONES, (id,)),
        )
        return _roadmap(roadmaps[0], milestones) if roadmaps else None

    def delete(self, id: str, expected: int | None) -> bool:
        """Whether there was such a roadmap in the expected revision; its milestones go with it."""
        return bool(self._database.query(_DELETE, id, expected))

    def milestones(self, id: str) -> list[Milestone] | None:
        """All milestones of a roadmap, None if there is no such roadmap."""
        roadmap = self.get(id)
        if roadmap is None or roadmap.milestones is UNSET:
            return None
        return list(roadmap.milestones)

    def get_milestone(self, roadmap_id: str, id: str) -> Stored | None:
        rows = self._database.query(_GET_MILESTONE, roadmap_id, id)
        return _stored(rows[0]) if rows else None

    def create_milestone(
        self, id: str, roadmap_id: str, new: NewMilestone, now: str
    ) -> Stored | None:
        """None if there is no such roadmap."""
        due_on = new.due_on.isoformat() if new.due_on else None
        values = (id, new.title, due_on, int(new.done), new.position, roadmap_id)
        rows, _ = self._database.batch(
            Statement(_INSERT_MILESTONE, values), Statement(_TOUCH, (now, roadmap_id))
        )
        return _stored(rows[0]) if rows else None

    def change_milestone(
        self, roadmap_id: str, id: str, patch: MilestonePatch, now: str, expected: int | None
    ) -> Stored | None:
        """Apply `patch`; None if there is no such milestone in the expected revision."""
        title = None if patch.title is UNSET else patch.title
        due_on = patch.due_on.isoformat() if patch.due_on else None
        done = None if patch.done is UNSET else int(patch.done)
        position = None if patch.position is UNSET else patch.position
        fields = (title, int(patch.due_on is not UNSET), due_on, done, position)
        values = (*fields, roadmap_id, id, expected)
        _, rows = self._database.batch(
            Statement(_TOUCH_FOR, (now, roadmap_id, id, expected)),
            Statement(_UPDATE_MILESTONE, values),
        )
        return _stored(rows[0]) if rows else None

    def delete_milestone(self, roadmap_id: str, id: str, now: str, expected: int | None) -> bool:
        """Whether there was such a milestone in the expected revision."""
        _, rows = self._database.batch(
            Statement(_TOUCH_FOR, (now, roadmap_id, id, expected)),
            Statement(_DELETE_MILESTONE, (roadmap_id, id, expected)),
        )
        return bool(rows)


def _roadmap(row: Row, milestones: list[Row] | None = None) -> Roadmap:
    members = {**row, "owner": Owner(row["owner_id"])}
    roadmap = msgspec.convert(members, Roadmap)
    if milestones is None:
        return roadmap
    return msgspec.structs.replace(
        roadmap, milestones=tuple(_milestone(milestone) for milestone in milestones)
    )


def _milestone(row: Row) -> Milestone:
    return msgspec.convert(row, Milestone, strict=False)  # SQLite's booleans are integers


def _stored(row: Row) -> Stored:
    return Stored(_milestone(row), row["revision"])
