"""How long an answer is used, and how long it is kept."""

from typing import Any, Final

DEFAULT: Final = {"default_ttl": 30.0}

CASES: Final[list[tuple[Any, ...]]] = [
    # section, "at", response, request, seconds later, (settings), the decision
    ("9111 4", "at", [], "", 0, "uri-miss"),
    ("9111 4.2", "at", "cc: max-age=60", "", 0, "hit 200 age=0 ttl=60"),
    ("9111 4.2", "at", "cc: max-age=60", "", 59, "hit 200 age=59 ttl=1"),
    ("9111 4.2", "at", "cc: max-age=60", "", 59.5, "hit 200 age=59.5 ttl=0.5"),
    # At the end of its lifetime it is stale: "response_is_fresh = (lifetime > age)".
    ("9111 4.2", "at", 'cc: max-age=60 | etag: "1"', "", 60, 'stale if-none-match: "1"'),
    ("9111 4.2", "at", "cc: max-age=60", "", 61, "stale"),
    ("9111 4.2.1", "at", "cc: max-age=9, s-maxage=60", "", 30, "hit 200 age=30 ttl=30"),
    ("9111 4.2.1", "at", "cc: max-age=60, s-maxage=9", "", 30, "stale"),
    ("9111 4.2.1", "at", "expires: {60}", "", 30, "hit 200 age=30 ttl=30"),
    ("9111 4.2.1", "at", "expires: {60}", "", 60, "stale"),
    ("9111 4.2.2", "at", "last-modified: {-100}", "", 9, "hit 200 age=9 ttl=1"),
    ("9111 4.2.2", "at", "last-modified: {-100}", "", 10, "stale if-modified-since: {-100}"),
    ("9111 4.2.2", "at", "", "", 29, DEFAULT, "hit 200 age=29 ttl=1"),
    ("9111 4.2.2", "at", "", "", 30, DEFAULT, "stale"),
    ("9111 4.2.3", "at", "cc: max-age=60 | age: 50", "", 9, "hit 200 age=59 ttl=1"),
    ("9111 4.2.3", "at", "cc: max-age=60 | age: 50", "", 10, "stale"),
    ("9111 4.2.3", "at", "cc: max-age=60 | date: {-50}", "", 9, "hit 200 age=59 ttl=1"),
    # A clock that is ahead of ours, and ours going back: nothing becomes younger.
    ("9111 4.2.3", "at", "cc: max-age=60 | date: {500}", "", 9, "hit 200 age=9 ttl=51"),
    ("9111 4.2.3", "at", "cc: max-age=60 | age: 5", "", -100, "hit 200 age=5 ttl=55"),
    ("9111 1.2.2", "at", "cc: max-age=99999999999", "", 9, "hit 200 age=9 ttl=2147483639"),
    (
        "9111 4.2.3",
        "at",
        "cc: max-age=60 | age: 99999999999 | etag: x",
        "",
        9,
        "stale if-none-match: x",
    ),
    ("9110 15.1", "at", "404 | cc: max-age=60", "", 9, "hit 404 age=9 ttl=51"),
    ("9110 15.1", "at", "301 | cc: max-age=60 | location: /x", "", 9, "hit 301 age=9 ttl=51"),
    (
        "9111 5.2.2.4",
        "at",
        'cc: no-cache, max-age=60 | etag: "1"',
        "",
        0,
        'stale if-none-match: "1"',
    ),
    ("9111 5.2.2.2", "at", "cc: max-age=60, must-revalidate", "", 59, "hit 200 age=59 ttl=1"),
    # Of several the latest, as Date says.
    (
        "9111 4",
        "at",
        ["cc: max-age=60 | date: {-30}", "cc: max-age=90 | date: {-9}"],
        "",
        0,
        "hit 200 age=9 ttl=81",
    ),
    (
        "9111 4",
        "at",
        ["cc: max-age=90 | date: {-9}", "cc: max-age=60 | date: {-30}"],
        "",
        0,
        "hit 200 age=9 ttl=81",
    ),
    # section, "keep", response, settings, seconds later, seconds for which it is worth keeping
    ("9111 4.2", "keep", "cc: max-age=60", None, 0, 60),
    ("9111 4.2", "keep", "cc: max-age=60 | age: 20", None, 10, 30),
    ("9111 4.3", "keep", 'cc: max-age=60 | etag: "1"', None, 0, 3660),
    ("9111 4.3", "keep", 'cc: max-age=60 | etag: "1"', {"keep": 0.0}, 0, 60),
    ("9111 4.3", "keep", 'cc: no-cache, max-age=60 | etag: "1"', {"keep": 9.0}, 0, 69),
    ("5861 3", "keep", "cc: max-age=60, stale-while-revalidate=30", None, 0, 90),
    (
        "5861 4",
        "keep",
        "cc: max-age=60, stale-if-error=99, stale-while-revalidate=30",
        None,
        9,
        150,
    ),
]
