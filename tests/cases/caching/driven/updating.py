"""What a 304 makes of what is stored."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, Case, hit, missed, validated

OLD: Final = 'cc: max-age=60 | age: 80 | etag: "1"'
ASK: Final = 'GET | if-none-match: "1"'
GOOD: Final = "200 v1 | fwd=stale; fwd-status=304; stored"


def updated(section: str, before: str, news: str, after: str, ttl: int = 60, age: int = 0) -> Case:
    """The stored answer as it goes out at once, and from the store."""
    return (
        section,
        [f"{OLD} | {before}" if before else OLD, f"304 | {news}" if news else "304"],
        [
            FIRST,
            ("", f"{GOOD} | age: {age} | {after}", ASK),
            ("", f"200 v1 | hit; ttl={ttl} | age: {age} | {after}", "-"),
        ],
    )


def gone(section: str, news: str, shown: str) -> Case:
    """A 304 that forbids storing: it answers once more."""
    return (
        section,
        [OLD, f'304 | etag: "1" | {news}', "cc: max-age=60"],
        [FIRST, ("", f"200 v1 | fwd=stale; fwd-status=304 | {shown}", ASK), missed(3)],
    )


CASES: Final[list[Case]] = [
    updated("9111 4.3.4", "", 'etag: "1"', 'etag: "1" | cache-control: max-age=60'),
    updated("9111 4.3.4", "", "", 'etag: "1"'),
    updated("9111 4.3.4", "", 'etag: W/"1"', 'etag: W/"1"'),
    updated("9111 3.2", "x: 1 | y: 1", 'etag: "1" | x: 2 | z: 3', "x: 2 | y: 1 | z: 3"),
    updated("9111 3.2", "x: 1 | x: 2", "x: 3", "x: 3"),
    updated("9111 3.2", "", "cc: max-age=500", "cache-control: max-age=500", 500),
    updated("9111 3.2", "", "cc: public | expires: {30}", "expires: {30}", 30),
    updated("9111 3.2", "content-type: a/b", "content-type: a/c", "content-type: a/c"),
    updated("9111 3.2", "x: 1", "content-length: 99 | content-range: bytes 0-3/10", "x: 1"),
    updated("9111 3.2", "", "content-encoding: gzip", "content-encoding: -"),
    updated("9111 3.1", "x: 1", "connection: x | x: 2", "x: 1"),
    updated("9111 4.2.3", "", "age: 20", 'etag: "1"', 40, 20),
    updated("9111 4.2.3", "date: {-80}", "", 'etag: "1"'),
    updated("9111 4.2.3", "date: {-80}", "date: {-20}", "date: {-20}", 40, 20),
    updated("9111 5.2.2.7", "", 'cc: max-age=60, private="x" | x: 1', 'etag: "1"'),
    # Also what it was validated for without being stale.
    (
        "9111 4.3.4",
        ['cc: no-cache, max-age=60 | etag: "1" | x: 1', "304 | x: 2", "304"],
        [
            FIRST,
            validated(ASK),
            ("", "200 v1 | fwd=stale; fwd-status=304; stored | x: 2", ASK),
        ],
    ),
    (
        "9111 4.3.4",
        ['cc: no-cache | etag: "1"', "304 | cc: max-age=60"],
        [FIRST, validated(ASK), hit(60, 0)],
    ),
    (
        "9111 4.3.4",
        [OLD, "304 | cc: max-age=60 | age: 70", "304 | age: 0"],
        [
            FIRST,
            ("", f"{GOOD} | age: 70", ASK),
            validated(ASK),
        ],
    ),
    # Permissions change with it.
    (
        "9111 3.2",
        [OLD, "304 | cc: max-age=60, stale-if-error=600 | age: 80", "503"],
        [
            FIRST,
            ("", f"{GOOD} | age: 80", ASK),
            ("", "200 v1 | fwd=stale; fwd-status=503; ttl=-20; detail=stale-if-error", ASK),
        ],
    ),
    # It is about another one.
    (
        "9111 4.3.4",
        [OLD, '304 | etag: "2"', 'cc: max-age=60 | etag: "2"'],
        [
            FIRST,
            ("", "200 v3 | fwd=stale; fwd-status=200; stored", f"{ASK} & GET"),
            hit(60, 0, "", "200 v3"),
        ],
    ),
    (
        "9111 4.3.4",
        ['cc: max-age=60 | age: 80 | etag: W/"1"', '304 | etag: "1"', "cc: max-age=60"],
        [
            FIRST,
            (
                "",
                "200 v3 | fwd=stale; fwd-status=200; stored",
                'GET | if-none-match: W/"1" & GET',
            ),
        ],
    ),
    (
        "9111 4.3.4",
        [
            "cc: max-age=60 | age: 80 | last-modified: {-100}",
            "304 | last-modified: {-50}",
            "cc: max-age=60",
        ],
        [
            FIRST,
            (
                "",
                "200 v3 | fwd=stale; fwd-status=200; stored",
                "GET | if-modified-since: {-100} & GET",
            ),
        ],
    ),
    gone("9111 5.2.2.5", "cc: no-store", "cache-control: no-store"),
    gone("9111 5.2.2.7", "cc: private", "cache-control: private"),
    gone("9111 7.3", "set-cookie: a=1", "set-cookie: a=1"),
    gone("9111 4.1", "vary: *", "vary: *"),
    # What it varies with is added to.
    (
        "9111 4.1",
        [OLD, "304 | vary: x", "cc: max-age=60 | vary: x"],
        [
            FIRST,
            validated(ASK),
            hit(60, 0),
            ("x: 1", "200 v3 | fwd=vary-miss; fwd-status=200; stored", "GET"),
        ],
    ),
]
