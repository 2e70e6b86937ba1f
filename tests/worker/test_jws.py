"""Every algorithm in workerd, by WebCrypto: what is accepted, and all that is not (RFC 8725)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.cases.judging import GOOD
from tests.plan import JWS
from tests.signed_tokens import ALL, cases, signing_sets, verified_elsewhere

Ask = Callable[[str, list[Any]], Any]


@pytest.fixture
def ask(runtime: LocalRuntime) -> Ask:
    """The results of a function of tests/workers/jws."""

    def call(function: str, arguments: list[Any]) -> Any:
        response = httpx.post(f"{runtime.url(JWS)}/{function}", json=arguments, timeout=60)
        assert response.status_code == 200, response.text
        return response.json()

    return call


def test_each_token_is_judged_as_it_should_be(ask: Ask) -> None:
    table = cases()
    found = ask("judge", [case.arguments() for case in table])
    pairs = zip(table, found, strict=True)
    assert [(case.says, one) for case, one in pairs if one != case.expected] == []
    assert found.count(GOOD) >= 2 * len(ALL)


def test_what_is_signed_there_is_verified_here(ask: Ask) -> None:
    sets = signing_sets()
    signed = ask("sign", list(sets.values()))
    for name, text in zip(sets, signed, strict=True):
        assert verified_elsewhere(text, name) == {"a": 1}
