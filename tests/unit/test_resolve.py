"""The resolver remembers where requests lead, without mixing them up and without growing."""

from collections.abc import Iterator
from typing import Any

import pytest

from contract.problems import Problem
from messages import Headers, Request
from routing.match import RouteMatch
from routing.resolve import Resolver
from routing.table import RouteSettings
from routing.versions import Versions
from tests.unit.tables import settings_of, table

ROUTES: dict[str | None, list[dict[str, Any]]] = {
    None: [{"path": "/keys"}],
    "v1": [{"path": "/things/{id}"}],
    "v2": [
        {"path": "/things/{id}", "headers": {"X-Beta": "on"}, "name": "beta"},
        {"path": "/things/{id}", "hosts": ["eu.example.com"], "name": "eu"},
        {"path": "/things/{id}", "query": {"draft": {"present": True}}, "name": "draft"},
        {"path": "/things/{id}", "query": {"mode": "a"}, "name": "mode-a"},
        {"path": "/things/{id}"},
        {"path_prefix": "/files"},
    ],
}


def resolver() -> Resolver[str]:
    document = table()

    def routes_of(version: str | None) -> Iterator[tuple[RouteMatch, str]]:
        for members in ROUTES[version]:
            settings: RouteSettings = settings_of(**members)
            name = settings.name if "name" in members else version or "keys"
            yield RouteMatch.of(settings), name

    looked_at = (["x-beta"], ["draft", "mode"], True)
    return Resolver(Versions(document.versions), document.paths, routes_of, looked_at)


def request(
    method: str, path: str, query: str = "", *, host: str = "example.com", **fields: str
) -> Request:
    named = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return Request(method, path, query, Headers(named), host=host)


ASKED = [
    # request, target, path without version
    (request("GET", "/things/1"), "v2", "/things/1"),
    (request("GET", "/things/1", api_version="v1"), "v1", "/things/1"),
    (request("GET", "/v1/things/1"), "v1", "/things/1"),
    (request("GET", "/things/2"), "v2", "/things/2"),
    (request("HEAD", "/things/1"), "v2", "/things/1"),
    (request("GET", "/%74hings/1"), "v2", "/things/1"),
    (request("GET", "/keys"), "keys", "/keys"),
    (request("GET", "/keys", api_version="v1"), "keys", "/keys"),
    (request("GET", "/things/1", x_beta="on"), "beta", "/things/1"),
    (request("GET", "/things/1", x_beta="off"), "v2", "/things/1"),
    (request("GET", "/things/1", host="EU.example.com:8787"), "eu", "/things/1"),
    (request("GET", "/things/1", host="eu.example.com.:8787"), "eu", "/things/1"),
    (request("GET", "/things/1", "draft=1"), "draft", "/things/1"),
    # Two values, and one that looks like them once it is decoded.
    (request("GET", "/things/1", "mode=a&mode=b"), "mode-a", "/things/1"),
    (request("GET", "/things/1", "mode=a%0Ab"), "v2", "/things/1"),
    (request("GET", "/things/1", "mode=a%26mode=b"), "v2", "/things/1"),
    (request("GET", "/things/1", "other=1"), "v2", "/things/1"),
]


def test_what_is_remembered_is_what_was_found() -> None:
    remembering = resolver()
    for _ in range(2):
        for asked, target, rest in ASKED:
            found = remembering.resolve(asked)
            assert (found.target, found.path) == (target, rest)
    # A parameter that no condition looks at makes no entry of its own.
    assert len(remembering._remembered) == len(ASKED) - 1


def test_the_rest_behind_a_prefix_is_told() -> None:
    found = resolver().resolve(request("GET", "/v2/files/a/b"))
    assert (found.path, found.rest) == ("/files/a/b", "/a/b")


def test_a_refusal_stays_a_refusal() -> None:
    remembering = resolver()
    for _ in range(2):
        with pytest.raises(Problem, match="There is no route"):
            remembering.resolve(request("GET", "/nothing"))
        with pytest.raises(Problem, match="answers to GET, HEAD, OPTIONS, not to PUT"):
            remembering.resolve(request("PUT", "/keys"))


def test_the_memory_is_bounded() -> None:
    remembering = resolver()
    for number in range(Resolver.REMEMBERED + 10):
        asked = request("GET", f"/things/{number}")
        assert remembering.resolve(asked).parameters == {"id": str(number)}
    assert len(remembering._remembered) == Resolver.REMEMBERED


@pytest.mark.parametrize(
    "asked",
    [
        request("GET", "/keys", api_version="x" * 600),
        request("GET", f"/things/{'x' * 600}"),
        request("GET", "/things/1", f"draft={'x' * 600}"),
        request("GET", "/things/1", x_beta="x" * 600),
    ],
)
def test_what_a_client_makes_long_is_answered_and_not_kept(asked: Request) -> None:
    remembering = resolver()
    assert remembering.resolve(asked).target
    assert not remembering._remembered
