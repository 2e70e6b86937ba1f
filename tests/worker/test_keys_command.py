"""`gateway keys` against a running gateway: from the new key to its end."""

import pytest

from cli.main import main
from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import SECRETS, Consumer, admin_url, bearer, mint, problem, unique

Output = pytest.CaptureFixture[str]


@pytest.fixture
def url(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch) -> str:
    """The gateway's host of operators; the token is that of one of them."""
    scopes = ("gateway:keys", "roadmaps:read")
    monkeypatch.setenv("GATEWAY_TOKEN", mint(unique("keeper"), scopes))
    return admin_url(runtime.url(GATEWAY))


def new_key(out: str) -> tuple[str, str]:
    """The key that was printed alone, and its id."""
    (key,) = out.splitlines()
    SECRETS.add(key)
    return key, key.split("_")[1]


def test_a_key_from_its_making_to_its_end(url: str, anonymous: Consumer, capsys: Output) -> None:
    owner = unique("owner")
    words = ("--name", "ci", "--scope", "roadmaps:read", "--expires", "90d", "--owner", owner)
    assert main(["keys", "create", "--url", url, *words]) == 0
    first, id = new_key(capsys.readouterr().out)
    assert anonymous.get("/v2/roadmaps", headers=bearer(first)).status_code == 200

    assert main(["keys", "rotate", "--url", url, id, "--overlap", "0s"]) == 0
    second, successor = new_key(capsys.readouterr().out)
    assert anonymous.get("/v2/roadmaps", headers=bearer(second)).status_code == 200

    assert main(["keys", "list", "--url", url, "--owner", owner]) == 0
    listed = capsys.readouterr().out
    assert {line.split()[0] for line in listed.splitlines()} == {id, successor}
    assert "last used: never" not in listed
    assert first not in listed
    assert second not in listed

    assert main(["keys", "revoke", "--url", url, successor]) == 0
    assert main(["keys", "list", "--url", url, "--owner", owner]) == 0
    assert "revoked" in capsys.readouterr().out
    refused = main(["keys", "rotate", "--url", url, successor])
    assert refused == 1
    assert "no such key that is good" in capsys.readouterr().err


def test_a_key_with_a_role_and_a_claim(
    runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch, lab: Consumer, capsys: Output
) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN", mint(unique("admin"), ("gateway:admin",)))
    address = admin_url(runtime.url(GATEWAY))
    words = ("--name", "ci", "--scope", "roadmaps:read", "--owner", unique("owner"))
    given = ("--role", "editor", "--claim", "plan=gold")
    assert main(["keys", "create", "--url", address, *words, *given]) == 0
    key, _ = new_key(capsys.readouterr().out)
    assert lab.get("/by-role/x", headers=bearer(key)).status_code == 200
    assert lab.get("/by-plan/x", headers=bearer(key)).status_code == 200
    assert lab.get("/by-tenant/x", headers=bearer(key)).status_code == 403


def test_it_says_what_the_gateway_says(url: str, capsys: Output) -> None:
    assert main(["keys", "revoke", "--url", url, "nothing"]) == 1
    assert "There is no such key." in capsys.readouterr().err
    words = ("--name", "x", "--scope", "everything")
    assert main(["keys", "create", "--url", url, *words]) == 2
    assert "everything" in capsys.readouterr().err


def test_a_token_goes_nowhere_without_tls(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN", "secret")
    assert main(["keys", "list", "--url", "http://admin.example.com"]) == 2
    assert "use https" in capsys.readouterr().err


def test_elsewhere_it_needs_a_token(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_TOKEN", raising=False)
    assert main(["keys", "list", "--url", "https://admin.invalid"]) == 2
    assert "there is no token; set GATEWAY_TOKEN" in capsys.readouterr().err


def test_an_old_key_is_refused_after_its_rotation(
    url: str, anonymous: Consumer, capsys: Output
) -> None:
    main(["keys", "create", "--url", url, "--name", "x", "--scope", "roadmaps:read"])
    key, id = new_key(capsys.readouterr().out)
    main(["keys", "rotate", "--url", url, id, "--overlap", "0s"])
    new_key(capsys.readouterr().out)
    problem(anonymous.get("/v2/roadmaps", headers=bearer(key)), 401, "invalid-credentials")
