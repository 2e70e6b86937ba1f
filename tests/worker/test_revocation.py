"""A credential ends, and every isolate that has verified it refuses it: through the change feed."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from policies.authenticate import Remembered
from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import SECRETS, Consumer, bearer, mint, unique
from tests.eventually import eventually
from tests.people import Person
from tests.plan import DEMO_CLIENT_SECRET
from tests.publishing import EDGES, FAULT, MAX_AGE
from tests.worker.conftest import Caller

SOONER = Remembered.MAX_AGE / 2
"""Seconds: long enough for a machine that has other things to do, and far too soon for an isolate
that has not been told."""
DEMO = {"client_id": "demo", "client_secret": DEMO_CLIENT_SECRET}


@pytest.fixture
def api(edges: LocalRuntime) -> Iterator[Consumer]:
    with Consumer(edges.url(GATEWAY)) as consumer:
        yield consumer


Ending = tuple[dict[str, str], Callable[[], httpx.Response]]
"""The field that carries a credential, and what ends it."""


def client_token(_edges: LocalRuntime, api: Consumer) -> Ending:
    form = {"grant_type": "client_credentials", **DEMO}
    token = api.post("/oauth/token", data=form).json()["access_token"]
    SECRETS.add(token)
    return bearer(token), lambda: api.post("/oauth/revoke", data={"token": token, **DEMO})


def api_key(_edges: LocalRuntime, api: Consumer) -> Ending:
    keeper = bearer(mint(unique("keeper")))
    new = {"name": "ending", "scopes": ["roadmaps:read"]}
    made = api.post("/keys", json=new, headers=keeper).json()
    SECRETS.add(made["key"])
    return bearer(made["key"]), lambda: api.delete(f"/keys/{made['id']}", headers=keeper)


def session(edges: LocalRuntime, api: Consumer) -> Ending:
    person = Person(Caller(edges), api)
    person.log_in()
    return {"cookie": person.cookie}, lambda: person.post("/logout", {})


def status_at(edges: LocalRuntime, edge: str, credential: dict[str, str]) -> int:
    with Consumer(edges.url(edge), credential) as client:
        return client.get("/private").status_code


def bites(edges: LocalRuntime, credential: dict[str, str]) -> float:
    """Seconds until the last isolate has refused."""
    began = time.monotonic()
    for edge in EDGES:
        eventually(lambda edge=edge: status_at(edges, edge, credential) == 401, SOONER)  # type: ignore[misc]
    took = time.monotonic() - began
    assert took < SOONER
    return took


@pytest.mark.parametrize("way", [client_token, api_key, session])
def test_every_isolate_refuses_what_has_ended(
    edges: LocalRuntime,
    api: Consumer,
    capsys: pytest.CaptureFixture[str],
    way: Callable[[LocalRuntime, Consumer], Ending],
) -> None:
    credential, end = way(edges, api)
    assert [status_at(edges, edge, credential) for edge in EDGES] == [200] * len(EDGES)
    start = len(edges.log_lines())
    assert end().is_success
    took = bites(edges, credential)
    assert [line for line in edges.log_lines()[start:] if "revocation_untold" in line] == []
    with capsys.disabled():
        print(
            f"\n{way.__name__}: the last of {len(EDGES)} isolates refused it {took:.2f} s after "
            f"it had ended (T = {MAX_AGE:g} s)"
        )


@pytest.mark.parametrize("fault", ["throw", "hang"])
def test_without_the_feed_it_ends_all_the_same_and_is_told_later(
    edges: LocalRuntime, api: Consumer, fault: str
) -> None:
    token, end = client_token(edges, api)
    start = len(edges.log_lines())
    assert [status_at(edges, edge, token) for edge in EDGES] == [200] * len(EDGES)
    httpx.post(f"{edges.url(FAULT)}/-/fault", content=fault).raise_for_status()
    try:
        assert end().status_code == 200
        edges.wait_for_log('"event":"revocation_untold"', start=start)
    finally:
        httpx.post(f"{edges.url(FAULT)}/-/fault", content="none").raise_for_status()
    bites(edges, token)
