"""What a route does at its end, over HTTP: backends, mirrors, redirects, answers, parts, time."""

import collections
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.cases import dispatching
from tests.cases.dispatching import CASES, Case, outcome_of
from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.eventually import eventually
from tests.identified import caller_in
from tests.plan import DISPATCHING, LABS, ORIGIN

REQUESTS = 2_400
SHARE = 0.1


@pytest.fixture
def origin(runtime: LocalRuntime) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=runtime.url(ORIGIN)) as client:
        yield client


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method} {case.url}")
def test_a_request_leads_where_the_table_says(runtime: LocalRuntime, case: Case) -> None:
    host, slash, rest = case.url.partition("/")
    fields = {"host": host or dispatching.HOST, **case.headers}
    url = runtime.url(DISPATCHING) + slash + rest
    response = httpx.request(case.method, url, headers=fields, follow_redirects=False)
    document = response.json() if response.headers.get("content-type") else {}
    at_service = None
    if response.status_code == 200:
        query = f"?{document['query']}" if document["query"] else ""
        at_service = document["headers"]["host"], document["path"] + query
        if case.outcome.count(" ") == 2:
            assert document["host"] == at_service[0]  # in the URL as well
    location, code = response.headers.get("location"), document.get("code")
    assert outcome_of(case, response.status_code, location, code, at_service) == case.outcome


def backends(runtime: LocalRuntime, path: str, number: int, **fields: str) -> Counter[str]:
    """How many of `number` requests each backend has answered, `/new/…` being the path of one."""

    def some(count: int) -> Counter[str]:
        with httpx.Client(base_url=runtime.url(LABS[0])) as client:
            answers = [client.get(path, headers=fields) for _ in range(count)]
        assert {answer.status_code for answer in answers} == {200}
        return Counter(answer.json()["path"].split("/")[1] for answer in answers)

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(some, [number // 8] * 8), Counter())


def test_a_canary_gets_its_share(runtime: LocalRuntime) -> None:
    counts = backends(runtime, "/canary/7", REQUESTS)
    deviation = math.sqrt(REQUESTS * SHARE * (1 - SHARE))
    assert abs(counts["new"] - REQUESTS * SHARE) <= 3 * deviation, counts
    assert counts.total() == REQUESTS


def test_a_backend_has_header_edits_of_its_own(lab: Consumer) -> None:
    seen: dict[str, httpx.Response] = {}
    while len(seen) < 2:
        answer = lab.get("/canary/7")
        seen[answer.json()["path"]] = answer
    old, new = seen["/canary/7"], seen["/new/7"]
    assert "x-backend" not in old.json()["headers"]
    assert new.json()["headers"]["x-backend"] == "new 7"
    assert new.headers["x-answered-by"] == "new"
    assert "x-answered-by" not in old.headers


def test_clients_keep_their_backend_by_cookie(runtime: LocalRuntime) -> None:
    first: Counter[str] = Counter()
    for _ in range(60):
        with httpx.Client(base_url=runtime.url(LABS[0])) as client:
            answer = client.get("/sticky/7")
            cookie = answer.headers["set-cookie"]
            name, _, rest = cookie.partition("=")
            value, *attributes = rest.split("; ")
            assert name == "backend"
            assert attributes == ["Path=/", "Max-Age=3600", "Secure", "HttpOnly", "SameSite=Lax"]
            paths = set()
            for lab in LABS:  # other isolates decide the same
                again = httpx.get(
                    f"{runtime.url(lab)}/sticky/7", headers={"cookie": f"a=b; backend={value}"}
                )
                assert "set-cookie" not in again.headers
                paths.add(again.json()["path"])
            assert len(paths) == 1
            first[paths.pop()] += 1
    assert min(first["/sticky/7"], first["/new/7"]) > 10, first


def test_clients_keep_their_backend_by_a_field(runtime: LocalRuntime) -> None:
    chosen: Counter[str] = Counter()
    for number in range(60):
        counts = backends(runtime, "/by-header/7", 8, **{"x-tenant": f"tenant-{number}"})
        assert len(counts) == 1
        chosen.update(counts.keys())
    assert 0 < chosen["new"] < 20, chosen


def test_the_log_names_the_backend(runtime: LocalRuntime, lab: Consumer) -> None:
    start = len(runtime.log_lines())
    answer = lab.get("/canary/7")
    line = json.loads(runtime.wait_for_log(answer.headers["x-request-id"], start=start))
    assert line["backend"] == line["service"]
    assert line["backend"] in ("origin", "remote")
    assert line["chosen_by"] == "chance"


def mirrored(origin: httpx.Client, path: str) -> int:
    return int(origin.get("/-/mirrored", params={"path": path}).text)


def test_a_mirror_gets_what_the_service_got(lab: Consumer, origin: httpx.Client) -> None:
    path = f"/mirrored/{unique('m')}"
    answer = lab.post(f"{path}?a=1", content="Grüße", headers={"x-own": "1"})
    assert answer.status_code == 200
    eventually(lambda: mirrored(origin, path) == 1)
    copy = origin.get("/-/last", params={"path": path}).json()
    original = answer.json()
    assert copy["headers"].pop("gateway-mirror") == "1"
    assert copy == original
    assert copy["body"] == "Grüße"


def test_a_mirror_learns_who_calls_and_not_by_which_credential(
    lab: Consumer, origin: httpx.Client
) -> None:
    path = f"/mirrored-caller/{unique('m')}"
    subject = unique("subject")
    assert lab.get(path, headers=bearer(mint(subject))).status_code == 200
    eventually(lambda: mirrored(origin, path) == 1)
    fields = origin.get("/-/last", params={"path": path}).json()["headers"]
    assert caller_in(fields["gateway-identity"], "ORIGIN")["sub"] == subject
    assert "authorization" not in fields


def test_a_body_that_is_too_large_is_not_mirrored(lab: Consumer, origin: httpx.Client) -> None:
    path, after = f"/mirrored/{unique('m')}", f"/mirrored/{unique('m')}"
    assert lab.post(path, content=b"x" * 1025).status_code == 200
    assert lab.post(after, content=b"x" * 1024).status_code == 200
    eventually(lambda: mirrored(origin, after) == 1)
    assert mirrored(origin, path) == 0


@pytest.mark.parametrize("fault", ["hang", "throw", "endless"])
def test_a_mirror_that_fails_is_invisible(
    lab: Consumer, origin: httpx.Client, calls: Callable[[str], int], fault: str
) -> None:
    path = f"/mirrored/{unique('m')}"
    times = []
    for _ in range(12):
        started = time.perf_counter()
        answer = lab.get(path, params={"mirror": fault})
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200
        assert "gateway-mirror" not in answer.json()["headers"]
    assert sorted(times)[6] < 0.2  # the mirror would take a second
    eventually(lambda: mirrored(origin, path) > 0)
    assert calls(path) >= 12
    if fault == "endless":
        cancelled = {"path": f"{path}/mirror"}
        eventually(lambda: int(origin.get("/-/cancelled", params=cancelled).text) > 0)


def test_a_mirror_that_cannot_be_reached_is_invisible(lab: Consumer) -> None:
    for _ in range(5):
        assert lab.get("/mirrored-into-nothing/7").status_code == 200


def test_copies_under_way_are_bounded(lab: Consumer, origin: httpx.Client) -> None:
    path = f"/mirrored/{unique('m')}"
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: lab.get(path, params={"mirror": "hang"}).status_code, range(64))
        )
    assert set(answers) == {200}
    # Those beyond the limit are not made; whatever was held is over after its timeout.
    again = f"/mirrored/{unique('m')}"
    eventually(lambda: lab.get(again).status_code == 200 and mirrored(origin, again) > 0, 40)
    assert 1 <= mirrored(origin, path) < 64


