"""One workerd for all tests that need one; it starts with the first of them."""

import functools
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import Consumer, bearer, mint
from tests.plan import FAULTS, FAULTY, FAULTY_OBJECTS, LABS, ORIGIN, SWITCH, shared_plan

LAST = "test_log_of_the_run"
"""The module that judges the whole run."""

Fail = Callable[[str, str], None]

# A client reads all authorities that the system trusts, which takes 20 ms. No test speaks https,
# and there are thousands of clients.
ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]
Deploy = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LAST in item.nodeid)  # the sort is stable


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """The shared plan, running. A test that kills or reloads it waits until it answers again."""
    with LocalRuntime(shared_plan(tmp_path_factory.mktemp("state"))) as local:
        yield local


@pytest.fixture
def anonymous(runtime: LocalRuntime) -> Iterator[Consumer]:
    """A consumer of the public API without credentials."""
    with Consumer(runtime.url(GATEWAY)) as consumer:
        yield consumer


@pytest.fixture
def api(runtime: LocalRuntime) -> Iterator[Consumer]:
    """A consumer of the public API with a token that allows everything."""
    with Consumer(runtime.url(GATEWAY), bearer(mint())) as consumer:
        yield consumer


@pytest.fixture
def lab(runtime: LocalRuntime) -> Iterator[Consumer]:
    """A consumer of the tests' own table, without credentials."""
    with Consumer(runtime.url(LABS[0])) as consumer:
        yield consumer


@pytest.fixture
def faulty(runtime: LocalRuntime) -> Iterator[Consumer]:
    """The same, of the gateway whose dependencies fail as `fail` says."""
    with Consumer(runtime.url(FAULTY)) as consumer:
        yield consumer


@pytest.fixture
def fail(runtime: LocalRuntime) -> Iterator[Fail]:
    """Lets a Worker of `FAULTS` fail until the test is over: `fail(worker, fault)`."""
    told: set[str] = set()

    def tell(worker: str, fault: str) -> None:
        told.add(worker)
        httpx.post(f"{runtime.url(worker)}/-/fault", content=fault).raise_for_status()

    yield tell
    for worker in told & {*FAULTS.values(), FAULTY_OBJECTS}:
        tell(worker, "none")


@pytest.fixture
def deploy(runtime: LocalRuntime) -> Iterator[Deploy]:
    """Says which deployments of auth answer the isolates of `LABS` until the test is over: "AUTH",
    and one for each step of a rotation (tests/rotation.py)."""

    def say(*names: str) -> None:
        url = f"{runtime.url(SWITCH)}/-/deployed"
        httpx.put(url, json=names, timeout=20).raise_for_status()

    yield say
    say("AUTH")


@pytest.fixture
def calls(runtime: LocalRuntime) -> Callable[[str], int]:
    """How often the origin was asked for a path."""

    def asked(path: str) -> int:
        return int(httpx.get(f"{runtime.url(ORIGIN)}/-/calls", params={"path": path}).text)

    return asked
