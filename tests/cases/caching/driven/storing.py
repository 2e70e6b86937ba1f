"""Whether an answer is stored, for whom, and with which of its fields."""

from typing import Final

from tests.cases.caching.driven.steps import (
    FIRST,
    KEPT,
    LENIENT,
    PASSED,
    Case,
    Step,
    fresh,
    hit,
    missed,
    unkept,
)

ANNA: Final = "authorization: Bearer anna"
BERT: Final = "authorization: Bearer bert"


def of_status(section: str, answer: str, *, body: str = "v1", route: str = "") -> Case:
    """An answer of another status than 200, which is used again."""
    status = answer.partition(" | ")[0]
    steps: list[Step] = [
        ("", f"{status} {body} | fwd=uri-miss; fwd-status={status}; stored", "GET"),
        hit(60, 0, "", f"{status} {body}"),
    ]
    return (section, [answer], steps, route) if route else (section, [answer], steps)


CASES: Final[list[Case]] = [
    fresh("9111 3", "cc: max-age=60", 60),
    ("9111 3", ["cc: max-age=60"] * 2, [("HEAD", f"200 - | {PASSED}", "HEAD"), missed(2)]),
    (
        "9111 3",
        ["cc: max-age=60 | content-location: {a}"] * 2,
        [("POST", "200 v1 | fwd=method", "POST"), missed(2)],
    ),
    # The query is of the key, in whichever order it comes.
    (
        "9111 2",
        ["cc: max-age=60"] * 3,
        [
            missed(1, "GET a?x=1&y=2"),
            missed(2, "GET a?x=2&y=2"),
            hit(60, 0, "GET a?y=2&x=1"),
            missed(3),
        ],
    ),
    # Directives of the service.
    unkept("9111 5.2.2.5", "cc: no-store"),
    unkept("9111 5.2.2.5", "cc: max-age=60, No-Store"),
    unkept("9111 5.2.2.5", "cc: max-age=60 | cc: no-store"),
    fresh("9111 5.2", 'cc: max-age=60, ext="x, no-store"', 60),
    unkept("9111 5.2", 'cc: max-age=60, ext="x, no-store'),
    unkept("9111 5.2.2.7", "cc: private, max-age=60"),
    unkept("9111 5.2.2.7", "cc: private, s-maxage=60"),
    unkept("9111 5.2.2.7", 'cc: private="", max-age=60'),
    unkept("9111 5.2.2.7", 'cc: private="etag", max-age=60 | etag: "1"'),
    unkept("9111 5.2.2.7", "cc: private; max-age=60"),
    unkept("9111 5.2.2.4", "cc: no-cache"),
    fresh("9111 5.2.3", 'cc: max-age=60, community="UCI", priority', 60),
    fresh("9111 5.4", "cc: max-age=60 | pragma: no-cache", 60),
    # Statuses.
    of_status("9111 3", "404 | cc: max-age=60"),
    of_status("9111 3", "500 | cc: max-age=60"),
    of_status("9111 3", "302 | cc: s-maxage=60 | location: /x"),
    of_status("9111 3", "599 | expires: {60}"),
    of_status("9110 15.1", "203"),
    of_status("9110 15.1", "204", body="-"),
    of_status("9110 15.1", "301 | location: /x"),
    of_status("9110 15.1", "404 | cc: public"),
    of_status("9111 4.2.2", "404", route=LENIENT),
    unkept("9110 15.1", "201"),
    unkept("9110 15.1", "302 | location: /x"),
    unkept("9110 15.1", "404"),
    unkept("9110 15.1", "503"),
    of_status("9111 5.2.2.3", "403 | cc: no-store, must-understand, max-age=60"),
    unkept("9111 5.2.2.3", "299 | cc: no-store, must-understand, max-age=60"),
    unkept("9111 5.2.2.3", "299 | cc: must-understand, max-age=60"),
    # An error that can be validated is kept for that.
    (
        "9111 4.2.2",
        ["404 | last-modified: {-100}", "304"],
        [
            ("", "404 v1 | fwd=uri-miss; fwd-status=404; stored", "GET"),
            ("", "404 v1 | fwd=stale; fwd-status=304; stored", "GET | if-modified-since: {-100}"),
        ],
    ),
    # Parts.
    (
        "9111 3.3",
        ["206 | cc: max-age=60 | content-range: bytes 0-3/10", "cc: max-age=60"],
        [
            (
                "range: bytes=0-3",
                "206 v1 | fwd=uri-miss; fwd-status=206 | content-range: bytes 0-3/10",
                "GET | range: bytes=0-3",
            ),
            missed(2),
        ],
    ),
    unkept("9111 3.3", "206 | cc: max-age=60"),
    # A client's 304 is its own.
    (
        "9111 4.3.2",
        ['304 | cc: max-age=60 | etag: "1"', "cc: max-age=60"],
        [
            (
                'if-none-match: "1"',
                '304 - | fwd=uri-miss; fwd-status=304 | etag: "1"',
                'GET | if-none-match: "1"',
            ),
            missed(2),
        ],
    ),
    # Credentials.
    unkept("9111 3.5", "cc: max-age=60", ANNA),
    unkept("9111 3.5", "", ANNA),
    unkept("9111 3.5", "cc: max-age=60, proxy-revalidate", ANNA),
    *(
        (
            "9111 3.5",
            [f"cc: {directives}"],
            [("authorization: Bearer anna", "200 v1 | " + KEPT, f"GET | {ANNA}"), hit(60, 0, BERT)],
        )
        for directives in ("public, max-age=60", "s-maxage=60", "must-revalidate, max-age=60")
    ),
    ("9111 3.5", ["cc: max-age=60"], [FIRST, hit(60, 0, ANNA)]),
    (
        "9111 3.5",
        ["cc: max-age=60", "cc: public, max-age=60"],
        [
            ("authorization: Bearer anna", f"200 v1 | {PASSED}", "GET"),
            missed(2),
            hit(60, 0, BERT, "200 v2"),
        ],
    ),
    # Cookies.
    unkept("9111 7.3", "cc: max-age=60 | set-cookie: a=1"),
    (
        "9111 7.3",
        ['cc: max-age=60, private="Set-Cookie" | set-cookie: a=1'],
        [
            ("", f"200 v1 | {KEPT} | set-cookie: a=1", "GET"),
            ("", "200 v1 | hit; ttl=60 | set-cookie: -", "-"),
        ],
    ),
    (
        "9111 7.3",
        ["cc: max-age=60 | set-cookie: a=1"],
        [
            ("", f"200 v1 | {KEPT} | set-cookie: a=1", "GET"),
            ("", "200 v1 | hit; ttl=60 | set-cookie: -", "-"),
        ],
        LENIENT,
    ),
    # Fields.
    (
        "9111 3.1",
        ["cc: max-age=60 | connection: x | x: 1 | keep-alive: timeout=5 | y: 1"],
        [
            ("", f"200 v1 | {KEPT} | x: - | y: 1", "GET"),
            ("", "200 v1 | hit; ttl=60 | x: - | keep-alive: - | connection: - | y: 1", "-"),
        ],
    ),
    (
        "9111 5.2.2.7",
        ['cc: private="X, y", max-age=60 | x: 1 | y: 1 | z: 1'],
        [
            ("", f"200 v1 | {KEPT} | x: 1 | y: 1", "GET"),
            ("", "200 v1 | hit; ttl=60 | x: - | y: - | z: 1", "-"),
        ],
    ),
    (
        "9111 5.2.2.4",
        ['cc: no-cache="x", max-age=60 | x: 1 | z: 1'],
        [
            ("", f"200 v1 | {KEPT} | x: 1", "GET"),
            ("", "200 v1 | hit; ttl=60 | x: - | z: 1", "-"),
        ],
    ),
    # What came is given back: several lines, and letters beyond ASCII.
    (
        "9111 3.1",
        ["cc: max-age=60 | link: </x>, </y> | link: </z> | x: \u00fc | content-type: a/b"],
        [
            FIRST,
            (
                "",
                "200 v1 | hit; ttl=60 | link: </x>, </y>, </z> | x: \u00fc | content-type: a/b",
                "-",
            ),
        ],
    ),
    # The client.
    (
        "9111 5.2.1.5",
        ["cc: max-age=60"] * 2,
        [("cc: no-store", "200 v1 | fwd=request", "GET"), missed(2), hit(60, 0, "", "200 v2")],
    ),
    (
        "9111 5.2.1.5",
        ["cc: max-age=60"] * 2,
        [FIRST, ("cc: no-store", "200 v2 | fwd=request", "GET"), hit(60, 0)],
    ),
    (
        "9111 5.2.1.5",
        ["cc: max-age=60"] * 2,
        [("cc: no-store", "200 v1 | fwd=request", "GET"), missed(2)],
        LENIENT,
    ),
    ("9111 3", [""], [FIRST, hit(60, 0)]),
]
