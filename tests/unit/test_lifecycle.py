"""Every answer of an ageing version says so, problems as well, and shows the way on."""

from collections.abc import Sequence

import pytest

from contract.problems import NOT_FOUND, Problem
from messages import Exchange, Response
from policies.lifecycle import Lifecycle
from routing.paths import PathTemplate
from routing.versions import Versions
from tests.unit.fakes import answer_empty, exchange, run
from tests.unit.tables import table

VERSION = Versions(table().versions).by_name["v1"]
FIELDS = [("deprecation", "@1788220800"), ("sunset", "Wed, 01 Sep 2027 00:00:00 GMT")]


@pytest.mark.parametrize(
    ("successor", "links"),
    [
        (None, []),
        ("/v2/roadmaps/{id}", [("link", '</v2/roadmaps/7>; rel="successor-version"')]),
    ],
)
def test_the_fields_of_an_ageing_version(
    successor: str | None, links: Sequence[tuple[str, str]]
) -> None:
    asked = exchange()
    asked.parameters = {"id": "7"}
    run(Lifecycle(VERSION, PathTemplate(successor) if successor else None)(asked, answer_empty))
    assert asked.answer_fields == [*FIELDS, *links]


def test_a_problem_carries_them_too() -> None:
    async def fail(_exchange: Exchange) -> Response:
        raise Problem(NOT_FOUND)

    asked = exchange()
    with pytest.raises(Problem):
        run(Lifecycle(VERSION, None)(asked, fail))
    assert asked.answer_fields == FIELDS
