"""The table of transform cases, under CPython. tests/worker has the same through workerd."""

import pytest

from tests.cases.carrying import carry
from tests.cases.transforms import ALL, Edit, Exchange, arguments, mistakes


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[says for says, _ in ALL])
def test_a_case(case: Edit | Exchange) -> None:
    results = [carry(*given) for given in arguments(case)]
    assert mistakes(case, results) == []


def test_no_two_cases_say_the_same() -> None:
    names = [says for says, _ in ALL]
    assert len(set(names)) == len(names) >= 110
