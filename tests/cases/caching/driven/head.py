"""HEAD: answered from what GET has stored, and what its answers say of that."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, Case, hit, missed, validated

OLD: Final = 'cc: max-age=60 | age: 80 | etag: "1"'
ASK: Final = 'HEAD | if-none-match: "1"'
TOLD: Final = "200 - | fwd=stale; fwd-status=200"


def same(answer: str, news: str, after: str, ttl: int = 60) -> Case:
    """A 200 that is about what is stored."""
    return (
        "9111 4.3.5",
        [answer, news],
        [
            FIRST,
            (
                "HEAD",
                f"{TOLD}; stored | age: 0 | {after}",
                ASK if "etag" in answer else "HEAD",
            ),
            ("", f"200 v1 | hit; ttl={ttl} | age: 0 | {after}", "-"),
        ],
    )


def other(answer: str, news: str, asked: str = ASK) -> Case:
    """One that is not, so that what is stored is no longer good."""
    return (
        "9111 4.3.5",
        [answer, news, "cc: max-age=60"],
        [FIRST, ("HEAD", TOLD, asked), missed(3), hit(60, 0, "", "200 v3")],
    )


CASES: Final[list[Case]] = [
    (
        "9110 9.3.2",
        ["cc: max-age=60 | content-type: a/b | x: 1"],
        [
            FIRST,
            ("HEAD", "200 - | hit; ttl=60 | age: 0 | content-type: a/b | x: 1", "-"),
        ],
    ),
    ("9111 4.3.4", [OLD, "304"], [FIRST, validated(ASK, "HEAD", answer="200 -"), hit(60, 0)]),
    (
        "9111 4.3.4",
        ['cc: max-age=60 | age: 20 | etag: "1"', "304 | x: 2"],
        [
            FIRST,
            validated(ASK, "HEAD | cc: no-cache", why="request", answer="200 -"),
            ("", "200 v1 | hit; ttl=60 | x: 2", "-"),
        ],
    ),
    same(OLD, 'cc: max-age=500 | etag: "1" | x: 2', "x: 2 | cache-control: max-age=500", 500),
    same(OLD, 'cc: max-age=60 | etag: "1" | content-length: 10', 'etag: "1"'),
    same("cc: max-age=60, stale-if-error=9 | age: 60", "cc: max-age=60 | x: 2", "x: 2"),
    other(OLD, 'cc: max-age=60 | etag: "2"'),
    other(OLD, "cc: max-age=60"),
    other(OLD, 'cc: max-age=60 | etag: "1" | content-length: 11'),
    other(OLD, 'cc: max-age=60 | etag: "1" | last-modified: {0}'),
    other(
        "cc: max-age=60 | age: 80 | last-modified: {-100}",
        "cc: max-age=60 | last-modified: {-50}",
        "HEAD | if-modified-since: {-100}",
    ),
    # It says that it may not be stored.
    (
        "9111 4.3.5",
        [OLD, 'cc: no-store | etag: "1"', "cc: max-age=60"],
        [FIRST, ("HEAD", TOLD, ASK), missed(3)],
    ),
    # It is no 200: nothing is known of what is stored.
    (
        "9111 4.3.5",
        [OLD, "404", "304"],
        [
            FIRST,
            ("HEAD", "404 - | fwd=stale; fwd-status=404", ASK),
            validated('GET | if-none-match: "1"'),
        ],
    ),
    # Of one variant only.
    (
        "9111 4.3.5",
        ["cc: max-age=60 | vary: x", "cc: max-age=60 | vary: x"],
        [
            missed(1, "x: 1"),
            ("HEAD | x: 2", "200 - | fwd=vary-miss; fwd-status=200", "HEAD"),
            hit(60, 0, "x: 1"),
        ],
    ),
]
