"""What a client can ask for beside the answer."""

from typing import Final

from tests.cases.caching.driven.steps import (
    FIRST,
    LENIENT,
    Case,
    hit,
    missed,
    refused,
    replaced,
    validated,
)

AGED: Final = 'cc: max-age=60 | age: 20 | etag: "1"'
STALE: Final = 'cc: max-age=60 | age: 80 | etag: "1"'
SAME: Final = '304 | etag: "1"'
ASK: Final = 'GET | if-none-match: "1"'


def heard(section: str, request: str) -> Case:
    """A fresh answer of 20 seconds, which is not good enough."""
    return section, [AGED, SAME], [FIRST, validated(ASK, request, why="request"), hit(60, 0)]


def content(section: str, request: str, answer: str = AGED) -> Case:
    """The same, and it is."""
    return section, [answer], [FIRST, hit(40, 20, request)]


def patient(section: str, answer: str, request: str) -> Case:
    """A stale answer that the client takes."""
    return section, [answer], [FIRST, (request, "200 v1 | hit; ttl=-20; detail=max-stale", "-")]


def impatient(section: str, answer: str, request: str) -> Case:
    """A stale answer that has to be validated whatever the client takes."""
    return section, [answer, SAME], [FIRST, validated(ASK, request)]


CASES: Final[list[Case]] = [
    heard("9111 5.2.1.4", "cc: no-cache"),
    heard("9111 5.2.1.4", "cc: No-Cache, max-stale"),
    (
        "9111 5.2.1.4",
        ["cc: max-age=60"] * 2,
        [FIRST, replaced(2, "GET", "cc: no-cache", why="request"), hit(60, 0, "", "200 v2")],
    ),
    heard("9111 5.2.1.1", "cc: max-age=0"),
    heard("9111 5.2.1.1", "cc: max-age=10"),
    heard("9111 5.2.1.1", 'cc: max-age="10"'),
    heard("9111 5.2.1.1", "cc: max-age=soon"),
    content("9111 5.2.1.1", "cc: max-age=30"),
    content("9111 5.2.1.3", "cc: min-fresh=30"),
    heard("9111 5.2.1.3", "cc: min-fresh=50"),
    heard("9111 5.4", "pragma: no-cache"),
    content("9111 5.4", "pragma: no-cache | cc: max-age=600"),
    content("9111 5.2.1", "cc: something=else | pragma: x"),
    # How stale it may be.
    patient("9111 5.2.1.2", STALE, "cc: max-stale"),
    patient("9111 5.2.1.2", STALE, "cc: max-stale=40"),
    impatient("9111 5.2.1.2", STALE, "cc: max-stale=10"),
    impatient("9111 5.2.1.2", STALE, "cc: max-stale=some"),
    impatient("9111 5.2.1.1", STALE, "cc: max-stale, max-age=70"),
    *(
        impatient("9111 4.2.4", f'cc: {directives} | age: 80 | etag: "1"', "cc: max-stale")
        for directives in (
            *("max-age=60, must-revalidate", "max-age=60, proxy-revalidate", "s-maxage=60"),
            "max-age=60, no-cache",
        )
    ),
    # Only from the store.
    (
        "9111 5.2.1.7",
        ["cc: max-age=60"],
        [
            refused(),
            FIRST,
            hit(60, 0, "cc: only-if-cached"),
            refused(control="max-age=0"),
        ],
    ),
    ("9111 5.2.1.7", [STALE], [FIRST, refused()]),
    ("9111 5.2.1.7", [f"{AGED} | vary: x"], [FIRST, refused("x: 1")]),
    patient("9111 5.2.1.7", STALE, "cc: only-if-cached, max-stale"),
    # Who does not listen.
    *(
        (
            "9111 5.2.1",
            ["cc: max-age=60 | age: 20"],
            [FIRST, hit(40, 20, request)],
            LENIENT,
        )
        for request in ("cc: no-cache", "cc: max-age=0", "cc: min-fresh=50", "pragma: no-cache")
    ),
    ("9111 5.2.1.7", ["cc: max-age=60"], [missed(1, "cc: only-if-cached")], LENIENT),
    # A reload is not heard for what is immutable while it is fresh; who insists is.
    content("8246 2.1", "cc: max-age=0", 'cc: max-age=60, immutable | age: 20 | etag: "1"'),
    (
        "8246 2.1",
        ['cc: max-age=60, immutable | age: 20 | etag: "1"', SAME],
        [FIRST, validated(ASK, "cc: no-cache", why="request")],
    ),
    ("8246 2", ['cc: max-age=60, immutable | age: 80 | etag: "1"', SAME], [FIRST, validated(ASK)]),
    # Preconditions about the state of the resource are for the service.
    (
        "9111 4.3.2",
        [AGED, "412"],
        [
            FIRST,
            ('if-match: "2"', "412 v2 | fwd=request", 'GET | if-match: "2"'),
            hit(40, 20),
        ],
    ),
    (
        "9111 4.3.2",
        [AGED, "cc: max-age=60"],
        [
            FIRST,
            (
                "if-unmodified-since: {0}",
                "200 v2 | fwd=request",
                "GET | if-unmodified-since: {0}",
            ),
            hit(40, 20),
        ],
    ),
    ("9111 4", [AGED, "503"], [FIRST, ("POST", "503 v2 | fwd=method", "POST"), hit(40, 20)]),
]
