"""Ranges of a stored answer of ten bytes."""

from typing import Any, Final

PLAIN: Final = "cc: max-age=60"
TAG: Final = 'cc: max-age=60 | etag: "1"'
WEAK: Final = 'cc: max-age=60 | etag: W/"1"'
DATED: Final = "cc: max-age=60 | last-modified: {-100}"
WHOLE: Final = "hit 200 age=9 ttl=51"
PART: Final = "hit 206 age=9 ttl=51 bytes 0-3/10"
RANGE: Final = "range: bytes=0-3"

CASES: Final[list[tuple[Any, ...]]] = [
    # section, "at", response, request, seconds later, the decision
    ("9110 14.2", "at", PLAIN, RANGE, 9, PART),
    ("9110 14.2", "at", PLAIN, "range: bytes=-4", 9, "hit 206 age=9 ttl=51 bytes 6-9/10"),
    ("9110 14.2", "at", PLAIN, "range: bytes=4-", 9, "hit 206 age=9 ttl=51 bytes 4-9/10"),
    ("9110 15.5.17", "at", PLAIN, "range: bytes=10-", 9, "hit 416 age=9 ttl=51 bytes */10"),
    ("9110 14.2", "at", PLAIN, "range: bytes=0-1, 4-5", 9, WHOLE),
    ("9110 14.2", "at", PLAIN, "range: pages=1-2", 9, WHOLE),
    ("9110 14.2", "at", PLAIN, "range: bytes=x", 9, WHOLE),
    ("9110 14.2", "at", PLAIN, f"HEAD | {RANGE}", 9, WHOLE),
    ("9110 14.2", "at", f"404 | {PLAIN}", RANGE, 9, "hit 404 age=9 ttl=51"),
    ("9110 13.1.5", "at", TAG, f'{RANGE} | if-range: "1"', 9, PART),
    ("9110 13.1.5", "at", TAG, f'{RANGE} | if-range: "2"', 9, WHOLE),
    ("9110 13.1.5", "at", WEAK, f'{RANGE} | if-range: W/"1"', 9, WHOLE),
    ("9110 13.1.5", "at", WEAK, f'{RANGE} | if-range: "1"', 9, WHOLE),
    ("9110 13.1.5", "at", PLAIN, f'{RANGE} | if-range: "1"', 9, WHOLE),
    ("9110 13.1.5", "at", DATED, f"{RANGE} | if-range: {{-100}}", 9, PART),
    ("9110 13.1.5", "at", DATED, f"{RANGE} | if-range: {{-99}}", 9, WHOLE),
    ("9110 13.1.5", "at", DATED, f"{RANGE} | if-range: once", 9, WHOLE),
    (
        "9110 8.8.2.2",
        "at",
        "cc: max-age=60 | last-modified: {0} | date: {0}",
        f"{RANGE} | if-range: {{0}}",
        9,
        WHOLE,
    ),
    ("9110 13.2.2", "at", TAG, f'{RANGE} | if-none-match: "1"', 9, "hit 304 age=9 ttl=51"),
    ("9110 13.2.2", "at", TAG, f'{RANGE} | if-none-match: "2"', 9, PART),
    ("9110 13.1.5", "at", TAG, 'if-range: "1"', 9, WHOLE),
    ("9111 4", "at", TAG, RANGE, 60, 'stale if-none-match: "1"'),
    # section, "head", response, request, seconds later, status and fields
    (
        "9110 15.3.7",
        "head",
        PLAIN + " | content-length: 10 | x: 1",
        RANGE,
        9,
        (
            "206 | age: 9 | cache-control: max-age=60 | content-length: 4 | "
            "content-range: bytes 0-3/10 | date: {0} | x: 1"
        ),
    ),
    (
        "9110 15.5.17",
        "head",
        PLAIN + " | content-length: 10 | content-type: a/b",
        "range: bytes=99-",
        9,
        "416 | age: 9 | cache-control: max-age=60 | content-range: bytes */10 | date: {0}",
    ),
]
