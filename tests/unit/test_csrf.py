"""CSRF: a table of what browsers send, from pages of ours and from others."""

import msgspec
import pytest

from contract.problems import Problem
from policies.csrf import Csrf
from routing.table import CsrfSettings
from tests.unit.fakes import answer_empty, exchange, run

OURS = "https://api.example.com"
TOKEN = "0123456789abcdef"
SESSION = f"session=1; __Host-csrf={TOKEN}"
SAME = {"origin": OURS, "sec-fetch-site": "same-origin"}
GOOD = {"cookie": SESSION, "x-csrf-token": TOKEN}
POLICY = Csrf(msgspec.convert({"trusted_origins": ["https://*.ours.example"]}, CsrfSettings))

PASS: list[tuple[str, dict[str, str]]] = [
    ("POST", SAME | GOOD),
    ("POST", {"origin": OURS} | GOOD),
    ("POST", {"sec-fetch-site": "same-origin"} | GOOD),
    ("DELETE", {"sec-fetch-site": "none"} | GOOD),
    ("PUT", {"origin": "https://a.ours.example", "sec-fetch-site": "cross-site"} | GOOD),
    ("PATCH", {"origin": "https://a.ours.example", "sec-fetch-site": "same-site"} | GOOD),
    # Nothing changes, or nothing is there that a browser adds by itself.
    ("GET", {"cookie": SESSION, "origin": "https://evil.example"}),
    ("HEAD", {"cookie": SESSION}),
    ("POST", {"authorization": "Bearer x", "origin": "https://evil.example"}),
    ("POST", {}),
]
STOP: list[tuple[str, dict[str, str]]] = [
    ("POST", GOOD),
    ("POST", {"origin": "https://evil.example"} | GOOD),
    ("POST", {"origin": "null"} | GOOD),
    ("POST", {"origin": ""} | GOOD),
    ("POST", {"origin": "http://api.example.com"} | GOOD),
    ("POST", {"origin": OURS + ":8443"} | GOOD),
    ("POST", {"origin": OURS + ".evil.example"} | GOOD),
    ("POST", {"origin": f"{OURS}, {OURS}"} | GOOD),
    ("POST", {"origin": "https://ours.example"} | GOOD),
    ("POST", {"sec-fetch-site": "cross-site"} | GOOD),
    ("POST", {"sec-fetch-site": "same-site"} | GOOD),
    ("POST", {"sec-fetch-site": "Same-Origin"} | GOOD),
    ("POST", {"sec-fetch-site": "same-origin, none"} | GOOD),
    # The two contradict each other.
    ("POST", {"origin": OURS, "sec-fetch-site": "cross-site"} | GOOD),
    ("POST", {"origin": "https://evil.example", "sec-fetch-site": "same-origin"} | GOOD),
    # Both signs are wanted, with or without a token in Authorization.
    ("POST", SAME | {"cookie": SESSION}),
    ("POST", SAME | {"cookie": "session=1", "x-csrf-token": TOKEN}),
    ("POST", SAME | {"cookie": SESSION, "x-csrf-token": TOKEN[:-1]}),
    ("POST", SAME | {"cookie": SESSION, "x-csrf-token": TOKEN + "\xe9"}),
    ("POST", SAME | {"cookie": "__Host-csrf=", "x-csrf-token": ""}),
    ("POST", SAME | {"cookie": "__Host-csrf=short", "x-csrf-token": "short"}),
    ("POST", SAME | {"cookie": f"__Host-csrf={'a' * 300}", "x-csrf-token": "a" * 300}),
    ("POST", SAME | {"cookie": f"{SESSION}; __Host-csrf={'b' * 16}", "x-csrf-token": TOKEN}),
    ("POST", SAME | {"cookie": f"__host-csrf={TOKEN}", "x-csrf-token": TOKEN}),
    ("POST", SAME | {"cookie": SESSION, "authorization": "Bearer x"}),
]


@pytest.mark.parametrize(("method", "headers"), PASS)
def test_what_passes(method: str, headers: dict[str, str]) -> None:
    assert run(POLICY(exchange(method, "/", headers=headers), answer_empty)).status == 200


@pytest.mark.parametrize(("method", "headers"), STOP)
def test_what_does_not(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        run(POLICY(exchange(method, "/", headers=headers), answer_empty))
    assert refused.value.type.code == "csrf-refused"
    assert TOKEN not in str(refused.value)
