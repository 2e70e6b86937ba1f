"""The records over HTTP: which method on which path does what.

Paths are those of the newest public version without its prefix; the gateway turns older versions
into it. Reads are `no-cache` with an entity tag, so a client revalidates for little.
"""

import base64
import datetime
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from contract import problems
from contract.database import Database
from contract.problems import Problem
from contract.service import (
    JSON,
    MERGE_PATCH,
    ServiceRequest,
    ServiceResponse,
    decode_json,
    json_response,
)
from roadmaps.conditional import etag, if_match, none_match
from roadmaps.cursor import Cursor, decode_cursor
from roadmaps.models import (
    MilestonePatch,
    Milestones,
    NewMilestone,
    NewRoadmap,
    Page,
    Roadmap,
    RoadmapPatch,
)
from roadmaps.store import Store, Stored

_DEFAULT_LIMIT: Final = 20
_MAX_LIMIT: Final = 100
_NO_CACHE: Final = {"cache-control": "no-cache"}

_new_roadmap = msgspec.json.Decoder(NewRoadmap)
_roadmap_patch = msgspec.json.Decoder(RoadmapPatch)
_new_milestone = msgspec.json.Decoder(NewMilestone)
_milestone_patch = msgspec.json.Decoder(MilestonePatch)

Methods = Mapping[str, Callable[..., ServiceResponse]]


