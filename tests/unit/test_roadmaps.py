"""The data Worker's API on a real SQLite: records, pages, conditions, errors, query counts."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from contract.auth import CredentialKind, Principal
from contract.service import ServiceRequest, ServiceResponse, answer
from roadmaps.api import Api
from tests.unit.sqlite_database import SqliteDatabase

NOW = 1_800_000_000.0
ALICE = Principal(subject="alice", kind=CredentialKind.TOKEN)


class Service:
    """The API on an empty database, with a clock that ticks at each write and known ids."""

    def __init__(self) -> None:
        self.database = SqliteDatabase("services/data/migrations")
        self.log: list[dict[str, Any]] = []
        self._time = NOW
        self._ids = 0
        self._api = Api(self.database, clock=self._tick, entropy=self._bytes)

    def __call__(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        anonymous: str = "",
        **fields: str,
    ) -> ServiceResponse:
        path, _, query = target.partition("?")
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if body is not None:
            headers.setdefault("content-type", "application/json")
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        content = b"" if body is None else content
        request = ServiceRequest(
            method, path, query, headers, content, None if anonymous else ALICE
        )
        return answer(self._api.handle, request, self.log.append)

    def create(self, title: str = "Launch", milestones: int = 0) -> str:
        """A new roadmap's id."""
        created = read(self("POST", "/roadmaps", {"title": title}))
        for number in range(milestones):
            self("POST", f"/roadmaps/{created['id']}/milestones", {"title": f"Step {number}"})
        return str(created["id"])

    def _tick(self) -> float:
        self._time += 1
        return self._time

    def _bytes(self, count: int) -> bytes:
        self._ids += 1
        return hashlib.sha256(str(self._ids).encode()).digest()[:count]


@pytest.fixture
def service() -> Service:
    return Service()


def read(response: ServiceResponse) -> Any:
    """The JSON of a response, which has to be a success."""
    assert response.status in (200, 201), response.body
    assert response.body is not None
    return msgspec.json.decode(response.body)


def problem(response: ServiceResponse) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    document = msgspec.json.decode(response.body or b"")
    assert document["status"] == response.status
    return response.status, document["code"]


def test_a_new_roadmap_has_defaults_and_an_owner(service: Service) -> None:
    response = service("POST", "/roadmaps", {"title": "Launch"})
    roadmap = read(response)
    assert roadmap == {
        "id": roadmap["id"],
        "title": "Launch",
        "summary": "",
        "status": "draft",
        "owner": {"id": "alice"},
        "created_at": "2027-01-15T08:00:01.000Z",
        "updated_at": "2027-01-15T08:00:01.000Z",
        "revision": 1,
        "milestones": [],
    }
    assert roadmap["id"].startswith("rm_")
    assert response.status == 201
    assert response.headers["location"] == f"/roadmaps/{roadmap['id']}"
    assert response.headers["etag"] == '"1"'
    assert read(service("GET", response.headers["location"])) == roadmap


PATCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"title": "New"}, {"title": "New", "summary": "Why", "status": "active"}),
    ({"status": "archived"}, {"title": "Old", "summary": "Why", "status": "archived"}),
    ({"summary": ""}, {"title": "Old", "summary": "", "status": "active"}),
    ({"summary": None}, {"title": "Old", "summary": "", "status": "active"}),
    ({}, {"title": "Old", "summary": "Why", "status": "active"}),
]


