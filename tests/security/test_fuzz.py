"""Chance requests over Authorization, Cookie, Origin and path: none breaks anything or gets past.

`FUZZ_REQUESTS` and `FUZZ_SEED` say how many and which; `make fuzz` takes more of both.
"""

import json
import os
import re

from runtime.local import LocalRuntime
from tests.consumer import SCOPES, Consumer, mint
from tests.people import Person
from tests.plan import LABS
from tests.security.fuzzing import (
    ALLOWED,
    SESSION,
    TOKEN,
    Answered,
    Connection,
    Fuzzed,
    Known,
    requests,
)
from tests.worker.conftest import Caller

NUMBER = int(os.environ.get("FUZZ_REQUESTS", "1500"))
SEED = int(os.environ.get("FUZZ_SEED", "2026"))

PROTECTED = re.compile(r"/(protected|either-scope|by-role|by-claim|pages-protected)/")
"""Whatever a service is asked for under one of these was asked for by somebody."""
ORIGINS = re.compile(rf"{re.escape(ALLOWED)}|https://([a-z0-9-]+\.)+example\.com")


def objections(asked: Fuzzed, got: Answered, known: Known) -> list[str]:
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
    if reached and b'"path":"/signed-in/' in got.body and not _may_enter(asked, known):
        found.append("somebody was let in without a session or a token")
    if reached and SESSION in _told_cookies(got):
        found.append("a service was shown a session")
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


def _may_enter(asked: Fuzzed, known: Known) -> bool:
    """Whether there is one credential, which is good; and where it is a session, all else too."""
    fields = {name: value.strip(" \t") for name, value in asked.fields}
    pairs = [pair.partition("=") for pair in fields.get("Cookie", "").split(";")]
    sessions = [value.strip(" \t") for name, _, value in pairs if name.strip(" \t") == SESSION]
    if not asked.forged:
        return not sessions
    if "Authorization" in fields or sessions not in ([known.session], [known.other_session]):
        return False
    if asked.method in ("GET", "HEAD"):
        return True
    first = sessions == [known.session]
    token = known.csrf_token if first else known.other_csrf_token
    # The runtime hands on no Origin that is empty, so one is as good as none.
    source = fields.get("Origin") or None, fields.get("Sec-Fetch-Site")
    return (
        fields.get("X-CSRF-Token") == token
        and source != (None, None)
        and source[0] in (None, known.origin)
        and source[1] in (None, "same-origin", "none")
    )


def _told_cookies(got: Answered) -> str:
    """The cookies that the service says it was sent; HEAD tells nothing."""
    try:
        return str(json.loads(got.body)["headers"].get("cookie", ""))
    except (ValueError, KeyError, TypeError):
        return ""


def test_nothing_breaks_and_nothing_gets_past(runtime: LocalRuntime, anonymous: Consumer) -> None:
    connection = Connection(runtime.url(LABS[0]))
    one, other = (Person(Caller(runtime), anonymous) for _ in range(2))
    for person in (one, other):
        assert person.log_in().status_code == 200
    known = Known(
        mint(scopes=SCOPES),
        *(one.session, one.csrf_token, other.session, other.csrf_token),
        origin=runtime.url(LABS[0]).rstrip("/"),
    )
    seen: dict[int, int] = {}
    let_in = 0
    for asked in requests(SEED, NUMBER, known):
        got = connection.send(asked)
        assert objections(asked, got, known) == [], f"seed {SEED}: {asked} → {got}"
        seen[got.status] = seen.get(got.status, 0) + 1
        if b'"path":"/signed-in/' in got.body and asked.method != "GET":
            let_in += asked.forged
    # Some were as they should be: that is what others came near.
    assert let_in > NUMBER / 200
    # It has been where it wanted to go, and at the doors.
    assert {200, 204, 400, 401, 403, 404, 405} <= seen.keys(), seen
