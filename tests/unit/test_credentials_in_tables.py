"""What tables may say of credentials: names of secrets that exist, and no values."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.compile_table import load_source
from cli.main import main
from cli.secrets import warnings
from routing.check import check_table
from tests.unit.tables import document, route, table

BY_USER = {"basic": {"user": "acme", "password_secret": "PARTNER_PASSWORD"}}
PARTNER = {"url": "https://partner.example"}
WITH: Any = lambda **members: {"services": {"data": PARTNER | {"credentials": members}}}  # noqa: E731
SETTING: Any = lambda name, **value: {  # noqa: E731
    "transforms": {"t": {"request": {"headers": [{"op": "set", "name": name, **value}]}}}
}
QUERYING: Any = lambda name: {  # noqa: E731
    "transforms": {"t": {"request": {"query": [{"op": "set", "name": name, "value": "x"}]}}}
}
T = "transforms.t.request"

MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    # members of the table, where, part of the message
    (WITH(), "services.data.credentials", "exactly one of `secret` and `basic`"),
    (WITH(**BY_USER, secret="K"), "services.data.credentials", "exactly one"),
    (WITH(header="Host", secret="K"), "services.data.credentials.header", "belongs to HTTP"),
    (WITH(header="Gateway-Identity", secret="K"), "services.data.credentials.header", "belongs"),
    (WITH(header="Proxy-Authorization", secret="K"), "services.data.credentials.header", "belongs"),
    (WITH(secret="AUTH"), "services.data.credentials.secret", "is a binding"),
    (WITH(secret="IDENTITY_KEYS"), "services.data.credentials.secret", "no service gets"),
    (WITH(basic={"password_secret": "P"}), "services.data.credentials.basic", "exactly one"),
    (WITH(**BY_USER, prefix="Basic "), "services.data.credentials.prefix", "of its own"),
    ({"services": {"data": {"url": "https://user:pass@partner.example"}}},
     "services.data.url", "use `credentials`"),
    (SETTING("X-Api-Key", value="abc"), f"{T}.headers.0.value", "no place in a table"),
    (SETTING("X-API-KEY", template="abc"), f"{T}.headers.0.template", "no place in a table"),
    (SETTING("Authorization", value="Bearer abc"), f"{T}.headers.0.name", "carries credentials"),
    (SETTING("Cookie", value="a=b"), f"{T}.headers.0.name", "carries credentials"),
    *[(SETTING(name, value="abc"), f"{T}.headers.0.value", "no place in a table")
      for name in ("ApiKey", "Api-Key", "X-Auth-Token", "Private-Token", "X-Goog-Api-Key",
                   "Ocp-Apim-Subscription-Key", "X-Vault-Token", "X-Client-Secret")],
    *[(QUERYING(name), f"{T}.query.0.value", "no place in a table")
      for name in ("api_key", "apikey", "access_token", "client_secret", "password")],
]  # fmt: skip


def found(members: dict[str, Any], *routes: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (".".join(map(str, finding.path)), finding.message)
        for finding in check_table(table(*routes, **members))
    ]


@pytest.mark.parametrize(("members", "where", "message"), MISTAKES)
def test_credentials_in_a_table_are_mistakes(
    members: dict[str, Any], where: str, message: str
) -> None:
    findings = found(members)
    assert [place for place, _ in findings] == [where]
    assert message in findings[0][1]


@pytest.mark.parametrize(
    "members",
    [
        SETTING("X-Api-Key", template="${header.x-other}"),  # the client's own
        SETTING("X-Idempotency-Key", value="abc"),
        SETTING("X-Cache-Key", value="abc"),
        SETTING("X-Token-Type", value="abc"),
        QUERYING("key"),
    ],
)
def test_what_is_no_credential_of_ours_is_no_mistake(members: dict[str, Any]) -> None:
    assert found(members) == []


def test_ends_have_no_credentials_written_out_either() -> None:
    edits = {"headers": [{"op": "add", "name": "X-Api-Key", "value": "abc"}]}
    backends = route(service=None, backends=[{"service": "data", "request": edits}])
    assert found({}, backends)[0][0] == "routes.0.backends.0.request.headers.0.value"
    part = {"service": "data", "path": "/a?page=1&api_key=abc"}
    aggregate = route(service=None, aggregate={"parts": {"own": part}})
    assert found({}, aggregate)[0][0] == "routes.0.aggregate.parts.own.path"


DECLARED = """
[vars]
OPEN_KEY = "abc"
[secrets]
required = ["REQUIRED_KEY"]
[[secrets_store_secrets]]
binding = "STORED_KEY"
store_id = "1"
secret_name = "key"
"""

WARNED: list[tuple[str, str | None]] = [
    ("REQUIRED_KEY", None),
    ("STORED_KEY", None),
    ("LOCAL_KEY", None),
    ("OPEN_KEY", "where everybody reads it"),
    ("EMPTY_KEY", "nothing here has the secret `EMPTY_KEY`"),
    ("OTHER_KEY", "nothing here has the secret `OTHER_KEY`"),
]


@pytest.mark.parametrize(("name", "message"), WARNED)
def test_check_warns_of_secrets_that_nothing_here_has(
    name: str, message: str | None, tmp_path: Path
) -> None:
    partner = {"data": PARTNER | {"credentials": {"secret": name}}}
    (tmp_path / "wrangler.toml").write_text(DECLARED)
    (tmp_path / ".dev.vars").write_text("#OTHER_KEY=x\nLOCAL_KEY=hidden\nEMPTY_KEY=\n")
    (tmp_path / "routes.yaml").write_text(json.dumps(document(services=partner), indent=1))
    found = warnings(load_source(tmp_path / "routes.yaml"), tmp_path / "wrangler.toml")
    assert [message in one.message for one in found if message] == ([True] if message else [])
    assert "hidden" not in repr(found)
    assert all(one.line > 1 for one in found)


def test_a_warning_does_not_make_a_table_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partner = {"data": PARTNER | {"credentials": {"secret": "NOWHERE_SET_KEY"}}}
    path = tmp_path / "routes.yaml"
    path.write_text(json.dumps(document(services=partner)))
    assert main(["check", str(path)]) == 0
    assert "warning: nothing here has the secret `NOWHERE_SET_KEY`" in capsys.readouterr().out
    assert main(["check", "--json", str(path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], len(said["warnings"])) == (True, 1)


def test_a_dry_run_shows_the_name_of_a_secret(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    credentials = {"secret": "PARTNER_KEY", "prefix": "Bearer "}
    partner = {"data": PARTNER | {"credentials": credentials}}
    path = tmp_path / "routes.yaml"
    path.write_text(json.dumps(document(services=partner)))
    assert main(["explain", "--routes", str(path), "GET", "/v2/things/7"]) == 0
    assert "+ authorization: Bearer <PARTNER_KEY>" in capsys.readouterr().out
