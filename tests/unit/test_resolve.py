"""The resolver remembers where requests lead, without mixing them up and without growing."""

import pytest

from contract.problems import Problem
from routing.paths import PathTemplate
from routing.resolve import Resolver
from routing.versions import Versions
from tests.unit.tables import table


def resolver() -> Resolver[str]:
    versions = Versions(table().versions)
    built: Resolver[str] = Resolver(versions)
    for name in ("v1", "v2"):
        built.add("GET", PathTemplate("/things/{id}"), versions.by_name[name], name)
    built.add("GET", PathTemplate("/keys"), None, "keys")
    return built


ASKED = [
    # method, path, API-Version, target, path without version
    ("GET", "/things/1", None, "v2", "/things/1"),
    ("GET", "/things/1", "v1", "v1", "/things/1"),
    ("GET", "/v1/things/1", None, "v1", "/things/1"),
    ("GET", "/things/2", None, "v2", "/things/2"),
    ("HEAD", "/things/1", None, "v2", "/things/1"),
    ("GET", "/%74hings/1", None, "v2", "/things/1"),
    ("GET", "/keys", None, "keys", "/keys"),
    ("GET", "/keys", "v1", "keys", "/keys"),
]


def test_what_is_remembered_is_what_was_found() -> None:
    remembering = resolver()
    for _ in range(2):
        for method, path, field, target, rest in ASKED:
            found = remembering.resolve(method, path, field)
            assert (found.target, found.path) == (target, rest)


def test_a_refusal_stays_a_refusal() -> None:
    remembering = resolver()
    for _ in range(2):
        with pytest.raises(Problem, match="There is no route"):
            remembering.resolve("GET", "/nothing", None)
        with pytest.raises(Problem, match="answers to GET, HEAD, not to PUT"):
            remembering.resolve("PUT", "/keys", None)


def test_the_memory_is_bounded() -> None:
    remembering = resolver()
    for number in range(Resolver.REMEMBERED + 10):
        path = f"/things/{number}"
        assert remembering.resolve("GET", path, None).parameters == {"id": str(number)}
    assert len(remembering._remembered) == Resolver.REMEMBERED


@pytest.mark.parametrize(("path", "field"), [("/keys", "x" * 300), (f"/things/{'x' * 300}", None)])
def test_what_a_client_makes_long_is_answered_and_not_kept(path: str, field: str | None) -> None:
    remembering = resolver()
    assert remembering.resolve("GET", path, field).target
    assert not remembering._remembered
