"""Whatever happens to isolates, messages, clocks and the object: never more than the limit.

Schedules of a world (`limiting_model.py`), some at random and some aimed at the brink, each judged
by looking at every window of everything that was admitted in it, by true time; and what a steady
demand gets of its quota.
"""

from itertools import product
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.limiting import authority
from contract.limiting.limit import BEHIND, DRIFT, Limit
from tests.unit.limiting_model import START, World, excess

BERLIN = ((0, 3600), (int(START) + 100, 7200), (int(START) + 300, 3600))
"""The clocks of a zone that has much to change."""

LIMITS = {
    "sliding window": Limit(algorithm="sliding_window", quota=40, window=10.0),
    "sliding log": Limit(algorithm="sliding_log", quota=40, window=10.0),
    "large sliding log": Limit(algorithm="sliding_log", quota=600, window=10.0),
    "token bucket": Limit(algorithm="token_bucket", quota=40, window=10.0, burst=20),
    "fixed window": Limit(algorithm="fixed_window", quota=40, window=10.0),
    "calendar": Limit(algorithm="calendar", quota=60, period="day", offsets=BERLIN),
    "concurrency": Limit(algorithm="concurrency", quota=5, window=3.0),
}


distances = st.sampled_from([0.0, 0.001, 0.02, 0.3, 1.5])
isolates = st.integers(0, 2)
one = st.fixed_dictionaries(
    {
        "number": isolates,
        "cost": st.sampled_from([1, 1, 2, 7]),
        "there": distances,
        "back": distances,
        "lost": st.sampled_from([False, False, False, True]),
        "lasts": st.sampled_from([0.05, 1.0, 4.0]),
    }
)
crowd = st.fixed_dictionaries(
    {
        "number": isolates,
        "size": st.sampled_from([5, 40, 90]),
        "pause": st.sampled_from([0.0005, 0.004, 0.03]),
        "there": distances,
    }
)
things = st.one_of(
    st.tuples(st.just("crowd"), crowd),
    st.tuples(st.just("crowd"), crowd),
    st.tuples(st.just("crowd"), crowd),
    st.tuples(st.just("pause"), st.sampled_from([0.02, 0.3, 0.95, 1.0, 2.4, 8.0, 9.0, 9.95])),
    st.tuples(st.just("wait"), st.sampled_from([0.02, 0.8, 0.97])),
    st.tuples(st.just("request"), one),
    st.tuples(st.just("restart"), isolates),
    st.tuples(st.just("kill"), st.sampled_from([0.0, 2.0])),
    st.tuples(st.just("double"), st.integers(0, 99)),
    st.tuples(st.just("erase"), st.none()),
)
clocks = st.lists(
    st.tuples(st.sampled_from([0.0, -1e6, 5e8]), st.sampled_from([1 - DRIFT, 1.0, 1 + DRIFT])),
    min_size=3,
    max_size=3,
)


def happen(world: World, what: str, detail: Any) -> None:
    """One step of a schedule."""
    match what:
        case "request":
            world.request(**detail)
        case "crowd":
            for _ in range(detail["size"]):
                world.request(detail["number"], there=detail["there"], back=0.001, lasts=1.0)
                world.pass_time(detail["pause"])
        case "pause":
            world.pass_time(detail)
        case "wait":
            window = world.limit.window or 86400.0
            world.pass_time((detail - (world.now - START) / window) % 1 * window)
        case "restart":
            world.isolates[detail % len(world.isolates)].restart()
        case "kill":
            # A clock that is behind makes object time stand still: fine for windows that slide.
            slides = world.limit.algorithm in ("sliding_log", "token_bucket", "concurrency")
            world.kill_object(behind=detail if slides else 0.0)
        case "double":
            world.double(detail)
        case "erase":
            world.erase_if_idle()


@pytest.mark.parametrize("name", LIMITS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(clocks=clocks, steps=st.lists(things, min_size=6, max_size=25), leased=st.booleans())
def test_never_more_than_the_limit(
    name: str, clocks: list[tuple[float, float]], steps: list[tuple[str, Any]], leased: bool
) -> None:
    world = World(LIMITS[name], clocks, leased=leased)
    # Leases that take all there is, as it must not be their size that keeps the limit.
    with patch.object(authority, "_SHARE", 1):
        for what, detail in steps:
            happen(world, what, detail)
        world.pass_time(30.0)
    assert excess(world.limit, world.admitted) <= 0


LEASED = [name for name in LIMITS if name != "concurrency"]


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "among others"])
@pytest.mark.parametrize("name", LEASED)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(clocks=clocks, steps=st.lists(things, min_size=6, max_size=25))
def test_no_more_is_told_to_be_left_than_is_but_for_what_others_were_granted_since(
    name: str, alone: bool, clocks: list[tuple[float, float]], steps: list[tuple[str, Any]]
) -> None:
    """Where there is one isolate, hence never more than is left."""
    world = World(LIMITS[name], clocks[:1] if alone else clocks)
    for what, detail in steps:
        happen(world, what, detail)
    world.pass_time(30.0)
    assert world.overtold == 0


