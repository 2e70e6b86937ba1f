"""CDN-Cache-Control, which is for us alone (RFC 9213)."""

from typing import Final

from tests.cases.caching.driven.freshness import stale
from tests.cases.caching.driven.steps import (
    FIRST,
    KEPT,
    Case,
    fresh,
    hit,
    unkept,
    validated,
)

ASK: Final = 'GET | if-none-match: "1"'

CASES: Final[list[Case]] = [
    fresh("9213 2.2", "cc: max-age=9 | cdn-cache-control: max-age=60 | age: 30", 30, 30),
    fresh("9213 2.2", "cc: no-store | cdn-cache-control: max-age=60 | age: 30", 30, 30),
    fresh("9213 2.2", "cc: private | expires: 0 | cdn-cache-control: max-age=60", 60),
    stale("9213 2.2", "cc: max-age=60 | cdn-cache-control: max-age=9 | age: 30"),
    unkept("9213 2.2", "cc: max-age=60 | cdn-cache-control: no-store"),
    unkept("9213 2.2", "cc: max-age=60 | cdn-cache-control: private, max-age=60"),
    fresh("9213 2.2", "cc: max-age=9 | expires: {9} | cdn-cache-control: other | age: 30", 30, 30),
    fresh("9213 2.2", "cc: max-age=60 | cdn-cache-control: ", 60),
    fresh(
        "9213 2.2",
        "cdn-cache-control: max-age=9 | cdn-cache-control: s-maxage=60 | age: 30",
        30,
        30,
    ),
    # What is no structured field is not there.
    fresh("9213 2.1", "cc: max-age=60 | cdn-cache-control: no-store, &&&", 60),
    fresh("9213 2.1", "cc: max-age=60 | cdn-cache-control: No-Store", 60),
    fresh("9213 2.1", "cc: max-age=60 | cdn-cache-control: max-age= 9 | age: 30", 30, 30),
    fresh("9213 2.1", "cc: max-age=9 | cdn-cache-control: max-age=60;x=1 | age: 30", 30, 30),
    stale("9213 2.1", 'cc: max-age=60 | cdn-cache-control: max-age="60"'),
    stale("9213 2.1", "cc: max-age=60 | cdn-cache-control: max-age=60.0"),
    fresh("9213 2.1", "cdn-cache-control: max-age=9, max-age=60 | age: 30", 30, 30),
    fresh("9213 2.1", "cdn-cache-control: max-age=60, no-store=?0", 60),
    # Nobody else sees it, and it stays through updates.
    (
        "9213 2.2",
        [
            'cc: max-age=9 | cdn-cache-control: max-age=60 | age: 80 | etag: "1"',
            "304 | cc: max-age=5",
            "304 | cdn-cache-control: max-age=500",
        ],
        [
            ("", f"200 v1 | {KEPT} | cache-control: max-age=9 | cdn-cache-control: -", "GET"),
            validated(ASK, answer="200 v1"),
            (
                "",
                "200 v1 | hit; ttl=60 | cache-control: max-age=5 | cdn-cache-control: -",
                "-",
            ),
            (
                "cc: no-cache",
                (
                    "200 v1 | fwd=request; fwd-status=304; stored | cache-control: max-age=5 | "
                    "cdn-cache-control: -"
                ),
                ASK,
            ),
            ("", "200 v1 | hit; ttl=500 | cdn-cache-control: -", "-"),
        ],
    ),
    # It opens and closes the windows as well.
    (
        "9213 2.2",
        [
            "cc: s-maxage=9 | cdn-cache-control: max-age=60, stale-if-error=600 | age: 80",
            "503",
        ],
        [
            FIRST,
            ("", "200 v1 | fwd=stale; fwd-status=503; ttl=-20; detail=stale-if-error", "GET"),
        ],
    ),
    (
        "9213 2.2",
        [
            (
                "cc: max-age=60, stale-if-error=600 | cdn-cache-control: max-age=60 | "
                'age: 80 | etag: "1"'
            ),
            "503",
        ],
        [FIRST, ("", "503 v2 | fwd=stale; fwd-status=503", ASK)],
    ),
    (
        "9213 2.2",
        ['cc: max-age=60 | cdn-cache-control: no-cache | etag: "1"', "304"],
        [FIRST, validated(ASK)],
    ),
    (
        "9213 3.1",
        ["cdn-cache-control: public, max-age=60"],
        [("authorization: Bearer anna", f"200 v1 | {KEPT}", "GET"), hit(60, 0)],
    ),
]
