"""The tiers behind memory: which is asked, which is passed over, and what the log is told of it."""

from collections.abc import Sequence

import pytest

from caching.tiers import SharedTiers
from contract.cache import EDGE, FACTS, GLOBAL, STATUS, STORED_AT, TIERS, TTL
from messages import Body, Headers, Response
from ports import Unavailable
from resting import REST
from tests.unit.fakes import NOW, Clock, run

TIMEOUT = 0.5
KEY = "https://cache.internal/x"
BOTH = frozenset((EDGE, GLOBAL))
NEAR_IS_LATE = "Cache API: timed out"
FAR_IS_LATE = "cache: timed out"


def entry(text: str) -> Response:
    return Response(200, Headers([(FACTS, "{}")]), text.encode())


class Tier:
    """Either of the two."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.fault = ""
        self.held: Response | None = None
        self.status = 201
        self.asked: list[Headers] = []

    async def match(self, key: str, *, timeout: float) -> Response | None:
        return self._answer(Headers(), timeout)

    async def get(self, key: str, headers: Headers, *, timeout: float) -> Response | None:
        return self._answer(headers, timeout)

    async def put(self, key: str, headers: Headers, body: Body, *, timeout: float) -> int:
        self._answer(headers, timeout)
        return self.status

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        self._answer(Headers(), timeout)

    def _answer(self, headers: Headers, timeout: float) -> Response | None:
        self.asked.append(headers)
        if self.fault == "hang":
            self.clock.now += timeout
            raise Unavailable(self.name, timed_out=True)
        if self.fault:
            raise Unavailable(self.name, reason=self.fault)
        return self.held


class Cache:
    """Both, and what a request sees of them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.near, self.far = Tier("Cache API", self.clock), Tier("cache", self.clock)
        self.tiers = SharedTiers(
            self.near, self.far, lambda: self.clock.now, lambda response, _: response
        )
        self.notes: list[str] = []

    def look(self, tiers: frozenset[str] = BOTH) -> tuple[str, float]:
        """What is found, and how many seconds that took; in `notes` what the log is told."""
        began, self.notes = self.clock.now, []
        try:
            found = run(
                self.tiers.lookup(KEY, tiers=tiers, timeout=TIMEOUT, note=self.notes.append)
            )
        except Unavailable as failure:
            self.notes.append(str(failure))
            found = None
        text = "" if found is None or not isinstance(found.body, bytes) else found.body.decode()
        return text, round(self.clock.now - began, 3)

    def keep(self, tiers: frozenset[str] = BOTH) -> None:
        response = Response(200, Headers(), b"x")
        run(self.tiers.store(KEY, response, [], stored_at=NOW, ttl=60, tiers=tiers))


def test_the_nearest_that_has_it_answers() -> None:
    cache = Cache()
    cache.far.held = entry("far")
    assert cache.look() == ("far", 0)
    assert cache.far.asked[-1].get(TIERS) == "edge, global"
    cache.near.held = entry("near")
    assert cache.look() == ("near", 0)
    assert (len(cache.far.asked), cache.notes) == (1, [])


def test_a_cache_api_that_hangs_is_left_alone_and_the_worker_goes_on_without_it() -> None:
    cache = Cache()
    cache.far.held = entry("far")
    cache.near.fault = "hang"
    assert cache.look() == ("far", TIMEOUT)
    assert cache.notes == [NEAR_IS_LATE]
    for _ in range(5):
        assert cache.look() == ("far", 0)
        assert "left alone" in cache.notes[0]
    # It has one of its own, which is likely to hang as well.
    assert cache.far.asked[-1].get(TIERS) == "global"
    assert len(cache.near.asked) == 1
    cache.near.fault, cache.near.held = "", entry("near")
    cache.clock.now += REST
    assert cache.look() == ("near", 0)
    assert cache.notes == []


