"""Vary: which of the stored answers a request gets."""

from typing import Final

from tests.cases.caching.driven.steps import (
    KEPT,
    Case,
    Step,
    hit,
    missed,
    refused,
    replaced,
    unkept,
    validated,
)

LANGUAGE: Final = "cc: max-age=60 | vary: Accept-Language"
DE: Final = "accept-language: de"
FR: Final = "accept-language: fr"
MANY: Final = ", ".join(f"x-{number}" for number in range(17))


def other(version: int, request: str) -> Step:
    """Another variant than those that are stored."""
    return request, f"200 v{version} | fwd=vary-miss; fwd-status=200; stored", "GET"


def same(answer: str, one: str, two: str) -> Case:
    """Two requests that get the same answer."""
    return "9111 4.1", [answer], [missed(1, one), hit(60, 0, two)]


def apart(answer: str, one: str, two: str) -> Case:
    """Two requests each of which has its own."""
    return (
        "9111 4.1",
        [answer, answer],
        [missed(1, one), other(2, two), hit(60, 0, one), hit(60, 0, two, "200 v2")],
    )


CASES: Final[list[Case]] = [
    apart(LANGUAGE, DE, FR),
    apart(LANGUAGE, DE, ""),
    apart(LANGUAGE, "", DE),
    apart("cc: max-age=60 | vary: x", "", "x: "),
    apart(LANGUAGE, "accept-language: de, en", "accept-language: en, de"),
    same(LANGUAGE, "accept-language: de, en;q=0.5", "accept-language: DE,en ; q=0.5"),
    same(LANGUAGE, "accept-language: de, en", "accept-language: de | accept-language: en"),
    same(LANGUAGE, DE, f"{DE} | x: 1"),
    apart("cc: max-age=60 | vary: a, B", "a: 1 | b: 2", "a: 1 | b: 3"),
    apart("cc: max-age=60 | vary: a | vary: b", "a: 1 | b: 2", "a: 1 | b: 3"),
    apart("cc: max-age=60 | vary: x", "x: a", "x: A"),
    same("cc: max-age=60 | vary: x,,X", "x: 1, 2", "x: 1 | x: 2"),
    apart("cc: max-age=60 | vary: accept", "accept: a/b, c/d", "accept: c/d, a/b"),
    # The wordings of Accept-Encoding are few (docs/caching.md).
    apart("cc: max-age=60 | vary: accept-encoding", "accept-encoding: gzip", "accept-encoding: br"),
    same(
        "cc: max-age=60 | vary: accept-encoding",
        "accept-encoding: gzip",
        "accept-encoding: br;q=0, GZIP;q=0.5",
    ),
    unkept("9111 4.1", "cc: max-age=60 | vary: *"),
    unkept("9111 4.1", "cc: max-age=60 | vary: x, *"),
    unkept("9111 4.1", "cc: max-age=60 | vary: Cookie"),
    unkept("9111 4.1", "cc: public, max-age=60 | vary: Authorization"),
    unkept("9111 4.1", f"cc: max-age=60 | vary: {MANY}"),
    # Answers of one resource need not vary alike.
    (
        "9111 4.1",
        [LANGUAGE, "cc: max-age=60"],
        [missed(1, DE), other(2, FR), hit(60, 0, "", "200 v2"), hit(60, 0, FR, "200 v2")],
    ),
    (
        "9111 4.1",
        [LANGUAGE, "cc: max-age=60 | vary: accept-language, x"],
        [
            missed(1, DE),
            other(2, f"{FR} | x: 1"),
            hit(60, 0, f"{FR} | x: 1", "200 v2"),
        ],
    ),
    # Each is validated by itself.
    (
        "9111 4.3.1",
        [
            'cc: max-age=60 | age: 80 | vary: accept-language | etag: "d"',
            'cc: max-age=60 | age: 80 | vary: accept-language | etag: "f"',
            '304 | etag: "f"',
        ],
        [
            missed(1, DE),
            other(2, FR),
            validated('GET | if-none-match: "f"', FR, answer="200 v2"),
            hit(60, 0, FR, "200 v2"),
        ],
    ),
    (
        "9111 4.3.3",
        ['cc: max-age=60 | age: 80 | vary: x | etag: "1"', "cc: max-age=60 | vary: x"],
        [
            missed(1, "x: 1"),
            replaced(2, 'GET | if-none-match: "1"', "x: 1"),
            hit(60, 0, "x: 1", "200 v2"),
        ],
    ),
    (
        "9111 5.2.1.7",
        [LANGUAGE],
        [
            missed(1, DE),
            hit(60, 0, f"{DE} | cc: only-if-cached"),
            refused(FR),
        ],
    ),
    # An unsafe request ends all of them.
    (
        "9111 4.4",
        [LANGUAGE, LANGUAGE, "204", LANGUAGE, LANGUAGE],
        [
            missed(1, DE),
            other(2, FR),
            ("PUT", "204 - | fwd=method", "PUT"),
            ("accept-language: de", "200 v4 | fwd=vary-miss; fwd-status=200; stored", "GET"),
            ("accept-language: fr", "200 v5 | fwd=vary-miss; fwd-status=200; stored", "GET"),
        ],
    ),
    # Vary is told, from the store as well.
    (
        "9110 12.5.5",
        [LANGUAGE],
        [
            (DE, f"200 v1 | {KEPT} | vary: Accept-Language", "GET | accept-language: de"),
            (DE, "200 v1 | hit; ttl=60 | vary: Accept-Language", "-"),
        ],
    ),
]
