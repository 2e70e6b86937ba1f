"""What a 304, or the answer to HEAD, makes of what is stored."""

from typing import Any, Final

TAG: Final = 'cc: max-age=60 | etag: "1"'
WEAK: Final = 'cc: max-age=60 | etag: W/"1"'
DATED: Final = "cc: max-age=60 | last-modified: {-100}"
SAME: Final = '60 | cache-control: max-age=60 | date: {90} | etag: "1"'

CASES: Final[list[tuple[Any, ...]]] = [
    # section, stored answers, news, seconds later, (settings), each afterwards; "-" untouched
    ("9111 4.3.4", [TAG], '304 | etag: "1"', 90, [SAME]),
    ("9111 4.3.4", [TAG], '304 | etag: "2"', 90, ["-"]),
    (
        "9111 4.3.4",
        [TAG],
        '304 | etag: W/"1"',
        90,
        ['60 | cache-control: max-age=60 | date: {90} | etag: W/"1"'],
    ),
    ("9111 4.3.4", [WEAK], '304 | etag: "1"', 90, ["-"]),
    (
        "9111 4.3.4",
        [WEAK, WEAK],
        '304 | etag: W/"1"',
        90,
        ['60 | cache-control: max-age=60 | date: {90} | etag: W/"1"', "-"],
    ),
    (
        "9111 4.3.4",
        [TAG, TAG, 'cc: max-age=60 | etag: "2"'],
        '304 | etag: "1"',
        90,
        [SAME, SAME, "-"],
    ),
    (
        "9111 4.3.4",
        [DATED],
        "304 | last-modified: {-100}",
        90,
        ["60 | cache-control: max-age=60 | date: {90} | last-modified: {-100}"],
    ),
    ("9111 4.3.4", [DATED], "304 | last-modified: {-50}", 90, ["-"]),
    # Without any validator it is about the one that was asked for.
    ("9111 4.3.4", [TAG], "304", 90, [SAME]),
    ("9111 4.3.4", [TAG, TAG], "304", 90, ["-", "-"]),
    (
        "9111 3.2",
        [TAG + " | x: 1 | y: 1"],
        '304 | etag: "1" | x: 2 | z: 3',
        90,
        ['60 | cache-control: max-age=60 | date: {90} | etag: "1" | x: 2 | y: 1 | z: 3'],
    ),
    (
        "9111 3.2",
        [TAG + " | x: 1 | x: 2"],
        '304 | etag: "1" | x: 3',
        90,
        ['60 | cache-control: max-age=60 | date: {90} | etag: "1" | x: 3'],
    ),
    (
        "9111 3.2",
        [TAG],
        '304 | etag: "1" | cc: max-age=5',
        90,
        ['5 | cache-control: max-age=5 | date: {90} | etag: "1"'],
    ),
    *(
        (
            "9111 3.2",
            [f"{TAG} | {name}: {old}"],
            f'304 | etag: "1" | {name}: {new}',
            90,
            [f'60 | cache-control: max-age=60 | {name}: {old} | date: {{90}} | etag: "1"'],
        )
        for name, old, new in [("content-encoding", "gzip", "br"), ("content-length", "10", "11")]
    ),
    (
        "9111 3.2",
        [TAG + " | content-type: a/b"],
        '304 | etag: "1" | content-type: a/c',
        90,
        ['60 | cache-control: max-age=60 | content-type: a/c | date: {90} | etag: "1"'],
    ),
    ("9111 3.1", [TAG], '304 | etag: "1" | connection: x | x: 1', 90, [SAME]),
    (
        "9111 4.2.3",
        [TAG],
        '304 | etag: "1" | age: 70',
        90,
        ['60 | cache-control: max-age=60 | date: {90} | etag: "1"'],
    ),
    (
        "9111 4.2.3",
        [TAG],
        '304 | etag: "1" | date: {80}',
        90,
        ['60 | cache-control: max-age=60 | date: {80} | etag: "1"'],
    ),
    (
        "9111 5.2.2.5",
        [TAG],
        '304 | etag: "1" | cc: no-store',
        90,
        ['gone | cache-control: no-store | date: {90} | etag: "1"'],
    ),
    (
        "9111 5.2.2.7",
        [TAG],
        '304 | etag: "1" | cc: private',
        90,
        ['gone | cache-control: private | date: {90} | etag: "1"'],
    ),
    (
        "9213 2.2",
        [TAG + " | cdn-cache-control: max-age=7"],
        '304 | etag: "1" | cc: max-age=5',
        90,
        ['7 | cache-control: max-age=5 | date: {90} | etag: "1"'],
    ),
    (
        "9213 2.2",
        [TAG + " | cdn-cache-control: max-age=7"],
        '304 | etag: "1" | cdn-cache-control: max-age=8',
        90,
        ['8 | cache-control: max-age=60 | date: {90} | etag: "1"'],
    ),
    # HEAD.
    (
        "9111 4.3.5",
        [TAG],
        '200 | etag: "1" | content-length: 10 | cc: max-age=5',
        90,
        ['5 | cache-control: max-age=5 | date: {90} | etag: "1"'],
    ),
    ("9111 4.3.5", [TAG], '200 | etag: "2"', 90, ["-"]),
    ("9111 4.3.5", [TAG], "200 | cc: max-age=5", 90, ["-"]),
    ("9111 4.3.5", [TAG], '200 | etag: "1" | content-length: 11', 90, ["-"]),
    ("9111 4.3.5", [TAG], '200 | etag: "1" | last-modified: {0}', 90, ["-"]),
    (
        "9111 4.3.5",
        ["cc: max-age=60"],
        "200 | cc: max-age=5",
        90,
        ["5 | cache-control: max-age=5 | date: {90}"],
    ),
]
