"""Chance requests over Authorization, Cookie, Origin and path: none breaks anything or gets past.

`FUZZ_REQUESTS` and `FUZZ_SEED` say how many and which; `make fuzz` takes more of both.
"""

import os
import re

from runtime.local import LocalRuntime
from tests.consumer import SCOPES, mint
from tests.plan import LABS
from tests.security.fuzzing import ALLOWED, TOKEN, Answered, Connection, Fuzzed, requests

NUMBER = int(os.environ.get("FUZZ_REQUESTS", "1500"))
SEED = int(os.environ.get("FUZZ_SEED", "2026"))

PROTECTED = re.compile(r"/(protected|either-scope|by-role|by-claim|pages-protected)/")
"""Whatever a service is asked for under one of these was asked for by somebody."""
ORIGINS = re.compile(rf"{re.escape(ALLOWED)}|https://([a-z0-9-]+\.)+example\.com")


def objections(asked: Fuzzed, got: Answered) -> list[str]:
    """What should not be about an answer."""
    found = []
    if got.status >= 500:
        found.append("5xx")
    if b"Traceback" in got.body or b'File "' in got.body:
        found.append("traceback")
    if "x-request-id" not in got.fields and got.status not in (400, 414):
        found.append("no request id")
    reached = got.status < 400 and b'"path":"' in got.body
    if reached and asked.forged and PROTECTED.search(got.body.decode("utf-8", "replace")):
        found.append("a forged credential was accepted")
    if reached and b'"path":"/by-session/' in got.body and _forges_a_change(asked):
        found.append("a forged request was accepted")
    origin = got.fields.get("access-control-allow-origin")
    if origin is not None and not ORIGINS.fullmatch(origin):
        found.append(f"CORS for {origin}")
    if any(name.startswith("gateway-") for name in got.fields):
        found.append("a field of the gateway's own")
    return found


def _forges_a_change(asked: Fuzzed) -> bool:
    fields = dict(asked.fields)
    return (
        asked.method not in ("GET", "HEAD", "OPTIONS")
        and fields.get("Cookie", "").strip() != ""
        and fields.get("X-CSRF-Token", "") != TOKEN
    )


def test_nothing_breaks_and_nothing_gets_past(runtime: LocalRuntime) -> None:
    connection = Connection(runtime.url(LABS[0]))
    token = mint(scopes=SCOPES)
    seen: dict[int, int] = {}
    for asked in requests(SEED, NUMBER, token):
        got = connection.send(asked)
        assert objections(asked, got) == [], f"seed {SEED}: {asked} → {got}"
        seen[got.status] = seen.get(got.status, 0) + 1
    # It has been where it wanted to go, and at the doors.
    assert {200, 204, 400, 401, 403, 404, 405} <= seen.keys(), seen
