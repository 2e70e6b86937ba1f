"""Of lease objects that do not answer one request a second finds out, and waits for no lease."""

import pytest

from caching.leases import PatientLeases
from contract.cache_lease import FlightAnswer, FlightRequest, Outcome, ReleaseRequest, Turn
from ports import Unavailable
from resting import REST
from tests.unit.fakes import Clock, run

WAIT = 5.0
MARGIN = 0.5
KEY = "0" * 32


class Leases:
    """Objects that answer at once, or not at all, as requests of one isolate see them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.hanging: set[str] = set()
        self.asked: list[tuple[str, float]] = []
        """Names, and for how long each was asked to hold the call."""
        self.released: list[str] = []
        self.lost_after: list[float] = []
        """Seconds after which calls fail, of those that come next."""
        self.leases = PatientLeases(self, lambda: self.clock.now)

    async def acquire(self, shard: str, request: FlightRequest, *, timeout: float) -> FlightAnswer:
        self.asked.append((shard, request.wait))
        if self.lost_after:
            self.clock.now += self.lost_after.pop(0)
            raise Unavailable("cache lease", reason="reset")
        self._hang(shard, timeout)
        return FlightAnswer(turn=Turn.LEAD, token=1)

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None:
        self.released.append(shard)
        self._hang(shard, timeout)

    def _hang(self, shard: str, timeout: float) -> None:
        if shard in self.hanging:
            self.clock.now += timeout
            raise Unavailable("cache lease", timed_out=True)

    def join(self, shard: str) -> float | None:
        """How long it took to hear nothing; None where there was an answer."""
        began = self.clock.now
        request = FlightRequest(key=KEY, seconds=1.0, wait=WAIT)
        try:
            run(self.leases.acquire(shard, request, timeout=WAIT + MARGIN))
        except Unavailable:
            return round(self.clock.now - began, 3)
        return None

    def end(self, shard: str) -> None:
        request = ReleaseRequest(key=KEY, token=1, outcome=Outcome.STORED)
        run(self.leases.release(shard, request, timeout=MARGIN))


def test_who_finds_out_does_not_wait_for_a_lease() -> None:
    leases = Leases()
    leases.hanging = {"a"}
    assert [leases.join("a") for _ in range(3)] == [WAIT + MARGIN, 0, 0]
    leases.clock.now += REST
    assert [leases.join("a") for _ in range(3)] == [MARGIN, 0, 0]
    assert leases.asked == [("a", WAIT), ("a", 0.0)]
    leases.hanging = set()
    leases.clock.now += REST
    assert [leases.join("a") for _ in range(2)] == [None, None]
    assert leases.asked[2:] == [("a", 0.0), ("a", WAIT)]


def test_others_lead_and_wait_as_ever() -> None:
    leases = Leases()
    leases.hanging = {"a"}
    leases.join("a")
    assert leases.join("b") is None
    assert leases.asked[-1] == ("b", WAIT)
    assert leases.join("a") == 0


def test_who_leads_tells_it_whatever_is_known() -> None:
    leases = Leases()
    leases.hanging = {"a"}
    leases.join("a")
    with pytest.raises(Unavailable, match="timed out"):
        leases.end("a")
    assert leases.released == ["a"]
    leases.hanging = set()
    leases.end("a")
    assert leases.join("a") is None


def test_who_waited_in_an_object_that_is_lost_asks_the_one_in_its_place() -> None:
    leases = Leases()
    leases.lost_after = [2.0]
    assert leases.join("a") is None
    assert leases.asked == [("a", WAIT), ("a", WAIT - 2)]


@pytest.mark.parametrize(("lost_after", "calls"), [([0.0], 1), ([2.0, 0.0], 2), ([2.0, 1.0], 2)])
def test_an_object_that_fails_at_once_or_again_is_asked_no_more(
    lost_after: list[float], calls: int
) -> None:
    leases = Leases()
    took = sum(lost_after)
    leases.lost_after = lost_after
    assert leases.join("a") == took
    assert len(leases.asked) == calls


def test_the_second_time_ends_when_the_first_would_have() -> None:
    leases = Leases()
    leases.hanging = {"a"}
    leases.lost_after = [2.0]
    assert leases.join("a") == WAIT + MARGIN
