"""OWASP A09:2021 Security Logging and Monitoring Failures: every refusal can be found, none tells.

In the list of 2025 it is A09. That nobody writes lines of their own is test_a03's, that no line of
the whole run has a secret in it test_log_of_the_run's; members of a line are in docs/operations.md.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.conftest import Fail
from tests.consumer import SCOPES, SECRETS, Consumer, address, bearer, mint, unique
from tests.plan import FAULTS, LABS


class Refused(NamedTuple):
    """A request, and what its line has to say."""

    method: str
    target: str
    status: int
    problem: str
    options: Mapping[str, Any] = MappingProxyType({})
    worker: str = LABS[0]


READER = mint("reader", ("roadmaps:read",))
CLIENT = {"grant_type": "client_credentials"}

REFUSED: dict[str, Refused] = {
    "no credential": Refused("GET", "/protected/x", 401, "unauthenticated"),
    "another scheme": Refused(
        *("GET", "/protected/x", 401, "unauthenticated"), {"headers": {"authorization": "Basic x"}}
    ),
    "a forged token": Refused(
        *("GET", "/protected/x", 401, "invalid-credentials"), {"headers": bearer(READER + "x")}
    ),
    "a scope that is missing": Refused(
        *("GET", "/either-scope/x", 403, "insufficient-scope"), {"headers": bearer(READER)}
    ),
    "a role that is missing": Refused(
        *("GET", "/by-role/x", 403, "access-denied"), {"headers": bearer(READER)}
    ),
    "an address": Refused(
        *("GET", "/by-network/x", 403, "client-not-allowed"),
        {"headers": {"cf-connecting-ip": "198.51.100.1"}},
    ),
    "a page of another site": Refused(
        *("POST", "/by-session/x", 403, "csrf-refused"),
        {"headers": {"cookie": "session=1", "origin": "https://evil.example"}},
    ),
    "a path that is ambiguous": Refused("GET", "/echo/%2e%2e%2fx", 400, "malformed-request"),
    "nothing there": Refused("GET", "/.env", 404, "not-found"),
    "a method": Refused("TRACE", "/echo/x", 405, "method-not-allowed"),
    "a large body": Refused("POST", "/echo/x", 413, "content-too-large", {"content": b"x" * 2000}),
    "a long target": Refused("GET", f"/echo/x?{'a' * 50_000}", 414, "target-too-long"),
    "many fields": Refused(
        *("GET", "/echo/x", 431, "fields-too-large"),
        {"headers": {f"x-{number}": "1" for number in range(120)}},
    ),
    "no JSON": Refused(
        *("POST", "/transformed/x", 400, "invalid-json"),
        {"content": b"{", "headers": {"content-type": "application/json"}},
    ),
    "a table of somebody else's": Refused(
        *("GET", "/v2/keys", 404, "not-found"), {"headers": bearer(READER)}, GATEWAY
    ),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_every_refusal_has_a_line_with_its_request_id(
    runtime: LocalRuntime, refused: Refused
) -> None:
    """One line, with the id that the client was told, the reason, and who it was where we know."""
    start = len(runtime.log_lines())
    with Consumer(runtime.url(refused.worker)) as consumer:
        response = consumer.request(refused.method, refused.target, **refused.options)
    assert response.status_code == refused.status
    id = response.headers["x-request-id"]
    line = json.loads(runtime.wait_for_log(id, start=start))
    assert line["request_id"] == id
    assert (line["status"], line["problem"]) == (refused.status, refused.problem)
    assert (line["method"], "time" in line, "level" in line) == (refused.method, True, True)
    assert line["path"] == refused.target.partition("?")[0]
    if refused.status == 403 and "authorization" in refused.options["headers"]:
        assert line["subject"] == "reader"


def test_who_is_limited_is_found_as_well(runtime: LocalRuntime, lab: Consumer) -> None:
    fields, path = address(), f"/limited/by-address/{unique('x')}"
    answers = [lab.get(path, headers=fields) for _ in range(6)]
    line = json.loads(runtime.wait_for_log(answers[-1].headers["x-request-id"]))
    assert (line["status"], line["problem"]) == (429, "rate-limited")


def test_and_what_could_not_be_checked_is_an_error(
    runtime: LocalRuntime, faulty: Consumer, fail: Fail
) -> None:
    """Levels are for alarms: a client's mistake is `info`, ours is `error`."""
    fail(FAULTS["AUTH"], "throw")
    response = faulty.get("/protected/x", headers=bearer(mint()))
    line = json.loads(runtime.wait_for_log(response.headers["x-request-id"]))
    assert (line["level"], line["problem"]) == ("error", "auth-unavailable")


def test_a_refused_login_is_a_line_without_the_password(
    runtime: LocalRuntime, anonymous: Consumer
) -> None:
    """Names that were tried are not logged either: some are mistyped passwords."""
    start = len(runtime.log_lines())
    name, password = unique("tried-name"), unique("tried password")
    SECRETS.update((name, password))
    login = {"account": name, "password": password}
    response = anonymous.post("/login", json=login, headers=address())
    line = json.loads(runtime.wait_for_log(response.headers["x-request-id"], start=start))
    assert (line["status"], line["route"]) == (401, "login")
    log = "\n".join(runtime.log_lines()[start:])
    assert name not in log
    assert password not in log


def test_a_credential_is_in_no_line_wherever_it_was_sent(
    runtime: LocalRuntime, lab: Consumer
) -> None:
    """Queries, fields and bodies are not logged at all."""
    start = len(runtime.log_lines())
    token = mint(scopes=SCOPES)
    sent = [
        lab.get("/echo/x", params={"access_token": token}),
        lab.get("/echo/x", headers={"cookie": f"token={token}"}),
        lab.get("/echo/x", headers={"x-api-key": token, "referer": f"https://a.test/?t={token}"}),
        lab.get("/protected/x", headers={"authorization": f"Basic {token}"}),
        lab.get("/protected/x", headers={"authorization": f"Bearer {token}, Bearer {token}"}),
        lab.post("/echo/x", json={"token": token[:400]}),
        lab.get("/reshaped/7", params={"page": token[:300]}, headers=bearer(token)),
    ]
    for response in sent:
        runtime.wait_for_log(response.headers["x-request-id"], start=start)
    assert token[-40:] not in "\n".join(runtime.log_lines()[start:])
