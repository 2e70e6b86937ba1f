"""workerd is killed: it comes back by itself, and what it had promised still holds."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import Consumer, Operator, address, bearer, mint, problem, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN, shared_plan

WRITERS = 4
ENOUGH = 40


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """A runtime of these tests alone."""
    with LocalRuntime(shared_plan(tmp_path_factory.mktemp("mortal"))) as local:
        yield local


class Writers:
    """Four consumers that post records until they are told to stop."""

    def __init__(self, runtime: LocalRuntime) -> None:
        self._url = runtime.url(GATEWAY)
        self._done = threading.Event()
        self.back = threading.Event()
        """Set when a connection that broke off is worth another try."""
        self.acknowledged: dict[str, str] = {}
        """Titles by the place where the gateway said that they are."""

    def write(self) -> None:
        with Consumer(self._url) as consumer:
            while not self._done.is_set():
                title = unique("kept")
                try:
                    # A caller of its own for each, so that no quota ends the stream.
                    response = consumer.post(
                        "/v2/roadmaps", json={"title": title}, headers=bearer(mint())
                    )
                except httpx.TransportError:
                    self.back.wait(30)
                    continue
                if response.status_code == 201:
                    self.acknowledged[response.headers["location"]] = title

    def has(self, number: int) -> bool:
        return len(self.acknowledged) >= number

    def stop(self) -> None:
        self._done.set()
        self.back.set()


def test_no_acknowledged_write_is_lost(mortal: LocalRuntime) -> None:
    writers = Writers(mortal)
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writers.write) for _ in range(WRITERS)]
        try:
            eventually(lambda: writers.has(ENOUGH))
            mortal.kill_workerd()
            mortal.wait_ready()
            at_restart = len(writers.acknowledged)
            writers.back.set()
            eventually(lambda: writers.has(at_restart + ENOUGH))
        finally:
            writers.stop()
        assert [task.result() for task in running] == [None] * WRITERS
    with Consumer(mortal.url(GATEWAY)) as consumer:
        assert consumer.get("/healthz").json()["status"] == "ok"
        for place, title in writers.acknowledged.items():
            shown = consumer.get(place, headers=bearer(mint()))
            assert (shown.status_code, shown.json()["title"]) == (200, title)


def test_a_limit_is_not_forgotten(mortal: LocalRuntime) -> None:
    path, mine = "/limited/by-address/x", address()
    with Consumer(mortal.url(LABS[0]), mine) as lab:
        assert [lab.get(path).status_code for _ in range(3)] == [200] * 3
    mortal.kill_workerd()
    mortal.wait_ready()
    with Consumer(mortal.url(LABS[0]), mine) as lab:
        assert re.match('"by-address";r=1;t=', lab.get(path).headers["ratelimit"])
        assert lab.get(path).status_code == 200
        problem(lab.get(path), 429, "rate-limited")


def test_an_open_breaker_stays_open(mortal: LocalRuntime) -> None:
    """What the isolate knew is gone with it; behind its first answer it asks the object."""
    path = "/breaks-for-good"

    def refused_on(lab: Consumer, status: str) -> httpx.Response:
        def look() -> httpx.Response | None:
            answer = lab.get(path, params={"status": status})
            return answer if "retry-after" in answer.headers else None

        return eventually(look)

    with Consumer(mortal.url(LABS[0])) as lab:
        refused_on(lab, "500")
    mortal.kill_workerd()
    mortal.wait_ready()
    with Consumer(mortal.url(LABS[0])) as lab:
        refused = refused_on(lab, "200")
        problem(refused, 503, "upstream-unavailable")
        assert 3000 < int(refused.headers["retry-after"]) <= 3600


def test_a_request_that_was_under_way_is_in_doubt_and_never_sent_again(
    mortal: LocalRuntime,
) -> None:
    path, fields = "/once-killed/x", {"idempotency-key": '"killed"', **address()}

    def ask(delay: int) -> httpx.Response:
        with Consumer(mortal.url(LABS[0])) as lab:
            query = {"delay": str(delay)}
            return lab.post(path, params=query, content="one", headers=fields)

    def calls() -> int:
        return int(httpx.get(f"{mortal.url(ORIGIN)}/-/calls", params={"path": path}).text)

    with ThreadPoolExecutor(1) as pool:
        cut_off = pool.submit(ask, 4000)
        eventually(lambda: calls() == 1)
        mortal.kill_workerd()
        with pytest.raises(httpx.TransportError):
            cut_off.result()
    mortal.wait_ready()
    in_doubt = eventually(lambda: answered_in_doubt(ask(4000)), timeout=30)
    problem(in_doubt, 409, "idempotency-in-doubt")
    assert calls() == 0  # the origin was killed as well, and counts anew


def answered_in_doubt(answer: httpx.Response) -> httpx.Response | None:
    """None for as long as it may still be under way."""
    if answer.headers.get("retry-after") is None:
        return answer
    problem(answer, 409, "idempotency-in-progress")
    return None


def test_a_token_from_before_is_still_good(mortal: LocalRuntime) -> None:
    token = bearer(mint())
    with Consumer(mortal.url(GATEWAY), token) as api:
        assert api.get("/v2/roadmaps").status_code == 200
    mortal.kill_workerd()
    mortal.wait_ready()
    with Consumer(mortal.url(GATEWAY), token) as api:
        assert api.get("/v2/roadmaps").status_code == 200


def test_an_isolate_that_starts_knows_what_was_purged(mortal: LocalRuntime) -> None:
    kept, purged = (f"/v2/cached/{unique('entry')}" for _ in range(2))
    host = {"host": "kill.test"}

    def is_hit(path: str) -> bool:
        with Consumer(mortal.url(LABS[0]), host) as lab:
            return "; hit" in lab.get(path).headers["cache-status"]

    for path in (kept, purged):
        eventually(lambda path=path: is_hit(path))  # type: ignore[misc]
    with Operator(mortal.url(LABS[1])) as operator:
        wanted = {"urls": [f"https://kill.test{purged}"]}
        assert operator.post("/-/purge", json=wanted).status_code == 200
    mortal.kill_workerd()
    mortal.wait_ready()
    assert is_hit(kept), "what was stored is still there"
    assert not is_hit(purged)
