"""Conditions: a client's, answered from the store, and ours, which ask the service."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, Case, hit, replaced, validated

TAG: Final = 'cc: max-age=60 | etag: "1"'
WEAK: Final = 'cc: max-age=60 | etag: W/"1"'
DATED: Final = "cc: max-age=60 | last-modified: {-100}"
BOTH: Final = 'cc: max-age=60 | etag: "1" | last-modified: {-100}'
OLD: Final = "age: 80"


def known(section: str, answer: str, request: str) -> Case:
    """A client that has it already."""
    return section, [answer], [FIRST, hit(60, 0, request, "304 -")]


def unknown(section: str, answer: str, request: str) -> Case:
    """One that has not."""
    return section, [answer], [FIRST, hit(60, 0, request)]


def asked(section: str, answer: str, fields: str, request: str = "", told: str = "200 v1") -> Case:
    """A stale answer, and what the origin is asked about it."""
    asking = f"GET | {fields}"
    return (
        section,
        [f"{answer} | {OLD}", "304"],
        [FIRST, validated(asking, request, answer=told), hit(60, 0)],
    )


CASES: Final[list[Case]] = [
    known("9110 13.1.2", TAG, 'if-none-match: "1"'),
    known("9110 13.1.2", TAG, 'if-none-match: W/"1"'),
    known("9110 13.1.2", WEAK, 'if-none-match: "1"'),
    known("9110 13.1.2", TAG, 'if-none-match: "2", "1"'),
    known("9110 13.1.2", TAG, 'if-none-match: "2" | if-none-match: "1"'),
    known("9110 13.1.2", DATED, "if-none-match: *"),
    known("9110 13.1.2", TAG, 'HEAD | if-none-match: "1"'),
    unknown("9110 13.1.2", TAG, 'if-none-match: "2"'),
    unknown("9110 13.1.2", TAG, "if-none-match: 1"),
    unknown("9110 13.1.2", DATED, 'if-none-match: "1"'),
    known("9110 13.1.3", DATED, "if-modified-since: {-100}"),
    known("9110 13.1.3", DATED, "if-modified-since: {-100r}"),
    unknown("9110 13.1.3", DATED, "if-modified-since: {-101}"),
    unknown("9110 13.1.3", DATED, "if-modified-since: yesterday"),
    known("9111 4.3.2", BOTH, 'if-none-match: "1" | if-modified-since: {-500}'),
    unknown("9111 4.3.2", BOTH, 'if-none-match: "2" | if-modified-since: {0}'),
    (
        "9111 4.3.2",
        ["cc: max-age=60 | date: {-20}"],
        [FIRST, hit(40, 20, "if-modified-since: {-20}", "304 -")],
    ),
    # Only a 200 is what a condition is about.
    (
        "9111 4.3.2",
        [f"404 | {TAG}"],
        [
            ("", "404 v1 | fwd=uri-miss; fwd-status=404; stored", "GET"),
            hit(60, 0, 'if-none-match: "1"', "404 v1"),
        ],
    ),
    (
        "9110 15.4.5",
        [f"{TAG} | content-type: a/b | content-location: /x | vary: x | x: 1"],
        [
            FIRST,
            (
                'if-none-match: "1"',
                (
                    '304 - | hit; ttl=60 | etag: "1" | cache-control: max-age=60 | vary: x | '
                    "content-location: /x | x: - | content-type: -"
                ),
                "-",
            ),
        ],
    ),
    # What the origin is asked.
    asked("9111 4.3.1", TAG, 'if-none-match: "1"'),
    asked("9111 4.3.1", WEAK, 'if-none-match: W/"1"'),
    asked("9111 4.3.1", DATED, "if-modified-since: {-100}"),
    asked("9111 4.3.1", BOTH, 'if-none-match: "1" | if-modified-since: {-100}'),
    asked("9111 4.3.1", "cc: max-age=60 | etag: bare", "if-none-match: bare"),
    # Never the client's own conditions, which are answered from what it says.
    asked("9111 4.3.2", TAG, 'if-none-match: "1"', 'if-none-match: "0"'),
    asked("9111 4.3.2", TAG, 'if-none-match: "1"', 'if-none-match: "1"', "304 -"),
    asked("9111 4.3.2", TAG, 'if-none-match: "1"', "if-modified-since: {-100}"),
    asked("9111 4.3.2", DATED, "if-modified-since: {-100}", "if-modified-since: {0}", told="304 -"),
    # A whole answer, which the client has.
    (
        "9111 4.3.3",
        [f"{TAG} | {OLD}", 'cc: max-age=60 | etag: "2"'],
        [
            FIRST,
            (
                'if-none-match: "2"',
                '304 - | fwd=stale; fwd-status=200; stored | etag: "2"',
                'GET | if-none-match: "1"',
            ),
            hit(60, 0, "", "200 v2"),
        ],
    ),
    (
        "9111 4.3.3",
        [f"{TAG} | {OLD}", 'cc: max-age=60 | etag: "2"'],
        [
            FIRST,
            replaced(2, 'GET | if-none-match: "1"', 'if-none-match: "1"'),
            hit(60, 0, "", "200 v2"),
        ],
    ),
    # A new answer that may not be stored does not leave the old one fresh.
    (
        "9111 4.3.3",
        [f"{TAG} | {OLD}", "cc: no-store", '304 | etag: "1"'],
        [
            FIRST,
            ("", "200 v2 | fwd=stale; fwd-status=200", 'GET | if-none-match: "1"'),
            validated('GET | if-none-match: "1"'),
        ],
    ),
    (
        "9111 4.3.3",
        [f"{TAG} | {OLD}", "410 | cc: max-age=60"],
        [
            FIRST,
            ("", "410 v2 | fwd=stale; fwd-status=410; stored", 'GET | if-none-match: "1"'),
            hit(60, 0, "", "410 v2"),
        ],
    ),
    # On a miss they are the service's business.
    (
        "9111 4.3.2",
        [TAG],
        [
            (
                "if-modified-since: {-500}",
                "200 v1 | fwd=uri-miss; fwd-status=200; stored",
                "GET | if-modified-since: {-500}",
            ),
            hit(60, 0, 'if-none-match: "1"', "304 -"),
        ],
    ),
]
