"""Cross-site request forgery over HTTP: pages of others, with the cookie of their victim."""

from typing import Any

import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem
from tests.plan import LABS

TOKEN = "0123456789abcdef"
COOKIE = {"cookie": f"session=1; __Host-csrf={TOKEN}"}
EVIL = "https://evil.example"

ATTACKS: dict[str, dict[str, str]] = {
    "a form of another site": {"origin": EVIL, "sec-fetch-site": "cross-site"},
    "a sandboxed frame": {"origin": "null", "sec-fetch-site": "cross-site"},
    "a page of a sibling domain": {
        "origin": "https://ours.example.evil.example",
        "sec-fetch-site": "same-site",
    },
    "an old browser that hides its origin": {},
    "a script that guesses": {"origin": EVIL, "x-csrf-token": "f" * 16},
}


@pytest.mark.parametrize("headers", ATTACKS.values(), ids=ATTACKS)
def test_forged_requests_do_not_reach_the_service(
    lab: Consumer, calls: Any, headers: dict[str, str], request: pytest.FixtureRequest
) -> None:
    path = f"/by-session/{abs(hash(request.node.name))}"
    problem(lab.post(path, headers=COOKIE | headers), 403, "csrf-refused")
    assert calls(path) == 0


def test_a_page_of_ours_does(lab: Consumer, runtime: LocalRuntime) -> None:
    origin = runtime.url(LABS[0]).rstrip("/")
    headers = {"origin": origin, "sec-fetch-site": "same-origin", "x-csrf-token": TOKEN}
    assert lab.post("/by-session/ours", headers=COOKIE | headers).status_code == 200
    trusted = {"origin": "https://app.ours.example", "sec-fetch-site": "cross-site"}
    sent = COOKIE | trusted | {"x-csrf-token": TOKEN}
    assert lab.post("/by-session/trusted", headers=sent).status_code == 200