def test_a_worker_that_hangs_is_left_alone_and_the_cache_api_is_not() -> None:
    cache = Cache()
    cache.far.fault = "hang"
    assert cache.look() == ("", TIMEOUT)
    assert cache.notes == [FAR_IS_LATE]
    assert cache.look() == ("", 0)
    assert "left alone" in cache.notes[0]
    cache.near.held = entry("near")
    assert cache.look() == ("near", 0)
    assert (len(cache.near.asked), len(cache.far.asked)) == (3, 1)
    cache.near.held = None
    cache.clock.now += REST
    assert cache.look() == ("", TIMEOUT), "one finds out"
    assert cache.look() == ("", 0)


@pytest.mark.parametrize("tiers", [frozenset({EDGE}), frozenset({GLOBAL})])
def test_a_tier_that_a_route_leaves_out_is_not_asked(tiers: frozenset[str]) -> None:
    cache = Cache()
    cache.look(tiers)
    assert (len(cache.near.asked), len(cache.far.asked)) == (EDGE in tiers, GLOBAL in tiers)


def test_what_fails_at_once_is_asked_every_time() -> None:
    cache = Cache()
    cache.near.fault, cache.far.fault = "broken", "gone"
    for _ in range(3):
        assert cache.look() == ("", 0)
        assert cache.notes == ["Cache API: broken", "cache: gone"]
    assert (len(cache.near.asked), len(cache.far.asked)) == (3, 3)


def test_what_is_no_entry_is_passed_over() -> None:
    cache = Cache()
    cache.near.held = Response(200, Headers(), b"<!doctype html>")
    cache.far.held = Response(500, Headers(), b"injected")
    assert cache.look() == ("", 0)
    assert cache.notes == ["Cache API: answered, and no entry", "cache: answered 500, and no entry"]


def test_what_is_written_says_what_it_is() -> None:
    cache = Cache()
    cache.keep()
    fields = dict(cache.far.asked[0])
    assert (fields[STATUS], fields[TTL], fields[STORED_AT]) == ("200", "60", f"{NOW:.3f}")
    assert (fields[TIERS], fields[FACTS]) == ("edge, global", "[]")


def test_nothing_is_written_to_a_worker_that_does_not_answer() -> None:
    cache = Cache()
    cache.far.fault = "hang"
    cache.look()
    with pytest.raises(Unavailable, match="left alone"):
        cache.keep()
    assert len(cache.far.asked) == 1
    cache.clock.now += REST
    cache.far.fault = ""
    cache.keep()
    assert cache.look() == ("", 0)
    assert cache.notes == []


def test_the_worker_is_not_kept_waiting_for_a_cache_api_that_does_not_answer() -> None:
    cache = Cache()
    cache.near.fault = "hang"
    cache.look()
    cache.keep()
    assert cache.far.asked[-1].get(TIERS) == "global"
    with pytest.raises(Unavailable, match="Cache API: left alone"):
        cache.keep(frozenset({EDGE}))
    cache.near.fault = ""
    cache.clock.now += REST
    cache.look()
    cache.keep()
    assert cache.far.asked[-1].get(TIERS) == "edge, global"


def test_a_write_that_hangs_is_given_up_and_nobody_asks_then() -> None:
    cache = Cache()
    cache.far.fault = "hang"
    began = cache.clock.now
    with pytest.raises(Unavailable, match="timed out"):
        cache.keep()
    assert cache.clock.now == began + SharedTiers.WRITE_TIMEOUT
    assert cache.look() == ("", 0)


def test_what_the_worker_does_not_take_is_not_kept() -> None:
    cache = Cache()
    cache.far.status = 503
    with pytest.raises(Unavailable, match="answered 503"):
        cache.keep()


def test_to_forget_is_asked_of_it_whatever_is_known() -> None:
    cache = Cache()
    cache.far.fault = "hang"
    cache.look()
    cache.far.fault = ""
    run(cache.tiers.purge([KEY], timeout=TIMEOUT))
    assert len(cache.far.asked) == 2