def test_a_redirect_is_answered_here(lab: Consumer, calls: Callable[[str], int]) -> None:
    name = unique("redirected")
    answer = lab.get(f"/redirected/{name}?a=1", follow_redirects=False)
    assert answer.status_code == 308
    port = lab.base_url.port
    assert answer.headers["location"] == f"http://www.example.org:{port}/{name}?a=1"
    assert calls(f"/{name}") == calls(f"/redirected/{name}") == 0


def test_an_answer_of_the_table(lab: Consumer) -> None:
    answer = lab.get("/mocked/a%20b?page=%22%7D", headers={"x-tenant": "t"})
    assert answer.status_code == 203
    assert answer.json() == {"id": "a b", "page": '"}', "list": ["t", 1.5, None]}
    assert answer.headers["x-own"] == "1"
    assert answer.headers["vary"] == "x-tenant"
    assert lab.get("/mocked/7").json() == {"id": "7", "page": None, "list": [None, 1.5, None]}
    text = lab.get("/mocked-text/%3Cb%3E?page=2")
    assert text.text == "Hello <b>, page 2!"
    assert text.headers["content-type"].startswith("text/plain")


def test_parts_are_put_together(lab: Consumer) -> None:
    answer = lab.get("/aggregated/7", headers={"range": "bytes=0-1", "if-none-match": '"x"'})
    document = answer.json()
    assert answer.status_code == 200
    assert list(document) == ["user", "orders"]
    assert document["user"]["path"] == "/users/7"
    assert document["orders"]["path"] == "/orders/7"
    fields = document["user"]["headers"]
    assert fields["accept"] == "application/json"
    assert fields["via"] == "1.1 edge-gateway"
    assert not {"range", "if-none-match"} & set(fields)
    assert "x-partial-result" not in answer.headers


def test_a_part_that_is_down_is_null_where_it_is_optional(lab: Consumer) -> None:
    started = time.monotonic()
    answer = lab.get("/aggregated-broken/7")
    assert time.monotonic() - started < 3  # 20 s, if it were waited for
    document = answer.json()
    assert answer.status_code == 200
    assert document["user"]["path"] == "/users/7"
    assert document["orders"] is document["tips"] is None
    assert answer.headers["x-partial-result"] == "orders, tips"
    assert answer.headers["cache-control"] == "no-store"
    assert [(error["part"], error["code"]) for error in document["errors"]] == [
        ("orders", "upstream-unreachable"),
        ("tips", "upstream-timeout"),
    ]


