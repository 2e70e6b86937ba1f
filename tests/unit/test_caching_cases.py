"""RFC 9111 and its kin as a table, under CPython. tests/worker has the same in workerd."""

from typing import Any

import msgspec
import pytest

from tests.cases.caching import TOPICS, driven
from tests.cases.caching.running import run

ALL = [(topic, case) for topic, cases in TOPICS.items() for case in cases]


@pytest.mark.parametrize(("topic", "case"), ALL, ids=[f"{topic}-{case[0]}" for topic, case in ALL])
def test_a_case(topic: str, case: tuple[Any, ...]) -> None:
    _, *given, expected = msgspec.to_builtins(case)
    assert (given, run(topic, given)) == (given, expected)


def test_every_case_names_its_section_and_no_two_are_the_same() -> None:
    given = [msgspec.json.encode((topic, case[1:-1])) for topic, case in ALL]
    assert len(set(given)) == len(given) >= 350
    assert {case[0].partition(" ")[0] for _, case in ALL} == {
        *("5861", "8246", "9110", "9111", "9211", "9213", "9651")
    }


def test_so_do_the_cases_that_go_over_http() -> None:
    every = [case for cases in driven.TOPICS.values() for case in cases]
    given = [msgspec.json.encode(case[1:]) for case in every]
    assert len(set(given)) == len(given) >= 300
    assert {case[0].partition(" ")[0] for case in every} == {
        *("5861", "8246", "9110", "9111", "9211", "9213")
    }
