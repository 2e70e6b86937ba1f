"""`gateway token`: what the auth Worker's own verification says about the tokens it prints."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import token
from contract.auth import CredentialKind, Principal
from identity.tokens import TokenAuthority, parse_signing_keys
from runtime.host_signatures import HostSignatures
from tests.signed_tokens import key

KEYS = json.dumps({"keys": [key("ES256")]})
VARIABLES = {"ENVIRONMENT": "development", "SIGNING_KEYS": KEYS}
SETTINGS = '[vars]\nENVIRONMENT = "production"\nISSUER = "edge-gateway"\nAUDIENCE = "public-api"\n'

Command = Callable[..., int]


@pytest.fixture
def auth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An auth Worker's folder, as set-up leaves it."""
    (tmp_path / "wrangler.toml").write_text(SETTINGS)
    write_variables(tmp_path, VARIABLES)
    monkeypatch.setattr(token, "AUTH", tmp_path)
    return tmp_path


def write_variables(auth: Path, variables: dict[str, str]) -> None:
    lines = [f"{name}={value}\n" for name, value in variables.items()]
    (auth / ".dev.vars").write_text("# A comment\n\n" + "".join(lines))


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    token.register(parser.add_subparsers())
    arguments = parser.parse_args(["token", *words])
    return int(arguments.run(arguments))


def verified(
    token: str, *, issuer: str = "edge-gateway", audience: str = "public-api"
) -> Principal:
    keys = parse_signing_keys(KEYS)
    authority = TokenAuthority(keys, HostSignatures(), issuer=issuer, audience=audience)
    return authority.verify(token, time.time())


SCOPES: list[tuple[list[str], tuple[str, ...]]] = [
    # options, scopes of the token
    ([], ("roadmaps:read", "roadmaps:write")),
    (["--scope", "a"], ("a",)),
    (["--scope", "a", "--scope", "b"], ("a", "b")),
    (["--scopes", "a b"], ("a", "b")),
    (["--scope", "a", "--scopes", "b c"], ("a", "b", "c")),
    (["--scopes", ""], ()),
]


@pytest.mark.usefixtures("auth")
@pytest.mark.parametrize(("options", "scopes"), SCOPES)
def test_the_last_line_is_a_token_that_the_auth_worker_accepts(
    options: list[str], scopes: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options, "--subject", "ada", "--lifetime", "30m") == 0
    printed = capsys.readouterr().out.splitlines()[-1]
    holder = verified(printed)
    assert (holder.subject, holder.kind, holder.scopes) == ("ada", CredentialKind.TOKEN, scopes)
    assert holder.expires_at - holder.issued_at == 1800
    assert holder.credential_id


@pytest.mark.usefixtures("auth")
def test_each_token_is_another_one(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    run()
    first, second = capsys.readouterr().out.splitlines()
    assert first != second


def test_variables_of_this_machine_win_and_may_be_quoted(
    auth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_variables(auth, VARIABLES | {"ISSUER": '"somebody"', "AUDIENCE": "'mine'"})
    assert run() == 0
    printed = capsys.readouterr().out.strip()
    assert verified(printed, issuer="somebody", audience="mine").subject == "demo"


REFUSED: list[tuple[dict[str, str], str]] = [
    # changes to .dev.vars, part of the message
    ({"ENVIRONMENT": "production"}, "is not `development`"),
    ({"ENVIRONMENT": ""}, "is not `development`"),
    ({"SIGNING_KEYS": ""}, "SIGNING_KEYS is missing"),
    ({"SIGNING_KEYS": "AAAA"}, "it is not a JWK set"),
    ({"SIGNING_KEYS": '{"keys":[]}'}, "there is no key in it"),
    ({"ISSUER": ""}, "ISSUER is missing"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_without_a_development_key_there_is_no_token(
    auth: Path, changes: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_variables(auth, VARIABLES | changes)
    assert run() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_before_set_up_it_says_what_to_do(auth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (auth / ".dev.vars").unlink()
    assert run() == 1
    assert "run `make dev` once" in capsys.readouterr().err


@pytest.mark.usefixtures("auth")
@pytest.mark.parametrize("lifetime", ["0s", "900ms", "1 h", "forever", "-1s", ""])
def test_a_lifetime_is_a_duration_of_a_second_or_more(
    lifetime: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(f"--lifetime={lifetime}")
    assert exit_.value.code == 2
    assert "expected a duration" in capsys.readouterr().err


@pytest.mark.usefixtures("auth")
def test_roles_and_claims(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--role", "editor", "--claim", "plan=gold", "--claim", "tenants=[1,2]")
    assert run(*words) == 0
    holder = verified(capsys.readouterr().out.splitlines()[-1])
    assert holder.roles == ("editor",)
    assert holder.claims == {"plan": "gold", "tenants": [1, 2]}
    assert run("--claim", "sub=root") == 1
    assert "cannot be called sub" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("--claim", "plan")
