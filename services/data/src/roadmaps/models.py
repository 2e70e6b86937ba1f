"""The records as the API shows them, and the bodies that it accepts."""

import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Summary = Annotated[str, Meta(max_length=2000)]
Position = Annotated[int, Meta(ge=0, le=1_000_000)]


class Status(StrEnum):
    """Where a roadmap is in its life."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class Owner(msgspec.Struct, frozen=True):
    """Who created a roadmap: the `subject` of the caller's credentials."""

    id: str


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a roadmap."""

    id: str
    roadmap_id: str
    title: str
    due_on: datetime.date | None
    done: bool
    position: int


class Roadmap(msgspec.Struct, frozen=True, kw_only=True):
    """A roadmap. Times are RFC 3339 in UTC; `revision` grows with each change, also of a milestone.

    `milestones` is there only where the request asked for it.
    """

    id: str
    title: str
    summary: str
    status: Status
    owner: Owner
    created_at: str
    updated_at: str
    revision: int
    milestones: tuple[Milestone, ...] | UnsetType = UNSET


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Part of the listing. `next_cursor` is null on the last page."""

    items: tuple[Roadmap, ...]
    next_cursor: str | None


class Milestones(msgspec.Struct, frozen=True, kw_only=True):
    """All milestones of one roadmap, by position."""

    items: tuple[Milestone, ...]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all records; `done` counts milestones."""

    roadmaps: int
    milestones: int
    done: int


class NewRoadmap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a POST of a roadmap."""

    title: Title
    summary: Summary = ""
    status: Status = Status.DRAFT


class RoadmapPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Merge patch (RFC 7396) of a roadmap. Null removes, which only the summary allows."""

    title: Title | UnsetType = UNSET
    summary: Summary | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET


class NewMilestone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a POST of a milestone. Without a position it becomes the last one."""

    title: Title
    due_on: datetime.date | None = None
    done: bool = False
    position: Position | None = None


class MilestonePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Merge patch (RFC 7396) of a milestone. Null removes, which only the due date allows."""

    title: Title | UnsetType = UNSET
    due_on: datetime.date | UnsetType | None = UNSET
    done: bool | UnsetType = UNSET
    position: Position | UnsetType = UNSET
