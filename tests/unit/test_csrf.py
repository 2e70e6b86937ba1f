"""CSRF: a table of what browsers send, from pages of ours and from others."""

import msgspec
import pytest

from contract.problems import Problem
from contract.sessions import csrf_token
from policies.csrf import Csrf, SessionCsrf
from routing.table import CsrfSettings
from tests.unit.fakes import answer_empty, exchange, run

OURS = "https://api.example.com"
TOKEN = "0123456789abcdef"
SESSION = f"session=1; __Host-csrf={TOKEN}"
SAME = {"origin": OURS, "sec-fetch-site": "same-origin"}
GOOD = {"cookie": SESSION, "x-csrf-token": TOKEN}
SETTINGS = msgspec.convert({"trusted_origins": ["https://*.ours.example"]}, CsrfSettings)
POLICY = Csrf(SETTINGS)

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


HANDLE = "gs_abc_s-e_cret"
PERSON = {"cookie": f"a=1; __Host-session={HANDLE}"}
BOUND = csrf_token(HANDLE)
SHOWN = PERSON | {"x-csrf-token": BOUND}
OF_SESSION = SessionCsrf(SETTINGS)

SESSION_PASSES: list[tuple[str, dict[str, str]]] = [
    ("POST", SAME | SHOWN),
    ("POST", {"origin": OURS} | SHOWN),
    ("DELETE", {"sec-fetch-site": "same-origin"} | SHOWN),
    ("PUT", {"origin": "https://a.ours.example", "sec-fetch-site": "same-site"} | SHOWN),
    # Whatever a cookie says that somebody has planted.
    ("POST", SAME | SHOWN | {"cookie": f"{PERSON['cookie']}; __Host-csrf=planted"}),
    ("GET", PERSON | {"origin": "https://evil.example"}),
    ("HEAD", PERSON),
    # No session: another credential, or none, which authenticate sees to.
    ("POST", {"origin": "https://evil.example", "authorization": "Bearer x", "cookie": "a=1"}),
    ("POST", {"origin": "https://evil.example", "cookie": f"a=1; __Host-csrf={BOUND}"}),
    ("POST", PERSON | {"authorization": "Bearer x"}),
    ("POST", {}),
]
SESSION_STOPS: list[tuple[str, dict[str, str], str]] = [
    ("POST", SHOWN, "csrf-refused"),
    ("POST", SHOWN | {"origin": "https://evil.example"}, "csrf-refused"),
    ("POST", SHOWN | {"origin": "null"}, "csrf-refused"),
    ("POST", SHOWN | {"sec-fetch-site": "cross-site"}, "csrf-refused"),
    ("POST", SHOWN | {"origin": OURS, "sec-fetch-site": "same-site"}, "csrf-refused"),
    ("POST", SAME | PERSON, "csrf-refused"),
    ("POST", SAME | PERSON | {"x-csrf-token": ""}, "csrf-refused"),
    ("POST", SAME | PERSON | {"x-csrf-token": BOUND[:-1]}, "csrf-refused"),
    ("POST", SAME | PERSON | {"x-csrf-token": f"{BOUND}="}, "csrf-refused"),
    ("POST", SAME | PERSON | {"x-csrf-token": f"{BOUND}\xe9"}, "csrf-refused"),
    ("POST", SAME | PERSON | {"x-csrf-token": csrf_token("gs_abc_other")}, "csrf-refused"),
    ("POST", SAME | PERSON | {"x-csrf-token": HANDLE}, "csrf-refused"),
    # A pair that agrees with itself, of another session: planted, and sent again.
    ("POST", SAME | {"cookie": f"{PERSON['cookie']}; __Host-csrf={TOKEN}", "x-csrf-token": TOKEN},
     "csrf-refused"),
    ("POST", SAME | SHOWN | {"cookie": f"{PERSON['cookie']}; {PERSON['cookie']}"},
     "malformed-request"),
    ("POST", SAME | SHOWN | {"cookie": "__Host-session=eyJ.e30.AA"}, "invalid-credentials"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "headers"), SESSION_PASSES)
def test_what_passes_with_a_session(method: str, headers: dict[str, str]) -> None:
    assert run(OF_SESSION(exchange(method, "/", headers=headers), answer_empty)).status == 200


@pytest.mark.parametrize(("method", "headers", "code"), SESSION_STOPS)
def test_what_does_not_with_a_session(method: str, headers: dict[str, str], code: str) -> None:
    with pytest.raises(Problem) as refused:
        run(OF_SESSION(exchange(method, "/", headers=headers), answer_empty))
    assert refused.value.type.code == code
    assert HANDLE not in str(refused.value)
    assert BOUND not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "passes"),
    [(SAME, True), ({"origin": "https://evil.example"}, False), ({}, False)],
)
def test_a_websocket_is_opened_by_pages_of_ours_alone(source: dict[str, str], passes: bool) -> None:
    asked = exchange(headers=source | PERSON)
    asked.upgrade = True
    if passes:
        assert run(OF_SESSION(asked, answer_empty)).status == 200
        return
    with pytest.raises(Problem, match=r"page|where it comes from"):
        run(OF_SESSION(asked, answer_empty))
