"""workerd is killed: it comes back by itself, and what it had promised still holds.

`KILLS` says how often (`make soak`: twenty times), `SEED` when; `pytest -s` shows what was counted.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import Consumer, Operator, address, bearer, mint, problem, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN, shared_plan

KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", "1"))
USERS = 3
"""Isolates at which a quota is used."""
QUOTA = 60
"""Of the limit `kept`, in an hour."""
ENOUGH = 40
"""Writes before a kill, at most."""
START = 120.0
"""Seconds that it may take to be there again; on a machine that is not busy it takes a few."""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """A runtime of these tests alone."""
    with LocalRuntime(shared_plan(tmp_path_factory.mktemp("mortal"))) as local:
        yield local


class Load:
    """Clients that write records, and clients that use up a quota at several isolates, until they
    are told to stop."""

    def __init__(self, runtime: LocalRuntime) -> None:
        self._runtime = runtime
        self._done = threading.Event()
        self._alive = threading.Event()
        """Set while workerd is: otherwise a connection that breaks off is no surprise."""
        self._alive.set()
        self.client = address()
        """Who uses up the quota."""
        self.acknowledged: dict[str, str] = {}
        """Titles by the place where the gateway said that they are."""
        self.admitted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Answers by the client's address."""
        self.unexpected: list[str] = []

    def write(self) -> None:
        """Post records, each as a caller of its own, so that no quota ends the stream."""

        def once(api: Consumer) -> None:
            title = unique("kept")
            response = api.post("/v2/roadmaps", json={"title": title}, headers=bearer(mint()))
            if response.status_code == 201:
                self.acknowledged[response.headers["location"]] = title
            else:
                self.unexpected.append(response.text)

        self._go_on(GATEWAY, once)

    def use(self, lab: str) -> None:
        """Take permits of the quota at this isolate."""

        def once(consumer: Consumer) -> None:
            client = self.client
            response = consumer.get("/limited/kept", headers=client)
            by_object = "local" not in response.headers["ratelimit"]
            name = client["cf-connecting-ip"]
            if response.status_code == 204 and by_object:
                self.admitted[name] += 1
            elif response.status_code == 429 and by_object:
                self.refused[name] += 1
            else:
                self.unexpected.append(f"{response.headers['ratelimit']} {response.text}")

        self._go_on(lab, once)

    def _go_on(self, worker: str, once: Callable[[Consumer], None]) -> None:
        while not self._done.is_set():
            self._alive.wait(START)
            with Consumer(self._runtime.url(worker)) as consumer:
                try:
                    while not self._done.is_set():
                        once(consumer)
                except httpx.TransportError:
                    continue

    def kill(self) -> float:
        """Kill workerd; the seconds until it answers again."""
        self._alive.clear()
        began = time.monotonic()
        self._runtime.kill_workerd()
        self._runtime.wait_ready(START)
        self._alive.set()
        return time.monotonic() - began

    def stop(self) -> None:
        self._done.set()
        self._alive.set()


@pytest.mark.timeout(180 + KILLS * START)
def test_what_was_promised_holds_over_kills_under_load(mortal: LocalRuntime) -> None:
    """Each kill comes at a moment by chance, while part of a fresh quota is used, some of it held
    by isolates, a breaker is open, and a token is out."""
    token = bearer(mint())
    chance = random.Random(SEED)  # noqa: S311  # to be repeated, not to be secret
    with Consumer(mortal.url(LABS[0])) as lab:
        refused_on(lab, "500")
    load = Load(mortal)
    away = []
    clients: list[Callable[[], None]] = [load.write, load.write]
    clients += [partial(load.use, lab) for lab in LABS[:USERS]]
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client) for client in clients]
        try:
            for number in range(KILLS):
                if number:  # the first one has a quota to begin with
                    load.client = address()
                name = load.client["cf-connecting-ip"]
                used = chance.randrange(5, QUOTA * 3 // 4)
                written = len(load.acknowledged) + chance.randrange(1, ENOUGH)
                eventually(lambda: load.admitted[name] >= used, PATIENCE)  # noqa: B023
                eventually(lambda: len(load.acknowledged) >= written, PATIENCE)  # noqa: B023
                away.append(load.kill())
                eventually(lambda: load.refused[name] >= USERS * 2, PATIENCE)  # noqa: B023
                with Consumer(mortal.url(LABS[0])) as lab:
                    refused = refused_on(lab, "200")
                problem(refused, 503, "upstream-unavailable")
                assert 3000 < int(refused.headers["retry-after"]) <= 3600
                with Consumer(mortal.url(GATEWAY), token) as api:
                    assert api.get("/v2/roadmaps").status_code == 200
        finally:
            load.stop()
        assert [task.result() for task in running] == [None] * len(clients)
    print(
        f"\n{KILLS} kills, seed {SEED}: ready again after {min(away):.1f} to {max(away):.1f} s;"
        f" {len(load.acknowledged)} writes acknowledged; of quotas of {QUOTA}"
        f" {sorted(load.admitted.values())} admitted"
    )
    assert load.unexpected == []
    assert len(load.admitted) == KILLS
    assert max(load.admitted.values()) <= QUOTA
    with Consumer(mortal.url(GATEWAY)) as consumer:
        assert consumer.get("/healthz").json()["status"] == "ok"
        for place, title in load.acknowledged.items():
            shown = consumer.get(place, headers=bearer(mint()))
            assert (shown.status_code, shown.json()["title"]) == (200, title)


def refused_on(lab: Consumer, status: str) -> httpx.Response:
    """The answer once the breaker is known to be open, to a service that would say `status`."""

    def look() -> httpx.Response | None:
        answer = lab.get("/breaks-for-good", params={"status": status})
        return answer if "retry-after" in answer.headers else None

    return eventually(look, PATIENCE)


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