@pytest.mark.parametrize(("patch", "expected"), PATCHES)
def test_a_patch_changes_what_it_names(
    service: Service, patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    new = {"title": "Old", "summary": "Why", "status": "active"}
    path = f"/roadmaps/{read(service('POST', '/roadmaps', new))['id']}"
    response = service("PATCH", path, patch, content_type="application/merge-patch+json")
    changed = read(response)
    assert {name: changed[name] for name in expected} == expected
    assert changed["revision"] == 2
    assert changed["updated_at"] > changed["created_at"]
    assert response.headers["etag"] == '"2"'
    assert read(service("GET", path)) == changed


def test_milestones_are_kept_in_order_and_change_their_roadmap(service: Service) -> None:
    path = f"/roadmaps/{service.create()}"
    first = read(service("POST", f"{path}/milestones", {"title": "One"}))
    last = read(
        service("POST", f"{path}/milestones", {"title": "Nine", "position": 9, "done": True})
    )
    after = read(service("POST", f"{path}/milestones", {"title": "Ten", "due_on": "2027-02-28"}))
    assert [m["position"] for m in (first, last, after)] == [0, 9, 10]
    assert after["due_on"] == "2027-02-28"

    moved = service("PATCH", f"{path}/milestones/{last['id']}", {"position": 20, "done": False})
    assert read(moved) == {**last, "position": 20, "done": False}
    cleared = service("PATCH", f"{path}/milestones/{after['id']}", {"due_on": None})
    assert read(cleared) == {**after, "due_on": None}
    assert service("DELETE", f"{path}/milestones/{first['id']}").status == 204

    listed = read(service("GET", f"{path}/milestones"))["items"]
    assert listed == [read(cleared), read(moved)]
    assert read(service("GET", f"{path}/milestones/{after['id']}")) == read(cleared)
    roadmap = read(service("GET", path))
    assert roadmap["milestones"] == listed
    assert roadmap["revision"] == 1 + 6


def test_deleting_a_roadmap_deletes_its_milestones(service: Service) -> None:
    id = service.create(milestones=2)
    assert service("DELETE", f"/roadmaps/{id}").status == 204
    assert problem(service("GET", f"/roadmaps/{id}")) == (404, "not-found")
    assert read(service("GET", "/statistics")) == {"roadmaps": 0, "milestones": 0, "done": 0}


def test_pages_follow_each_other_newest_first(service: Service) -> None:
    ids = [service.create(f"Roadmap {number}") for number in range(7)]
    seen: list[str] = []
    target = "/roadmaps?limit=3"
    sizes = []
    while True:
        page = read(service("GET", target))
        sizes.append(len(page["items"]))
        seen += [item["id"] for item in page["items"]]
        assert all("milestones" not in item for item in page["items"])
        if page["next_cursor"] is None:
            break
        service.create("written while somebody reads")
        target = f"/roadmaps?limit=3&cursor={page['next_cursor']}"
    assert seen == ids[::-1]
    assert sizes == [3, 3, 1]


def test_records_of_one_moment_are_paged_by_id(service: Service) -> None:
    service._tick = lambda: NOW  # type: ignore[method-assign]
    service._api._clock = service._tick
    ids = sorted((service.create() for _ in range(5)), reverse=True)
    first = read(service("GET", "/roadmaps?limit=2"))
    rest = read(service("GET", f"/roadmaps?limit=9&cursor={first['next_cursor']}"))
    assert [item["id"] for item in first["items"] + rest["items"]] == ids


def test_statistics_count_everything_and_may_be_cached(service: Service) -> None:
    id = service.create(milestones=3)
    service("POST", f"/roadmaps/{id}/milestones", {"title": "Done", "done": True})
    response = service("GET", "/statistics", anonymous="yes")
    assert read(response) == {"roadmaps": 1, "milestones": 4, "done": 1}
    assert response.headers["cache-control"] == "public, max-age=30"


QUERIES = [
    ("/statistics", 1, 1),
    ("/roadmaps?limit=5", 1, 1),
    ("/roadmaps?limit=5&include=milestones", 2, 2),
    ("/roadmaps/{id}", 2, 1),
    ("/roadmaps/{id}/milestones", 2, 1),
]


@pytest.mark.parametrize(("target", "queries", "round_trips"), QUERIES)
def test_the_number_of_queries_does_not_grow_with_the_records(
    service: Service, target: str, queries: int, round_trips: int
) -> None:
    ids = [service.create(milestones=3) for _ in range(5)]
    service.database.queries = service.database.round_trips = 0
    content = read(service("GET", target.format(id=ids[0])))
    assert (service.database.queries, service.database.round_trips) == (queries, round_trips)
    if "include" in target:
        assert [len(item["milestones"]) for item in content["items"]] == [3] * 5


class Condition(NamedTuple):
    """A conditional request on a record whose entity tag is "2", and the answer's status."""

    method: str
    field: str
    value: str
    status: int


CONDITIONS = [
    Condition("GET", "if_none_match", '"2"', 304),
    Condition("GET", "if_none_match", 'W/"2"', 304),
    Condition("GET", "if_none_match", '"1", "2"', 304),
    Condition("GET", "if_none_match", "*", 304),
    Condition("GET", "if_none_match", '"1"', 200),
    Condition("PATCH", "if_match", '"2"', 200),
    Condition("PATCH", "if_match", '"7", "2"', 200),
    Condition("PATCH", "if_match", "*", 200),
    Condition("PATCH", "if_match", '"1"', 412),
    Condition("PATCH", "if_match", 'W/"2"', 412),
    Condition("PATCH", "if_match", "2", 412),
    Condition("DELETE", "if_match", '"2"', 204),
    Condition("DELETE", "if_match", '"1"', 412),
]


@pytest.mark.parametrize("kind", ["roadmap", "milestone"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_are_honoured(service: Service, condition: Condition, kind: str) -> None:
    path = f"/roadmaps/{service.create()}"
    if kind == "milestone":
        created = read(service("POST", f"{path}/milestones", {"title": "Step"}))
        path = f"{path}/milestones/{created['id']}"
    service("PATCH", path, {"title": "Second"})
    body = {"title": "Third"} if condition.method == "PATCH" else None
    response = service(condition.method, path, body, **{condition.field: condition.value})
    assert response.status == condition.status
    if condition.status in (200, 304):
        assert response.headers["etag"] == ('"3"' if condition.method == "PATCH" else '"2"')
    if condition.status == 412:
        assert problem(response) == (412, "precondition-failed")
        assert read(service("GET", path))["title"] == "Second"


def test_a_change_between_condition_and_write_is_noticed(service: Service) -> None:
    """The revision that was compared is also the one that the write insists on."""
    path = f"/roadmaps/{service.create()}"
    revision = service._api._store.revision
    service._api._store.revision = lambda id: _overtaken(service, path, revision, id)  # type: ignore[method-assign]
    late = service("PATCH", path, {"title": "Mine"}, if_match='"1"')
    assert problem(late) == (412, "precondition-failed")
    assert read(service("GET", path))["title"] == "Theirs"


def _overtaken(
    service: Service, path: str, revision: Callable[[str], int | None], id: str
) -> int | None:
    found = revision(id)
    service("PATCH", path, {"title": "Theirs"})
    return found


JSON_TYPE, FORM = "application/json", "application/x-www-form-urlencoded"
NEW = {"title": "Launch"}
ERRORS: dict[str, tuple[tuple[str, str, Any, dict[str, Any]], int, str]] = {
    "no such path": (("GET", "/nothing", None, {}), 404, "not-found"),
    "a path that goes on": (("GET", "/roadmaps/a/b", None, {}), 404, "not-found"),
    "a trailing slash": (("GET", "/roadmaps/", None, {}), 404, "not-found"),
    "no such roadmap": (("GET", "/roadmaps/rm_x", None, {}), 404, "not-found"),
    "patching no roadmap": (("PATCH", "/roadmaps/rm_x", NEW, {}), 404, "not-found"),
    "patching no roadmap, on condition": (
        ("PATCH", "/roadmaps/rm_x", NEW, {"if_match": "*"}),
        *(404, "not-found"),
    ),
    "deleting no roadmap": (("DELETE", "/roadmaps/rm_x", None, {}), 404, "not-found"),
    "milestones of no roadmap": (("GET", "/roadmaps/x/milestones", None, {}), 404, "not-found"),
    "a milestone for no roadmap": (("POST", "/roadmaps/x/milestones", NEW, {}), 404, "not-found"),
    "no such milestone": (("GET", "/roadmaps/x/milestones/y", None, {}), 404, "not-found"),
    "patching no milestone": (("PATCH", "/roadmaps/x/milestones/y", NEW, {}), 404, "not-found"),
    "deleting no milestone": (("DELETE", "/roadmaps/x/milestones/y", None, {}), 404, "not-found"),
    "a method of no use": (("PUT", "/roadmaps", NEW, {}), 405, "method-not-allowed"),
    "writing without a caller": (
        ("POST", "/roadmaps", NEW, {"anonymous": "yes"}),
        *(401, "unauthenticated"),
    ),
    "an identity that is none": (
        ("POST", "/roadmaps", NEW, {"anonymous": "yes", "gateway_identity": "alice"}),
        *(401, "unauthenticated"),
    ),
    "deleting without a caller": (
        ("DELETE", "/roadmaps/rm_x", None, {"anonymous": "yes"}),
        *(401, "unauthenticated"),
    ),
    "a form": (
        ("POST", "/roadmaps", b"title=x", {"content_type": FORM}),
        *(415, "unsupported-media-type"),
    ),
    "a patch sent to create": (
        ("POST", "/roadmaps", NEW, {"content_type": "application/merge-patch+json"}),
        *(415, "unsupported-media-type"),
    ),
    "broken JSON": (("POST", "/roadmaps", b'{"title":', {}), 400, "invalid-json"),
    "broken behind an unknown member": (("POST", "/roadmaps", b'{"a":', {}), 400, "invalid-json"),
    "no body": (("POST", "/roadmaps", b"", {}), 400, "invalid-json"),
    "not UTF-8": (("POST", "/roadmaps", b'{"title":"\xff"}', {}), 400, "invalid-json"),
    "a list": (("POST", "/roadmaps", [], {}), 422, "invalid-content"),
    "a title is missing": (("POST", "/roadmaps", {}, {}), 422, "invalid-content"),
    "an empty title": (("POST", "/roadmaps", {"title": ""}, {}), 422, "invalid-content"),
    "a long title": (("POST", "/roadmaps", {"title": "x" * 201}, {}), 422, "invalid-content"),
    "a long summary": (
        ("POST", "/roadmaps", {**NEW, "summary": "x" * 2001}, {}),
        *(422, "invalid-content"),
    ),
    "an unknown status": (
        ("POST", "/roadmaps", {**NEW, "status": "open"}, {}),
        *(422, "invalid-content"),
    ),
    "an unknown member": (
        ("POST", "/roadmaps", {**NEW, "owner": "bob"}, {}),
        *(422, "invalid-content"),
    ),
    "a title that is removed": (
        ("PATCH", "/roadmaps/rm_x", {"title": None}, {}),
        *(422, "invalid-content"),
    ),
    "a day that does not exist": (
        ("POST", "/roadmaps/x/milestones", {**NEW, "due_on": "2027-02-30"}, {}),
        *(422, "invalid-content"),
    ),
    "limit 0": (("GET", "/roadmaps?limit=0", None, {}), 400, "malformed-request"),
    "limit 101": (("GET", "/roadmaps?limit=101", None, {}), 400, "malformed-request"),
    "limit in words": (("GET", "/roadmaps?limit=ten", None, {}), 400, "malformed-request"),
    "limit of other digits": (
        ("GET", "/roadmaps?limit=%D9%A3", None, {}),
        *(400, "malformed-request"),
    ),
    "a cursor of our own": (("GET", "/roadmaps?cursor=abc", None, {}), 400, "malformed-request"),
    "an empty cursor": (("GET", "/roadmaps?cursor=", None, {}), 400, "malformed-request"),
    "a cursor of other letters": (
        ("GET", "/roadmaps?cursor=%C3%A4", None, {}),
        *(400, "malformed-request"),
    ),
    "include of something else": (
        ("GET", "/roadmaps?include=owner", None, {}),
        *(400, "malformed-request"),
    ),
}


@pytest.mark.parametrize(("request_", "status", "code"), ERRORS.values(), ids=ERRORS)
def test_errors_are_problem_documents(
    service: Service,
    request_: tuple[str, str, Any, dict[str, Any]],
    status: int,
    code: str,
) -> None:
    method, target, body, options = request_
    assert problem(service(method, target, body, **options)) == (status, code)
    assert service.log == []


DETAILS: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "`$.title`"),
    ({"title": "x", "status": "open"}, "`$.status`"),
    ({"title": "x", "color": "red"}, "`color`"),
    ({}, "`title`"),
]


@pytest.mark.parametrize(("body", "named"), DETAILS)
def test_a_problem_names_the_member(service: Service, body: dict[str, Any], named: str) -> None:
    response = service("POST", "/roadmaps", body)
    assert named in msgspec.json.decode(response.body or b"")["detail"]


ALLOWED = [
    ("/statistics", "GET"),
    ("/roadmaps", "GET, POST"),
    ("/roadmaps/rm_x", "GET, PATCH, DELETE"),
    ("/roadmaps/rm_x/milestones", "GET, POST"),
    ("/roadmaps/rm_x/milestones/ms_x", "GET, PATCH, DELETE"),
]


@pytest.mark.parametrize(("path", "allow"), ALLOWED)
def test_a_wrong_method_is_told_the_right_ones(service: Service, path: str, allow: str) -> None:
    assert service("OPTIONS", path).headers["allow"] == allow


def test_values_are_never_part_of_sql(service: Service) -> None:
    title = "'; DROP TABLE roadmaps; -- \x00 \U0001f5fa ?"
    id = service.create(title)
    assert read(service("GET", f"/roadmaps/{id}"))["title"] == title
    assert problem(service("GET", "/roadmaps/' OR '1'='1")) == (404, "not-found")


def test_a_failing_database_is_a_503_and_says_so_in_the_log_only(service: Service) -> None:
    service.database.is_down = True
    response = service("GET", "/statistics", x_request_id="r-1")
    assert problem(response) == (503, "database-unavailable")
    assert response.headers["retry-after"] == "1"
    assert b"D1_ERROR" not in (response.body or b"")
    assert [line["request_id"] for line in service.log] == ["r-1"]
    assert "D1_ERROR" in service.log[0]["error"]


def test_a_defect_is_a_500_with_its_traceback_in_the_log_only(service: Service) -> None:
    service._api._store.statistics = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    response = service("GET", "/statistics", x_request_id="r-2")
    assert problem(response) == (500, "internal-error")
    assert b"ZeroDivision" not in (response.body or b"")
    assert "ZeroDivisionError" in service.log[0]["traceback"]
