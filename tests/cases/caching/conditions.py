"""A client's conditions, answered from the store; and the fields of such answers."""

from typing import Any, Final

TAG: Final = 'cc: max-age=60 | etag: "1"'
DATED: Final = "cc: max-age=60 | last-modified: {-100}"
BOTH: Final = 'cc: max-age=60 | etag: "1" | last-modified: {-100}'
FULL: Final = "hit 200 age=9 ttl=51"
SAME: Final = "hit 304 age=9 ttl=51"

CASES: Final[list[tuple[Any, ...]]] = [
    # section, "at", response, request, seconds later, the decision
    ("9110 13.1.2", "at", TAG, 'if-none-match: "1"', 9, SAME),
    ("9110 13.1.2", "at", TAG, 'if-none-match: "2"', 9, FULL),
    ("9110 13.1.2", "at", TAG, 'if-none-match: W/"1"', 9, SAME),
    ("9110 13.1.2", "at", 'cc: max-age=60 | etag: W/"1"', 'if-none-match: "1"', 9, SAME),
    ("9110 13.1.2", "at", TAG, 'if-none-match: "2", "1"', 9, SAME),
    ("9110 13.1.2", "at", TAG, 'if-none-match: "2" | if-none-match: "1"', 9, SAME),
    ("9110 13.1.2", "at", TAG, "if-none-match: *", 9, SAME),
    ("9110 13.1.2", "at", DATED, "if-none-match: *", 9, SAME),
    ("9110 13.1.2", "at", DATED, 'if-none-match: "1"', 9, FULL),
    ("9110 13.1.2", "at", TAG, "if-none-match: ", 9, FULL),
    ("9110 13.1.2", "at", TAG, 'HEAD | if-none-match: "1"', 9, SAME),
    ("9111 4.3.2", "at", BOTH, 'if-none-match: "2" | if-modified-since: {0}', 9, FULL),
    ("9111 4.3.2", "at", BOTH, 'if-none-match: "1" | if-modified-since: {-500}', 9, SAME),
    ("9110 13.1.3", "at", DATED, "if-modified-since: {-100}", 9, SAME),
    ("9110 13.1.3", "at", DATED, "if-modified-since: {-99}", 9, SAME),
    ("9110 13.1.3", "at", DATED, "if-modified-since: {-101}", 9, FULL),
    ("9110 13.1.3", "at", DATED, "if-modified-since: yesterday", 9, FULL),
    ("9111 4.3.2", "at", "cc: max-age=60 | date: {0}", "if-modified-since: {0}", 9, SAME),
    ("9111 4.3.2", "at", "cc: max-age=60", "if-modified-since: {-1}", 9, FULL),
    ("9111 4.3.2", "at", "404 | " + TAG, 'if-none-match: "1"', 9, "hit 404 age=9 ttl=51"),
    ("9111 4.3.2", "at", TAG, 'if-none-match: "1" | cc: no-cache', 9, 'request if-none-match: "1"'),
    # What we ask the service with.
    ("9111 4.3.1", "at", TAG, 'if-none-match: "other"', 60, 'stale if-none-match: "1"'),
    ("9111 4.3.1", "at", DATED, "", 60, "stale if-modified-since: {-100}"),
    ("9111 4.3.1", "at", BOTH, "", 60, 'stale if-none-match: "1" if-modified-since: {-100}'),
    ("9111 4.3.1", "at", 'cc: max-age=60 | etag: W/"1"', "", 60, 'stale if-none-match: W/"1"'),
    ("9111 4.3.1", "at", "cc: max-age=60 | etag: bare", "", 60, "stale if-none-match: bare"),
    ("9111 4.3.1", "at", "cc: max-age=60", "", 60, "stale"),
    # section, "head", response, request, seconds later, status and fields
    (
        "9111 5.1",
        "head",
        "cc: max-age=60 | age: 20 | x: 1",
        "",
        9,
        "200 | age: 29 | cache-control: max-age=60 | date: {0} | x: 1",
    ),
    (
        "9111 5.1",
        "head",
        "cc: max-age=60 | age: 1, 2",
        "",
        9.9,
        "200 | age: 10 | cache-control: max-age=60 | date: {0}",
    ),
    (
        "9110 6.6.1",
        "head",
        "cc: max-age=60 | date: {-9}",
        "",
        0,
        "200 | age: 9 | cache-control: max-age=60 | date: {-9}",
    ),
    (
        "9110 15.4.5",
        "head",
        BOTH + " | content-location: /x | expires: {60} | vary: x | x: 1 | content-type: a/b",
        'if-none-match: "1"',
        9,
        (
            "304 | age: 9 | cache-control: max-age=60 | content-location: /x | date: {0} | "
            'etag: "1" | expires: {60} | vary: x'
        ),
    ),
    (
        "9110 15.4.5",
        "head",
        DATED + " | x: 1",
        "if-modified-since: {0}",
        9,
        "304 | age: 9 | cache-control: max-age=60 | date: {0} | last-modified: {-100}",
    ),
]
