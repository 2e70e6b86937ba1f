"""JWS, keys and claims under CPython; tests/worker/test_jws.py runs the same table in workerd."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.jose import base64url, jws
from contract.jose.jwk import UnusableKey, parse_key, parse_own_set, published
from contract.jose.jws import InvalidJws
from runtime.host_signatures import HostSignatures
from tests.cases.judging import GOOD, judge, sign_and_verify
from tests.signed_tokens import ALL, cases, key, key_set, public, signing_sets, token
from tests.signed_tokens import verified_elsewhere as verified

HOST = HostSignatures()


def test_each_token_is_judged_as_it_should_be() -> None:
    table = cases()
    mistakes = [
        (case.says, found)
        for case in table
        if (found := judge(case.arguments(), HOST)) != case.expected
    ]
    assert mistakes == []
    assert len({case.says for case in table}) == len(table) > 300


@pytest.mark.parametrize("name", ALL)
def test_what_is_signed_here_is_verified_elsewhere(name: str) -> None:
    text = sign_and_verify(signing_sets()[name], HOST)
    assert verified(text, name) == {"a": 1}


@given(st.text(max_size=200) | st.binary(max_size=200).map(base64url.encode))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    keys = parse_own_set(key_set(key("ES256")))
    head, _, signature = token(key("ES256")).split(".")
    for made in (text, f"{text}.{text}.{text}", f"{head}.{text}.{signature}"):
        with pytest.raises(InvalidJws):
            jws.verify(made, keys, ALL, HOST)


@given(st.binary(max_size=64))
def test_base64url_has_one_text_for_one_content(content: bytes) -> None:
    text = base64url.encode(content)
    assert base64url.decode(text) == content
    for other in (f"{text}=", f"{text}A", f"{text}\n", f" {text}"):
        if other != base64url.encode(content + b"\0"):
            with pytest.raises(ValueError, match="base64url"):
                base64url.decode(other)


def test_what_is_published_holds_no_secret() -> None:
    keys = parse_own_set(json.dumps({"keys": [key(name) for name in ("ES256", "RS256", "HS256")]}))
    shown = published(keys)["keys"]
    assert [one["kid"] for one in shown] == ["ES256-1", "RS256-1"]
    assert {name for one in shown for name in one} == {
        *("kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"),
    }
    assert not [part for one in keys for part in one.private.values() if part in repr(keys)]


def test_two_own_keys_of_one_name_are_refused() -> None:
    with pytest.raises(UnusableKey, match="same `kid`"):
        parse_own_set(json.dumps({"keys": [key("ES256"), {**key("ES256", 2), "kid": "ES256-1"}]}))


def test_a_key_without_a_name_is_called_by_its_content() -> None:
    nameless = {name: value for name, value in public(key("ES256")).items() if name != "kid"}
    assert parse_key(nameless).id == parse_key(nameless).thumbprint
    assert parse_key(nameless).id != GOOD
