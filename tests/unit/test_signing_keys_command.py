"""`gateway signing-keys`: the three steps by which one key takes the place of another."""

import io
import json
from typing import Any

import pytest

from cli.main import main
from contract.jose.jwk import parse_own_set


def step(
    name: str,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *options: str,
) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["signing-keys", name, *options]) == 0
    return capsys.readouterr().out


def names(text: str) -> list[str]:
    return [key.id for key in parse_own_set(text)]


def test_a_rotation_has_three_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def then(name: str, text: str) -> str:
        return step(name, text, monkeypatch, capsys)

    first = then("create", "")
    (old,) = names(first)
    announced = then("announce", first)
    assert names(announced)[0] == old
    new = names(announced)[1]
    promoted = then("promote", announced)
    assert names(promoted) == [new, old]
    assert names(then("retire", promoted)) == [new]
    assert all(key.can_sign for key in parse_own_set(promoted))


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_key_is_for_the_algorithm_that_is_asked_for(
    algorithm: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = step("create", "", monkeypatch, capsys, "--algorithm", algorithm)
    key: dict[str, Any] = json.loads(made)["keys"][0]
    assert key["alg"] == algorithm


def test_others_get_the_public_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = step("create", "", monkeypatch, capsys, "--algorithm", "EdDSA")
    public = step("public", made, monkeypatch, capsys)
    assert names(public) == names(made)
    assert not any(key.can_sign for key in parse_own_set(public))


@pytest.mark.parametrize("text", ["", "{}", '{"keys":[]}', '{"keys":[{"kty":"EC"}]}', "\udcff"])
def test_what_is_no_set_is_not_changed(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["signing-keys", "announce"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gateway signing-keys: ")
