"""The tiers over HTTP: what each of them shares with whom, and what happens without it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from cli.compile_table import load_table
from contract.cache import ORIGIN
from routing.compile import CompiledRoutes
from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, unique
from tests.eventually import eventually
from tests.plan import FAULTS, LABS, ROUTES
from tests.unit.fakes import FakePlatform
from tests.worker.conftest import Caller

Calls = Callable[[str], int]
SHARED = {"host": "tiers.test"}


@pytest.fixture
def labs(runtime: LocalRuntime) -> Iterator[list[Consumer]]:
    """Isolates that share the tiers behind their memory."""
    with ExitStack() as stack:
        yield [stack.enter_context(Consumer(runtime.url(lab), SHARED)) for lab in LABS]


def is_hit(response: httpx.Response) -> bool:
    assert response.status_code == 200, response.text
    return "; hit" in response.headers["cache-status"]


def key_of(name: str, path: str, host: str = SHARED["host"]) -> str:
    """The URL under which the answer of the route `name` is kept."""
    routes = CompiledRoutes(load_table(ROUTES), FakePlatform())
    (route,) = [one for one in routes.all() if one.name == name]
    return f"{ORIGIN}http:{host}/-/{name}~{route._builder._made_by(route)}{path}"


SHARES = [("remembered", False), ("near", True), ("far", True), ("everywhere", True)]


@pytest.mark.parametrize(("name", "shared"), SHARES)
def test_what_an_isolate_has_stored_others_find_where_they_share_a_tier(
    labs: list[Consumer], calls: Calls, name: str, shared: bool
) -> None:
    path = f"/{name}/{unique('x')}"
    eventually(lambda: is_hit(labs[0].get(path)))
    asked = calls(path)
    first = [is_hit(lab.get(path)) for lab in labs]
    others = len(labs) - 1
    assert first == [True, *[shared] * others]
    assert calls(path) == asked + (0 if shared else others)
    for lab in labs:
        eventually(lambda lab=lab: is_hit(lab.get(path)))  # type: ignore[misc]


def test_a_hit_in_the_last_tier_is_brought_near(labs: list[Consumer], caller: Caller) -> None:
    path = f"/everywhere/{unique('x')}"
    key = key_of("everywhere", path)
    eventually(lambda: is_hit(labs[0].get(path)))
    eventually(lambda: caller.ask("near", url=key) != "null")
    caller.ask("forget", url=key)
    assert is_hit(labs[1].get(path)), "from KV"
    eventually(lambda: caller.ask("near", url=key) != "null")
    caller.ask("forget", url=key)
    assert is_hit(labs[1].get(path)), "from memory"


@pytest.mark.parametrize(("name", "is_near"), [("near", True), ("far", False)])
def test_a_tier_that_a_route_leaves_out_has_none_of_it(
    labs: list[Consumer], caller: Caller, name: str, is_near: bool
) -> None:
    path = f"/{name}/{unique('x')}"
    key = key_of(name, path)
    eventually(lambda: is_hit(labs[1].get(path)))
    if is_near:
        eventually(lambda: caller.ask("near", url=key) != "null")
        caller.ask("forget", url=key)
        assert not is_hit(labs[2].get(path)), "KV does not have it"
    else:
        eventually(lambda: is_hit(labs[2].get(path)))
        assert caller.ask("near", url=key) == "null"


@pytest.mark.parametrize("fault", ["throw", "status", "hang", "rubbish"])
def test_without_the_cache_worker_memory_goes_on(
    faulty: Consumer, fail: Fail, calls: Calls, fault: str
) -> None:
    path = f"/everywhere/{unique('x')}"
    fail(FAULTS["CACHE"], fault)
    assert not is_hit(faulty.get(path))
    eventually(lambda: is_hit(faulty.get(path)))
    asked = calls(path)
    assert is_hit(faulty.get(path))
    assert calls(path) == asked


def test_an_answer_that_breaks_off_is_in_no_tier(
    labs: list[Consumer], runtime: LocalRuntime
) -> None:
    """Half a body is the whole of nothing."""
    path = f"/everywhere/{unique('x')}"
    start = len(runtime.log_lines())
    with labs[0].stream("GET", path, params={"drip": "20"}) as endless:
        next(endless.iter_bytes())
    assert not is_hit(labs[0].get(path, params={"status": "200"}))
    runtime.wait_for_log(f'"path":"{path}"', start=start)
    for lab in labs:
        with lab.stream("GET", path, params={"drip": "20"}) as again:
            assert "hit" not in again.headers["cache-status"]
