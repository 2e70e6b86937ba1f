"""What the whole run has logged: no secret, and nothing but lines that can be parsed.

Runs after all other tests (see tests/conftest.py), since it judges what they have left behind.
"""

import json
import re

from runtime.local import LocalRuntime
from tests.consumer import SECRETS, Consumer, bearer, mint
from tests.plan import DEMO_CLIENT_SECRET

FORM = {"grant_type": "client_credentials"}


def test_no_secret_is_in_the_log(runtime: LocalRuntime, anonymous: Consumer, lab: Consumer) -> None:
    # By itself this file has little to look at, so it makes some of its own.
    token = mint()
    anonymous.get("/v2/roadmaps", headers=bearer(token))
    anonymous.get("/v2/roadmaps", headers=bearer(token[:-1]))
    anonymous.post("/oauth/token", data=FORM, auth=("demo", DEMO_CLIENT_SECRET))
    last = lab.get("/echo/x?fault=throw", headers=bearer(token))
    runtime.wait_for_log(last.headers["x-request-id"])
    log = "\n".join(runtime.log_lines())
    assert len(SECRETS) > 3
    assert not [secret for secret in SECRETS if secret in log]


SHAPES = {
    "a token": r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}",
    "an API key, a session, a refresh token": r"\bg[a-z]_[a-z2-7]{16}_[\w-]{43}",
    "a bearer credential": r"(?i)\bbearer [\w.~+/-]{16,}",
    "Basic": r"\bBasic [A-Za-z0-9+/]{12,}",
    "a cookie": r"__Host-\w+=\w{4,}",
    "a private key": r"PRIVATE KEY|\"d\" ?: ?\"[\w-]{20,}",
    "a stored hash": r"pbkdf2-sha256\$",
}
"""What secrets look like that nobody has told this test about."""


def test_nothing_in_the_log_looks_like_a_secret(runtime: LocalRuntime) -> None:
    lines = runtime.log_lines()
    assert lines
    found = [
        (kind, line[:300])
        for kind, shape in SHAPES.items()
        for line in lines
        if re.search(shape, line)
    ]
    assert found == []


def test_the_shapes_are_those_of_our_secrets() -> None:
    token = mint()
    assert re.search(SHAPES["a token"], f'"{token}"')
    assert re.search(SHAPES["a bearer credential"], f"authorization: Bearer {token}")
    key = f"gk_{'a' * 16}_{'-' * 43}"
    assert re.search(SHAPES["an API key, a session, a refresh token"], key)


def test_a_line_of_the_gateway_is_json_whatever_was_asked(
    runtime: LocalRuntime, lab: Consumer
) -> None:
    lab.get('/nothing/"},{"level":"error"')
    last = lab.get("/nothing/%0A{}")
    runtime.wait_for_log(last.headers["x-request-id"])
    lines = [line for line in runtime.log_lines() if line.startswith("{")]
    assert len(lines) >= 2
    assert not [line for line in lines if not isinstance(json.loads(line), dict)]
