"""Stale answers: while they are validated, and where the service fails (RFC 5861)."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, LENIENT, Case, Step, hit, replaced, validated

TAG: Final = '| etag: "1"'
WHILE: Final = f"cc: max-age=60, stale-while-revalidate=600 | age: 80 {TAG}"
ERROR: Final = f"cc: max-age=60, stale-if-error=600 | age: 80 {TAG}"
SAME: Final = '304 | etag: "1"'
ASK: Final = 'GET | if-none-match: "1"'
DESPITE: Final = "ttl=-20; detail=stale-if-error"


def behind(asked: str, request: str = "", answer: str = "200 v1") -> Step:
    """The stale answer goes out, and the origin is asked behind it."""
    told = f"{answer} | hit; ttl=-20; detail=stale-while-revalidate | age: 80"
    return request, told, "-", asked


def despite(status: int, asked: str = ASK, request: str = "", answer: str = "200 v1") -> Step:
    """The stale answer goes out, as the origin has failed."""
    return request, f"{answer} | fwd=stale; fwd-status={status}; {DESPITE} | age: 80", asked


def failing(section: str, directives: str, request: str = "") -> Case:
    """An answer that does not cover for a failure, which leaves it where it is."""
    return (
        section,
        [f"cc: {directives} | age: 80 {TAG}", "503", SAME],
        [FIRST, (request, "503 v2 | fwd=stale; fwd-status=503", ASK), validated(ASK)],
    )


CASES: Final[list[Case]] = [
    ("5861 3", [WHILE, SAME], [FIRST, behind(ASK), hit(60, 0)]),
    ("5861 3", [WHILE, "cc: max-age=60"], [FIRST, behind(ASK), hit(60, 0, "", "200 v2")]),
    ("5861 3", [WHILE, SAME], [FIRST, behind(ASK, "HEAD", "200 -"), hit(60, 0)]),
    (
        "5861 3",
        [WHILE, SAME],
        [FIRST, behind(ASK, 'if-none-match: "1"', "304 -"), hit(60, 0)],
    ),
    (
        "5861 3",
        ["cc: max-age=60, stale-while-revalidate=600 | age: 80", "cc: max-age=60"],
        [FIRST, behind("GET"), hit(60, 0, "", "200 v2")],
    ),
    # The service fails behind it: what is stored stays.
    (
        "5861 3",
        [WHILE, "503"],
        [FIRST, behind(ASK), ("", "200 v1 | hit; ttl=-20; detail=stale-while-revalidate", "-")],
    ),
    (
        "5861 3",
        [WHILE, "503 | cc: max-age=60"],
        [
            FIRST,
            behind(ASK),
            ("", "200 v1 | hit; ttl=-20; detail=stale-while-revalidate", "-"),
            ("", "200 v1 | hit; ttl=-20; detail=stale-while-revalidate", "-"),
        ],
    ),
    ("5861 3", [WHILE, SAME], [FIRST, validated(ASK, "cc: no-cache")]),
    ("5861 3", [WHILE, SAME], [FIRST, validated(ASK, "cc: max-age=0")]),
    (
        "5861 3",
        [f"cc: max-age=60, stale-while-revalidate=10 | age: 80 {TAG}", SAME],
        [FIRST, validated(ASK)],
    ),
    *(
        (
            "9111 4.2.4",
            [f"cc: {directives}, stale-while-revalidate=600 | age: 80 {TAG}", SAME],
            [FIRST, validated(ASK)],
        )
        for directives in (
            *("max-age=60, must-revalidate", "max-age=60, proxy-revalidate", "s-maxage=60"),
            "no-cache, max-age=60",
        )
    ),
    # The service fails.
    *(
        ("5861 4", [ERROR, str(status)], [FIRST, despite(status)])
        for status in (500, 502, 503, 504)
    ),
    ("5861 4", [ERROR, "fault"], [FIRST, despite(502)]),
    (
        "5861 4",
        [ERROR, "503", "cc: max-age=60"],
        [FIRST, despite(503), replaced(3, ASK), hit(60, 0, "", "200 v3")],
    ),
    (
        "5861 4",
        [ERROR, "503"],
        [FIRST, despite(503, 'HEAD | if-none-match: "1"', "HEAD", "200 -")],
    ),
    ("5861 4", [ERROR, "503"], [FIRST, despite(503, ASK, 'if-none-match: "1"', "304 -")]),
    ("5861 4", [ERROR, "503"], [FIRST, despite(503, ASK, "cc: max-age=0")]),
    (
        "5861 4",
        ["cc: max-age=60, stale-if-error=600 | age: 80", "503"],
        [FIRST, despite(503, "GET")],
    ),
    # No error in this sense.
    (
        "5861 4",
        [ERROR, "404 | cc: max-age=60"],
        [
            FIRST,
            ("", "404 v2 | fwd=stale; fwd-status=404; stored", ASK),
            hit(60, 0, "", "404 v2"),
        ],
    ),
    ("5861 4", [ERROR, "501"], [FIRST, ("", "501 v2 | fwd=stale; fwd-status=501", ASK)]),
    failing("5861 4", "max-age=60"),
    failing("5861 4", "max-age=60, stale-if-error=10"),
    failing("5861 4", "max-age=60, stale-if-error=600", "cc: no-cache"),
    failing("9111 4.2.4", "max-age=60, stale-if-error=600, must-revalidate"),
    failing("9111 4.2.4", "max-age=60, stale-if-error=600, proxy-revalidate"),
    failing("9111 4.2.4", "s-maxage=60, stale-if-error=600"),
    failing("9111 4.2.4", "no-cache, stale-if-error=600"),
    (
        "5861 4",
        [f"cc: max-age=60 | age: 80 {TAG}", "503"],
        [FIRST, despite(503, ASK, "cc: stale-if-error=600")],
    ),
    (
        "5861 4",
        [f"cc: max-age=60, must-revalidate | age: 80 {TAG}", "503"],
        [FIRST, ("cc: stale-if-error=600", "503 v2 | fwd=stale; fwd-status=503", ASK)],
    ),
    # What the route allows where the service says nothing.
    (
        "5861 3",
        [f"cc: max-age=60 | age: 80 {TAG}", SAME],
        [FIRST, behind(ASK), hit(60, 0)],
        LENIENT,
    ),
    (
        "5861 4",
        [f"cc: max-age=60, stale-while-revalidate=0 | age: 80 {TAG}", "503"],
        [FIRST, despite(503)],
        LENIENT,
    ),
    (
        "9111 4.2.4",
        [f"cc: max-age=60, must-revalidate | age: 80 {TAG}", "503"],
        [FIRST, ("", "503 v2 | fwd=stale; fwd-status=503", ASK)],
        LENIENT,
    ),
]