@pytest.mark.parametrize("name", LEASED)
@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(
        st.tuples(isolates, st.sampled_from([1, 1, 2, 7]), st.sampled_from([0.0, 0.001, 0.1])),
        min_size=20,
        max_size=80,
    )
)
def test_isolates_that_know_of_each_other_do_not_tell_the_same_permits(
    name: str, steps: list[tuple[int, int, float]]
) -> None:
    """Since each was told with all of them about: together no more than was free at any time
    since, beyond what they hold."""
    limit = LIMITS[name]
    world = World(limit, [(0.0, 1.0)] * 3)
    free: list[int | None] = [None, None, None]
    """When each was last told, if that was with all three about."""
    for number, cost, pause in steps:
        calls = world.calls
        world.request(number, cost, there=0.0, back=0.0)
        world.pass_time(0.0)
        if world.calls > calls:
            about = world.holders() | {world.isolates[number].holding._name}
            free[number] = world.free() if len(about) == 3 else None
        known = [one for one in free if one is not None]
        if len(known) == 3:
            shares = [isolate.share()[0] for isolate in world.isolates]
            assert sum(shares) <= max(known)
        world.pass_time(pause)


LONG = {
    name: Limit(algorithm=limit.algorithm, quota=40, window=400.0, burst=limit.burst)
    for name, limit in LIMITS.items()
    if limit.algorithm in ("sliding_window", "sliding_log", "token_bucket") and limit.quota == 40
}
"""With leases of up to 40 seconds, in which a clock may be wrong by 0.4 of one."""
BRINK = {**LIMITS, **{f"long {name}": limit for name, limit in LONG.items()}}
del BRINK["concurrency"]  # of which there are no leases

ORDERS = {
    "nobody is told": ["lease", "late", "restart", "take", "take"],
    "nobody is told, and somebody asks": ["lease", "late", "restart", "look", "take", "take"],
    "and told at once": ["lease", "late", "tell", "take", "take"],
    "and told later": ["lease", "late", "look", "take", "tell", "take"],
    "when all was taken": ["lease", "take", "late", "tell", "take"],
}


@pytest.mark.parametrize("name", BRINK)
@pytest.mark.parametrize("order", ORDERS)
def test_never_more_than_the_limit_at_the_brink(name: str, order: str) -> None:
    """Permits are used at the last moment at which they may be, and what is free is taken at the
    first: by clocks as wrong as can be, from answers as late as can be."""
    limit, used_late = BRINK[name], 0
    for rate, there, back, lag, begin, part in product(
        (1 - DRIFT, 1 + DRIFT),
        (0.0, 0.3),
        (0.0, 0.3, 1.5),
        (0.0, BEHIND - 0.002),
        (0.0, 0.97),
        (1.0, 0.5),
    ):
        world = World(limit, [(5e8, rate)])
        isolate = world.isolates[0]
        happen(world, "wait", begin)
        with patch.object(authority, "_SHARE", 1):
            for what in ORDERS[order]:
                match what:
                    case "lease":
                        world.get_lease(isolate, there=there, back=back)
                    case "late":
                        used_late += world.spend_late(isolate, lag=lag)
                    case "restart":
                        isolate.restart()
                    case "tell":
                        world.tell(isolate)
                    case "look":
                        world.look(after=0.25)
                    case "take":
                        world.take_when_free(part)
            world.pass_time(2.0)
        assert excess(limit, world.admitted) <= 0, (rate, there, back, lag, begin, part)
    assert used_late


# Of the quota, what demand of twice as much gets in the long run, by three isolates.
USED = {
    "sliding window": 0.97,
    "sliding log": 10 / 11,
    "token bucket": 10 / 11,
    "fixed window": 0.99,
}
STEADY = Limit(quota=200, window=10.0)


@pytest.mark.parametrize("name", USED)
def test_a_steady_demand_gets_what_is_stated(name: str) -> None:
    limit = replace(STEADY, algorithm=name.replace(" ", "_"))
    world = World(limit, [(0.0, 1.0), (-1e6, 1 + DRIFT), (5e8, 1 - DRIFT)])
    for number in range(4000):  # 40 a second for 100 seconds
        world.request(number)
        world.pass_time(0.025)
    used = [one for one in world.admitted if one.at >= START + 20]
    assert excess(limit, world.admitted) <= 0
    assert len(used) >= USED[name] * limit.quota * 8


def test_a_steady_load_below_the_limit_seldom_asks() -> None:
    limit = Limit(quota=1000, window=60.0)
    world = World(limit, [(0.0, 1.0), (-1e6, 1 + DRIFT), (5e8, 1 - DRIFT), (0.0, 1.0)])
    asked_before = admitted_before = 0
    for number in range(4000):  # 13 a second, of which 17 may be, for five minutes: four count
        if number == 800:
            asked_before, admitted_before = world.calls, len(world.admitted)
        world.request(number)
        world.pass_time(0.075)
    assert world.refused == 0
    assert world.calls - asked_before <= 0.1 * (len(world.admitted) - admitted_before)
