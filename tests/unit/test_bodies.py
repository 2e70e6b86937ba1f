"""Bodies that break off: whoever reads one blames the client for a request, and the service for an
answer, and never the gateway."""

from typing import Any

import pytest

from application import Application
from messages import BodyBroken, Headers, Response
from tests.unit.fakes import FakePlatform, exchange, run
from tests.unit.tables import route, table

JSON = ("content-type", "application/json")
OBJECT = {"type": "object"}
EDIT = {"json": [{"op": "set", "path": "/a", "value": 1}]}


class Broken:
    """A stream that says how long it is, or does not, and ends before that."""

    def __init__(self, length: int | None = 5, *, timed_out: bool = False) -> None:
        self.length = length
        self.arrived: float | None = None
        self._timed_out = timed_out

    async def read(self, limit: int) -> bytes:
        raise BodyBroken("gone", timed_out=self._timed_out)

    async def discard(self) -> None:
        """Nobody is there to be told."""


READERS: list[tuple[str, dict[str, Any]]] = [
    # who reads the body of a request, and the route that has it do so
    ("validate", {"validate": {"body": OBJECT}}),
    ("transform", {"transform": "edit"}),
    ("idempotency", {"idempotency": True}),
    ("retry", {"retries": {}}),
    ("mirror", {"mirror": {"service": "auth"}}),
]


@pytest.mark.parametrize(("who", "members"), READERS)
def test_a_request_that_breaks_off_is_the_clients(who: str, members: dict[str, Any]) -> None:
    platform = FakePlatform()
    settings = table(route(methods=["PUT"], **members), transforms={"edit": {"request": EDIT}})
    app = Application(settings, "0" * 64, platform)
    asked = exchange("PUT", "/things/1", body=Broken())
    asked.request.headers = Headers([JSON, ("idempotency-key", "k")])
    response = run(app.handle(asked))
    assert (response.status, asked.log["problem"]) == (400, "malformed-request")
    assert not any(service.requests for service in platform.services.values())


@pytest.mark.parametrize(("timed_out", "status"), [(False, 400), (True, 408)])
def test_so_is_one_that_never_said_how_long_it_is(timed_out: bool, status: int) -> None:
    app = Application(table(route(methods=["PUT"])), "0" * 64, FakePlatform())
    asked = exchange("PUT", "/things/1", body=Broken(None, timed_out=timed_out))
    assert run(app.handle(asked)).status == status


CHECKS: list[dict[str, Any]] = [
    {"validate": {"response": {"schema": OBJECT, "action": "refuse"}}},
    {"validate": {"response": {"schema": OBJECT, "action": "report"}}},
    {"transform": "edit"},
]


@pytest.mark.parametrize("members", CHECKS)
@pytest.mark.parametrize(
    ("timed_out", "code"), [(False, "upstream-unreachable"), (True, "upstream-timeout")]
)
def test_an_answer_that_breaks_off_is_the_services(
    members: dict[str, Any], timed_out: bool, code: str
) -> None:
    platform = FakePlatform()
    settings = table(route(**members), transforms={"edit": {"response": EDIT}})
    app = Application(settings, "0" * 64, platform)
    body = Broken(timed_out=timed_out)
    platform.binding("DATA").answer = lambda _: Response(200, Headers([JSON]), body)
    asked = exchange("GET", "/things/1")
    run(app.handle(asked))
    assert asked.log["problem"] == code