def test_a_part_that_is_needed_makes_the_answer_a_problem(lab: Consumer) -> None:
    document = problem(lab.get("/aggregated-needed/7"), 502, "upstream-unreachable")
    assert document["part"] == "orders"
    assert "'orders'" in document["detail"]
    document = problem(lab.get("/aggregated-late/7"), 504, "upstream-timeout")
    assert document["part"] == "slow"


def test_a_part_has_a_limit(lab: Consumer) -> None:
    document = lab.get("/aggregated-large/7").json()
    assert document["large"] is None
    assert "64 bytes" in document["errors"][0]["detail"]


@pytest.mark.parametrize("route", ["cut-off", "cut-off-remote"])
def test_a_body_that_takes_too_long_is_cut_off(
    lab: Consumer, origin: httpx.Client, route: str
) -> None:
    path = f"/{route}/{unique('c')}"
    started = time.monotonic()
    with lab.stream("GET", path, params={"drip": "20"}) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            collections.deque(answer.iter_raw(), maxlen=0)
    assert 0.4 < time.monotonic() - started < 5
    eventually(lambda: origin.get("/-/cancelled", params={"path": path}).text == "1")


def test_a_body_in_time_is_whole(lab: Consumer) -> None:
    for route in ("cut-off", "cut-off-remote"):
        answer = lab.get(f"/{route}/x", params={"size": "3000000"})
        assert len(answer.content) == 3_000_000
        assert lab.get(f"/{route}/x", params={"status": "204"}).status_code == 204


def test_a_body_that_stands_still_is_cut_off(lab: Consumer, origin: httpx.Client) -> None:
    path = f"/idle/{unique('i')}"
    with lab.stream("GET", path, params={"drip": "30000"}) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            collections.deque(answer.iter_raw(), maxlen=0)
    eventually(lambda: origin.get("/-/cancelled", params={"path": path}).text == "1")


def test_a_body_that_goes_on_is_whole(lab: Consumer) -> None:
    answer = lab.get(f"/idle/{unique('i')}", params={"size": "3000000"})
    assert len(answer.content) == 3_000_000
    assert answer.content[:251] == bytes(range(251))
    assert lab.get("/idle/x", params={"status": "204"}).status_code == 204


def test_who_goes_away_from_a_watched_body_is_noticed(lab: Consumer, origin: httpx.Client) -> None:
    path = f"/idle/{unique('i')}"
    with lab.stream("GET", path, params={"drip": "20"}) as answer:
        next(answer.iter_raw())
    eventually(lambda: origin.get("/-/cancelled", params={"path": path}).text == "1")


def test_a_body_with_a_time_can_be_stored(lab: Consumer) -> None:
    path = f"/cut-off-cached/{unique('i')}"
    first = lab.get(path)
    assert first.status_code == 200
    eventually(lambda: "hit" in lab.get(path).headers["cache-status"])
    assert lab.get(path).content == first.content


def test_a_route_can_be_more_hasty_than_its_service(lab: Consumer) -> None:
    document = problem(lab.get("/cut-off/x?fault=hang"), 504, "upstream-timeout")
    assert "0.25 s" in document["detail"]


def test_a_body_that_is_read_here_has_its_time_as_well(lab: Consumer) -> None:
    response = lab.get("/cut-off-transformed/x", params={"drip": "20"})
    problem(response, 504, "upstream-timeout")


def told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["headers"]


@pytest.mark.parametrize("route", ["echo", "remote"])
def test_a_service_is_told_of_the_way(lab: Consumer, route: str) -> None:
    fields = {"cf-connecting-ip": "2001:db8::7", "host": "api.example.com:8080",
              "x-forwarded-for": "10.0.0.1", "via": "1.0 before"}  # fmt: skip
    got = told(lab.get(f"/{route}/7", headers=fields))
    assert got["x-forwarded-for"] == "2001:db8::7"
    assert got["x-forwarded-host"] == "api.example.com:8080"
    assert got["x-forwarded-proto"] == "http"
    assert got["via"] == "1.0 before, 1.1 edge-gateway"
    assert got["forwarded"] == 'for="[2001:db8::7]";proto=http;host="api.example.com:8080"'


def test_an_address_that_is_none_is_not_handed_on(lab: Consumer) -> None:
    got = told(lab.get("/echo/7", headers={"cf-connecting-ip": '10.0.0.1";host=evil'}))
    assert got["forwarded"].startswith("for=unknown;proto=http;host=")
    assert "x-forwarded-for" not in got


@pytest.mark.parametrize(("passes", "status"), [(3, 200), (4, 508)])
def test_a_loop_is_refused(lab: Consumer, passes: int, status: int) -> None:
    via = ", ".join(["1.1 other", *["1.1 edge-gateway"] * passes])
    answer = lab.get("/echo/7", headers={"via": via})
    assert answer.status_code == status
    if status == 508:
        problem(answer, 508, "loop-detected")