class Api:
    """Answers requests from a database, a clock (Unix seconds) and a source of random bytes."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._store = Store(database)
        self._clock = clock
        self._entropy = entropy
        self._statistics: Methods = {"GET": self._get_statistics}
        self._roadmaps: Methods = {"GET": self._list, "POST": self._create}
        self._roadmap: Methods = {"GET": self._get, "PATCH": self._change, "DELETE": self._delete}
        self._milestones: Methods = {
            "GET": self._list_milestones,
            "POST": self._create_milestone,
        }
        self._milestone: Methods = {
            "GET": self._get_milestone,
            "PATCH": self._change_milestone,
            "DELETE": self._delete_milestone,
        }

    def handle(self, request: ServiceRequest) -> ServiceResponse:
        """Answer one request. Raises `Problem` and `DatabaseUnavailable`."""
        methods, ids = self._resource(request.path)
        method = methods.get(request.method)
        if method is None:
            allowed = {"allow": ", ".join(methods)}
            raise Problem(problems.METHOD_NOT_ALLOWED, headers=allowed)
        if request.method != "GET":
            request.principal()
        return method(request, *ids)

    def _resource(self, path: str) -> tuple[Methods, tuple[str, ...]]:
        match path.split("/")[1:]:
            case ["statistics"]:
                return self._statistics, ()
            case ["roadmaps"]:
                return self._roadmaps, ()
            case ["roadmaps", id]:
                return self._roadmap, (id,)
            case ["roadmaps", id, "milestones"]:
                return self._milestones, (id,)
            case ["roadmaps", id, "milestones", milestone_id]:
                return self._milestone, (id, milestone_id)
            case _:
                raise Problem(problems.NOT_FOUND)

    def _get_statistics(self, request: ServiceRequest) -> ServiceResponse:
        lifetime = {"cache-control": "public, max-age=30"}
        return json_response(self._store.statistics(), headers=lifetime)

    def _list(self, request: ServiceRequest) -> ServiceResponse:
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        limit = _limit(query.get("limit"))
        include = query.get("include")
        if include not in (None, "milestones"):
            raise _malformed("include", "can only be `milestones`")
        # One more than asked for tells whether there is a next page.
        found = self._store.page(_cursor(query.get("cursor")), limit + 1)
        items = found[:limit]
        next_cursor = None
        if len(found) > limit:
            next_cursor = Cursor(items[-1].created_at, items[-1].id).encode()
        if include:
            items = self._store.with_milestones(items)
        return json_response(Page(items=tuple(items), next_cursor=next_cursor), headers=_NO_CACHE)

    def _create(self, request: ServiceRequest) -> ServiceResponse:
        new = decode_json(request, _new_roadmap, JSON)
        owner = request.principal().subject
        roadmap = self._store.create(self._new_id("rm"), new, owner, self._now())
        return _roadmap_response(roadmap, 201, {"location": f"/roadmaps/{roadmap.id}"})

    def _get(self, request: ServiceRequest, id: str) -> ServiceResponse:
        roadmap = self._store.get(id)
        if roadmap is None:
            raise _no_roadmap(id)
        if not none_match(request.headers.get("if-none-match"), roadmap.revision):
            return _not_modified(roadmap.revision)
        return _roadmap_response(roadmap)

    def _change(self, request: ServiceRequest, id: str) -> ServiceResponse:
        patch = decode_json(request, _roadmap_patch, MERGE_PATCH, JSON)
        expected = self._expected(request, id)
        roadmap = self._store.change(id, patch, self._now(), expected)
        if roadmap is None:
            raise _no_roadmap(id) if expected is None else _precondition_failed()
        return _roadmap_response(roadmap)

    def _delete(self, request: ServiceRequest, id: str) -> ServiceResponse:
        expected = self._expected(request, id)
        if not self._store.delete(id, expected):
            raise _no_roadmap(id) if expected is None else _precondition_failed()
        return ServiceResponse(204)

    def _list_milestones(self, request: ServiceRequest, id: str) -> ServiceResponse:
        milestones = self._store.milestones(id)
        if milestones is None:
            raise _no_roadmap(id)
        return json_response(Milestones(items=tuple(milestones)), headers=_NO_CACHE)

    def _create_milestone(self, request: ServiceRequest, roadmap_id: str) -> ServiceResponse:
        new = decode_json(request, _new_milestone, JSON)
        stored = self._store.create_milestone(self._new_id("ms"), roadmap_id, new, self._now())
        if stored is None:
            raise _no_roadmap(roadmap_id)
        location = f"/roadmaps/{roadmap_id}/milestones/{stored.milestone.id}"
        return _milestone_response(stored, 201, {"location": location})

    def _get_milestone(self, request: ServiceRequest, roadmap_id: str, id: str) -> ServiceResponse:
        stored = self._stored(roadmap_id, id)
        if not none_match(request.headers.get("if-none-match"), stored.revision):
            return _not_modified(stored.revision)
        return _milestone_response(stored)

    def _change_milestone(
        self, request: ServiceRequest, roadmap_id: str, id: str
    ) -> ServiceResponse:
        patch = decode_json(request, _milestone_patch, MERGE_PATCH, JSON)
        expected = self._expected(request, roadmap_id, id)
        stored = self._store.change_milestone(roadmap_id, id, patch, self._now(), expected)
        if stored is None:
            raise _no_milestone(id) if expected is None else _precondition_failed()
        return _milestone_response(stored)

    def _delete_milestone(
        self, request: ServiceRequest, roadmap_id: str, id: str
    ) -> ServiceResponse:
        expected = self._expected(request, roadmap_id, id)
        if not self._store.delete_milestone(roadmap_id, id, self._now(), expected):
            raise _no_milestone(id) if expected is None else _precondition_failed()
        return ServiceResponse(204)

    def _expected(
        self, request: ServiceRequest, roadmap_id: str, milestone_id: str | None = None
    ) -> int | None:
        """The revision that the change has to meet; None where the request sets no condition."""
        field = request.headers.get("if-match")
        if field is None:
            return None
        if milestone_id is not None:
            revision: int | None = self._stored(roadmap_id, milestone_id).revision
        else:
            revision = self._store.revision(roadmap_id)
        if revision is None:
            raise _no_roadmap(roadmap_id)
        if not if_match(field, revision):
            raise _precondition_failed()
        return revision

    def _stored(self, roadmap_id: str, id: str) -> Stored:
        stored = self._store.get_milestone(roadmap_id, id)
        if stored is None:
            raise _no_milestone(id)
        return stored

    def _now(self) -> str:
        now = datetime.datetime.fromtimestamp(self._clock(), datetime.UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{base64.b32encode(self._entropy(10)).decode().lower()}"


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= _MAX_LIMIT):
        raise _malformed("limit", f"is a number from 1 to {_MAX_LIMIT}")
    return int(text)


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    try:
        return decode_cursor(text)
    except ValueError:
        raise _malformed("cursor", "has to be a `next_cursor` of an earlier page") from None


def _malformed(parameter: str, rule: str) -> Problem:
    return Problem(problems.MALFORMED_REQUEST, f"The query parameter `{parameter}` {rule}.")


def _no_roadmap(id: str) -> Problem:
    return Problem(problems.NOT_FOUND, f"There is no roadmap `{id[:40]}`.")


def _no_milestone(id: str) -> Problem:
    return Problem(problems.NOT_FOUND, f"There is no milestone `{id[:40]}` in this roadmap.")


def _precondition_failed() -> Problem:
    return Problem(problems.PRECONDITION_FAILED)


def _not_modified(revision: int) -> ServiceResponse:
    return ServiceResponse(304, {"etag": etag(revision), **_NO_CACHE})


def _roadmap_response(
    roadmap: Roadmap, status: int = 200, headers: dict[str, str] | None = None
) -> ServiceResponse:
    fields = {"etag": etag(roadmap.revision), **_NO_CACHE, **(headers or {})}
    return json_response(roadmap, status, fields)


def _milestone_response(
    stored: Stored, status: int = 200, headers: dict[str, str] | None = None
) -> ServiceResponse:
    fields = {"etag": etag(stored.revision), **_NO_CACHE, **(headers or {})}
    return json_response(stored.milestone, status, fields)
