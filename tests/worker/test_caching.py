"""Shared answers: what is stored, what is not, and what the client is told (RFC 9111, 9211)."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cli.compile_table import load_table
from contract.cache import ORIGIN as KEYS
from contract.cache import PurgeRequest
from routing.compile import CompiledRoutes
from tests.consumer import Consumer, bearer, mint, unique
from tests.eventually import eventually
from tests.plan import ROUTES
from tests.unit.fakes import FakePlatform
from tests.worker.conftest import Caller

Calls = Callable[[str], int]

# RFC 9211 as far as we write it: a cache's name and parameters, each a token or a number.
CACHE_STATUS = re.compile(
    r"edge-gateway(; (hit|stored|fwd=[a-z-]+|fwd-status=\d{3}|ttl=-?\d+|detail=[a-z-]+))+"
)


@pytest.fixture
def path() -> str:
    """A cacheable path that no other test uses."""
    return f"/v2/cached/{unique('x')}"


def status_of(response: httpx.Response) -> str:
    assert response.status_code in (200, 206, 304), response.text
    status = response.headers["cache-status"]
    assert CACHE_STATUS.fullmatch(status), status
    return str(status)


def is_hit(response: httpx.Response) -> bool:
    return "; hit" in status_of(response)


def until_hit(lab: Consumer, path: str, **options: Any) -> httpx.Response:
    """Storing goes on after the first answer has gone out."""
    assert not is_hit(lab.get(path, **options))
    return next_hit(lab, path, **options)


def next_hit(lab: Consumer, path: str, **options: Any) -> httpx.Response:
    return eventually(lambda: hit if is_hit(hit := lab.get(path, **options)) else None)


def service_path(path: str) -> str:
    return path.removeprefix("/v2").partition("?")[0]


def test_the_second_answer_is_a_hit(lab: Consumer, path: str, calls: Calls) -> None:
    first = lab.get(path)
    assert status_of(first) == "edge-gateway; fwd=uri-miss; fwd-status=200; stored"
    second = next_hit(lab, path)
    asked = calls(service_path(path))
    third = lab.get(path)
    for hit in (second, third):
        assert re.fullmatch(r"edge-gateway; hit; ttl=(60|5\d)", hit.headers["cache-status"])
        assert 0 <= int(hit.headers["age"]) < 30
        assert hit.headers["content-type"] == first.headers["content-type"]
    assert third.text == second.text
    assert calls(service_path(path)) == asked


def test_the_public_api_has_a_cacheable_route(anonymous: Consumer) -> None:
    eventually(lambda: is_hit(anonymous.get("/v2/statistics")))
    hit = anonymous.get("/v2/statistics")
    assert hit.headers["cache-control"] == "public, max-age=30"
    assert set(hit.json()) == {"roadmaps", "milestones", "done"}


def test_a_write_makes_the_next_read_fresh(api: Consumer, anonymous: Consumer) -> None:
    stored = next_hit(anonymous, "/v2/statistics").json()
    assert api.post("/v2/roadmaps", json={"title": unique("New")}).status_code == 201
    fresh = anonymous.get("/v2/statistics")
    assert not is_hit(fresh)
    assert fresh.json()["roadmaps"] > stored["roadmaps"]


def test_fields_of_the_gateway_are_of_this_answer_and_not_of_the_stored_one(
    lab: Consumer, path: str
) -> None:
    plain = path.removeprefix("/v2")
    first = lab.get(plain, headers={"api-version": "1"})
    assert not is_hit(first)
    hit = next_hit(lab, plain, headers={"api-version": "1"})
    assert hit.headers["deprecation"] == first.headers["deprecation"]
    assert hit.headers["vary"].lower() == "api-version"
    assert hit.headers["x-request-id"] != first.headers["x-request-id"]
    by_path = lab.get(f"/v1{plain}")
    assert is_hit(by_path)
    assert "vary" not in by_path.headers
    assert not is_hit(lab.get(path))


def test_query_and_host_are_part_of_the_key(lab: Consumer, path: str) -> None:
    until_hit(lab, f"{path}?body=1")
    assert not is_hit(lab.get(f"{path}?body=2"))
    assert not is_hit(lab.get(f"{path}?body=1", headers={"host": "other.example"}))


STORED = [
    # Cache-Control of the service, lifetime at most
    ("", 60),
    ("max-age=20", 20),
    ("max-age=0, s-maxage=10", 10),
    ("public, must-revalidate, max-age=7", 7),
]


@pytest.mark.parametrize(("control", "most"), STORED)
def test_the_service_says_how_long(lab: Consumer, path: str, control: str, most: int) -> None:
    query = {"header": f"Cache-Control: {control}"} if control else {}
    hit = until_hit(lab, path, params=query)
    found = re.search(r"ttl=(\d+)", hit.headers["cache-status"])
    assert found is not None
    assert most - 6 <= int(found[1]) <= most
    assert hit.headers.get("cache-control") == (control or None)


ANSWERS_NOT_STORED = [
    "Cache-Control: no-store",
    "Cache-Control: private",
    'Cache-Control: private="etag"',
    "Cache-Control: no-cache",
    "Cache-Control: max-age=0",
    "Cache-Control: MAX-AGE=60, No-Store",
    "Cache-Control: max-age=soon",
    "Set-Cookie: a=1",
    "Vary: *",
    "Vary: Accept-Encoding, Cookie",
    "Vary: Authorization",
    "CDN-Cache-Control: no-store",
]


@pytest.mark.parametrize("field", ANSWERS_NOT_STORED)
def test_an_answer_that_is_not_for_all_is_never_stored(
    lab: Consumer, path: str, calls: Calls, field: str
) -> None:
    for number in itertools.count(1):
        response = lab.get(path, params={"header": field})
        assert "fwd-status=200" in status_of(response)
        assert "stored" not in status_of(response)
        assert calls(service_path(path)) == number
        if number == 3:
            break


@pytest.mark.parametrize("status", [201, 404, 500])
def test_only_plain_success_is_stored(lab: Consumer, path: str, status: int) -> None:
    for _ in range(2):
        response = lab.get(path, params={"status": str(status)})
        assert response.headers["cache-status"] == (
            f"edge-gateway; fwd=uri-miss; fwd-status={status}"
        )


@pytest.mark.parametrize("status", [404, 503])
def test_errors_are_stored_for_as_long_as_the_route_says(
    lab: Consumer, calls: Calls, status: int
) -> None:
    path = f"/errors-kept/{unique('x')}"
    query = {"status": str(status)}

    def kept() -> httpx.Response | None:
        answer = lab.get(path, params=query)
        assert answer.status_code == status
        return answer if "; hit" in answer.headers["cache-status"] else None

    hit = eventually(kept)
    found = re.search(r"ttl=(\d+)", hit.headers["cache-status"])
    assert found is not None
    assert 20 <= int(found[1]) <= 60  # a minute, of which chance has taken up to a half
    asked = calls(path)
    assert kept() is not None
    assert calls(path) == asked


REQUESTS_NOT_SERVED = [
    # fields, Cache-Status
    ({"cache-control": "no-cache"}, "fwd=request; fwd-status=200; stored"),
    ({"cache-control": "max-age=0"}, "fwd=request; fwd-status=200; stored"),
    ({"pragma": "no-cache"}, "fwd=request; fwd-status=200; stored"),
    ({"cache-control": "no-store"}, "fwd=request"),
]


@pytest.mark.parametrize(("fields", "told"), REQUESTS_NOT_SERVED)
def test_a_request_can_ask_for_a_fresh_answer(
    lab: Consumer, path: str, calls: Calls, fields: dict[str, str], told: str
) -> None:
    until_hit(lab, path)
    asked = calls(service_path(path))
    assert status_of(lab.get(path, headers=fields)) == f"edge-gateway; {told}"
    assert calls(service_path(path)) == asked + 1


def test_an_answer_to_credentials_is_not_for_others(lab: Consumer, path: str) -> None:
    for _ in range(2):
        assert "stored" not in status_of(lab.get(path, headers=bearer(mint())))
    public = {"header": "Cache-Control: public, max-age=60"}
    until_hit(lab, path, params=public, headers=bearer(mint()))


def test_other_methods_pass_by(lab: Consumer, path: str, calls: Calls) -> None:
    until_hit(lab, path)
    asked = calls(service_path(path))
    assert status_of(lab.post(path)) == "edge-gateway; fwd=method"
    assert calls(service_path(path)) == asked + 1
    # What it may have changed is not in the store any more.
    assert status_of(lab.get(path)) == "edge-gateway; fwd=uri-miss; fwd-status=200; stored"


def test_head_is_answered_from_the_stored_answer_to_get(
    lab: Consumer, path: str, calls: Calls
) -> None:
    hit = until_hit(lab, path)
    asked = calls(service_path(path))
    head = lab.head(path)
    assert (is_hit(head), head.content) == (True, b"")
    assert head.headers["content-type"] == hit.headers["content-type"]
    assert calls(service_path(path)) == asked


MATCHES = [
    # If-None-Match, status
    ('"1"', 304),
    ('W/"1"', 304),
    ('"0", "1"', 304),
    ("*", 304),
    ('"2"', 200),
]


@pytest.mark.parametrize(("field", "status"), MATCHES)
def test_a_hit_is_not_sent_to_those_who_have_it(
    lab: Consumer, path: str, field: str, status: int
) -> None:
    query = {"header": ['ETag: "1"', "Cache-Control: max-age=60"], "body": '{"a":1}'}
    until_hit(lab, path, params=query)
    response = lab.get(path, params=query, headers={"if-none-match": field})
    assert is_hit(response)
    assert (response.status_code, response.headers["etag"]) == (status, '"1"')
    assert response.text == ("" if status == 304 else '{"a":1}')
    assert response.headers["cache-control"] == "max-age=60"


def test_each_language_has_its_own_answer(lab: Consumer, path: str, calls: Calls) -> None:
    query = {"header": ["Vary: Accept-Language", "Cache-Control: max-age=60"]}
    told = {}
    for language in ("de", "fr"):
        fields = {"accept-language": language}
        told[language] = until_hit(lab, path, params=query, headers=fields).json()
    assert {one["headers"]["accept-language"] for one in told.values()} == {"de", "fr"}
    asked = calls(service_path(path))
    for language in ("DE", "fr"):
        hit = lab.get(path, params=query, headers={"accept-language": language})
        assert is_hit(hit)
        assert hit.json() == told[language.lower()]
    assert calls(service_path(path)) == asked


def test_what_is_edited_on_its_way_is_stored_once_for_every_coding(
    lab: Consumer, calls: Calls
) -> None:
    path = f"/varying/{unique('x')}"
    fields = ["Vary: Accept-Encoding", "Cache-Control: max-age=60", 'ETag: "1"']
    body = "0123456789" * 50
    query = {"gzip": "", "body": body, "header": fields, "validate": ""}
    first = lab.get(path, params=query, headers={"accept-encoding": "gzip"})
    assert (first.text, first.headers["etag"]) == (body, '"1"')
    for accepted in ("gzip", "br;q=0.5, gzip", "identity"):
        hit = next_hit(lab, path, params=query, headers={"accept-encoding": accepted})
        # Other bytes than those that the service's strong tag stands for.
        assert (hit.text, hit.headers["etag"]) == (body, 'W/"1"')
        for tag in ('W/"1"', '"1"'):
            told = {"accept-encoding": accepted, "if-none-match": tag}
            assert lab.get(path, params=query, headers=told).status_code == 304
        part = {"accept-encoding": accepted, "range": "bytes=0-1", "if-range": '"1"'}
        assert lab.get(path, params=query, headers=part).text == body
    assert calls(path) <= 2
    # The service hears of its own tag, and its 304 leaves ours as it is.
    validated = lab.get(path, params=query, headers={"cache-control": "max-age=0"})
    assert "fwd-status=304" in validated.headers["cache-status"]
    assert (validated.text, validated.headers["etag"]) == (body, 'W/"1"')


def test_the_tag_of_an_edited_answer_is_known_in_the_store_and_to_the_service(
    lab: Consumer, calls: Calls
) -> None:
    path = f"/edited/{unique('x')}"
    control = "Cache-Control: max-age=60"
    query = {"body": '{"a":1}', "header": ['ETag: "1"', control], "validate": ""}
    first = lab.get(path, params=query)
    tag = first.headers["etag"]
    assert re.fullmatch(r'"1~gw-[0-9a-f]{8}"', tag)
    hit = next_hit(lab, path, params=query)
    assert (hit.headers["etag"], hit.json()) == (tag, first.json())
    assert first.json() == {"b": 1}
    asked = calls(path)
    assert lab.get(path, params=query, headers={"if-none-match": tag}).status_code == 304
    # It is the edited one that is meant: the service's own tag is of another body.
    assert lab.get(path, params=query, headers={"if-none-match": '"1"'}).status_code == 200
    assert calls(path) == asked
    # Past the store the service hears of its own tag, and its 304 is about the edited one.
    past = {"if-none-match": tag, "cache-control": "max-age=0"}
    validated = lab.get(path, params=query, headers=past)
    assert (validated.status_code, validated.headers["etag"]) == (304, tag)
    assert "fwd-status=304" in validated.headers["cache-status"]
    assert calls(path) == asked + 1


ASSUMED = [
    # route, fields of the service, seconds for which the answer is fresh; None: it is not stored
    ("by-heuristic", ["Last-Modified: Fri, 01 Jan 2021 00:00:00 GMT"], 86400),
    ("by-heuristic", [], None),
    ("as-stated", ["Last-Modified: Fri, 01 Jan 2021 00:00:00 GMT"], 0),
    ("as-stated", ["Cache-Control: max-age=60"], 60),
    ("as-stated", [], None),
]


@pytest.mark.parametrize(("route", "fields", "lifetime"), ASSUMED)
def test_a_route_chooses_what_is_assumed_of_answers(
    lab: Consumer, route: str, fields: list[str], lifetime: int | None
) -> None:
    path, query = f"/{route}/{unique('x')}", {"header": fields}
    first = status_of(lab.get(path, params=query))
    assert first.endswith("; stored") is (lifetime is not None)
    if lifetime:
        ttl = re.search(r"hit; ttl=(\d+)", status_of(next_hit(lab, path, params=query)))
        assert ttl is not None
        assert lifetime - 10 <= int(ttl[1]) <= lifetime
    elif lifetime is None:
        assert "fwd=uri-miss" in status_of(lab.get(path, params=query))
    else:
        eventually(lambda: "fwd=stale" in status_of(lab.get(path, params=query)))


STATED = {"body": '{"a":1}', "header": ['ETag: "1"', "Cache-Control: max-age=60"], "validate": ""}


@pytest.fixture
def stated(lab: Consumer) -> dict[str, tuple[str, str]]:
    """The path of a stored answer in each version, and the tag that clients know it by."""
    name, found = unique("x"), {}
    for version in ("v1", "v2"):
        path = f"/{version}/stated/{name}"
        found[version] = path, until_hit(lab, path, params=STATED).headers["etag"]
    return found


def test_each_version_of_a_stored_answer_has_a_tag_of_its_own(
    lab: Consumer, stated: dict[str, tuple[str, str]], calls: Calls
) -> None:
    (old, old_tag), (new, new_tag) = stated["v1"], stated["v2"]
    assert re.fullmatch(r'"1~gw-v1-[0-9a-f]{8}"', old_tag)
    assert new_tag == '"1"'
    asked = calls(service_path(new))
    for path, tag, foreign, body in (
        (old, old_tag, new_tag, '{"b":1}'),
        (new, new_tag, old_tag, '{"a":1}'),
    ):
        for known, status in ((tag, 304), (foreign, 200)):
            told = lab.get(path, params=STATED, headers={"if-none-match": known})
            assert (is_hit(told), told.status_code) == (True, status)
        for known, part in ((tag, (206, body[:4])), (foreign, (200, body))):
            fields = {"range": "bytes=0-3", "if-range": known}
            told = lab.get(path, params=STATED, headers=fields)
            assert (is_hit(told), (told.status_code, told.text)) == (True, part)
    assert calls(service_path(new)) == asked
    # Where it is not stored the service hears of its own tag.
    past = {"if-none-match": old_tag, "cache-control": "no-store"}
    answer = lab.get(old, params=STATED, headers=past)
    assert (answer.status_code, answer.headers["etag"]) == (304, old_tag)
    assert calls(service_path(new)) == asked + 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_condition_on_the_state_that_a_stored_answer_showed(
    lab: Consumer, stated: dict[str, tuple[str, str]], method: str
) -> None:
    (old, old_tag), (new, new_tag) = stated["v1"], stated["v2"]

    def ask(path: str, **fields: str) -> httpx.Response:
        told = {"header": STATED["header"], "validate": ""}
        return lab.request(method, path, params=told, headers=fields)

    assert ask(new, **{"if-match": old_tag}).status_code == 412
    assert ask(old, **{"if-match": '"2~gw-v1-00000000"'}).status_code == 412
    for path, tag in ((old, old_tag), (new, new_tag), (old, new_tag)):
        answer = ask(path, **{"if-match": tag})
        assert answer.json()["headers"]["if-match"] == '"1"'
        assert answer.json()["method"] == method
    since = "Sat, 01 Aug 2026 00:00:00 GMT"
    answer = ask(new, **{"if-unmodified-since": since})
    assert answer.json()["headers"]["if-unmodified-since"] == since
    if method == "GET":
        assert status_of(answer) == "edge-gateway; fwd=request"


def test_what_has_to_be_validated_is(lab: Consumer, path: str) -> None:
    query = {"header": ['ETag: "1"', "Cache-Control: no-cache"], "body": "kept", "validate": ""}
    assert status_of(lab.get(path, params=query)).endswith("fwd-status=200; stored")

    def validated() -> httpx.Response | None:
        answer = lab.get(path, params=query)
        return answer if "fwd-status=304" in status_of(answer) else None

    answer = eventually(validated)
    assert status_of(answer) == "edge-gateway; fwd=stale; fwd-status=304; stored"
    assert (answer.status_code, answer.text, answer.headers["age"]) == (200, "kept", "0")
    assert lab.get(path, params=query, headers={"if-none-match": '"1"'}).status_code == 304


# An Age beyond the lifetime makes stale at once.
STALE = ["Age: 100", 'ETag: "1"']


def test_a_stale_answer_covers_for_a_failing_service(lab: Consumer, path: str) -> None:
    control = "Cache-Control: max-age=10, stale-if-error=600"
    query = {"header": [*STALE, control], "body": "kept"}
    assert not is_hit(lab.get(path, params=query))
    broken = {"x-status": "503"}

    def covered() -> httpx.Response | None:
        answer = lab.get(path, params=query, headers=broken)
        return answer if answer.status_code == 200 else None

    answer = eventually(covered)
    assert re.fullmatch(
        r"edge-gateway; fwd=stale; fwd-status=503; ttl=-\d+; detail=stale-if-error",
        status_of(answer),
    )
    assert answer.text == "kept"
    assert int(answer.headers["age"]) >= 100


def test_a_stale_answer_goes_out_while_it_is_validated(
    lab: Consumer, path: str, calls: Calls
) -> None:
    control = "Cache-Control: max-age=10, stale-while-revalidate=600"
    query = {"header": [*STALE, control], "validate": ""}
    assert not is_hit(lab.get(path, params=query))
    stale = eventually(lambda: hit if is_hit(hit := lab.get(path, params=query)) else None)
    assert re.search(r"hit; ttl=-\d+; detail=stale-while-revalidate", status_of(stale))
    eventually(lambda: calls(service_path(path)) >= 2)


def test_parts_come_from_the_stored_whole(lab: Consumer, path: str, calls: Calls) -> None:
    query = {"body": "0123456789", "header": "Cache-Control: max-age=60"}
    until_hit(lab, path, params=query)
    asked = calls(service_path(path))
    part = lab.get(path, params=query, headers={"range": "bytes=2-4"})
    assert (part.status_code, part.text, is_hit(part)) == (206, "234", True)
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert part.headers["content-length"] == "3"
    beyond = lab.get(path, params=query, headers={"range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    assert calls(service_path(path)) == asked


def test_only_if_cached_asks_no_service(lab: Consumer, path: str, calls: Calls) -> None:
    refused = lab.get(path, headers={"cache-control": "only-if-cached"})
    assert (refused.status_code, refused.json()["code"]) == (504, "not-stored")
    assert calls(service_path(path)) == 0


def settings_hash(version: str, name: str) -> str:
    """What the keys of a route's answers carry of its settings, in the tests' table."""
    routes = CompiledRoutes(load_table(ROUTES), FakePlatform())
    (route,) = [
        one
        for one in routes.all()
        if one.name == name and one.version is not None and one.version.name == version
    ]
    return route._builder._made_by(route)


def test_what_is_purged_is_asked_for_again(
    lab: Consumer, path: str, calls: Calls, caller: Caller
) -> None:
    until_hit(lab, path)
    asked = calls(service_path(path))
    version, _, rest = path[1:].partition("/")
    made_by = settings_hash(version, "cached")
    key = f"{KEYS}http:{lab.base_url.netloc.decode()}/{version}/cached~{made_by}/{rest}"
    assert caller.rpc("CACHE", "purge", PurgeRequest(keys=(key,))) == {"purged": 1}
    assert not is_hit(lab.get(path))
    assert calls(service_path(path)) == asked + 1


def test_a_large_answer_comes_whole_from_the_cache(lab: Consumer, path: str) -> None:
    size = 3 * 1024 * 1024
    hit = until_hit(lab, path, params={"size": str(size)})
    assert hit.content == (bytes(range(251)) * (size // 251 + 1))[:size]


def test_an_answer_that_is_too_large_to_store_passes(lab: Consumer, path: str) -> None:
    size = 9 * 1024 * 1024
    for _ in range(2):
        response = lab.get(path, params={"size": str(size)})
        assert not is_hit(response)
        assert len(response.content) == size
