"""Vary: which of the stored answers a request gets."""

from typing import Any, Final

LANGUAGE: Final = "cc: max-age=60 | vary: Accept-Language"
CODING: Final = "cc: max-age=60 | vary: accept-encoding"
TYPE: Final = "cc: max-age=60 | vary: accept"
OTHER: Final = "cc: max-age=60 | vary: X"
CODED: Final = "cc: max-age=60 | content-encoding: x-gzip"
"""So written the runtime does not decode it."""
HIT: Final = "hit 200 age=9 ttl=51"

CASES: Final[list[tuple[Any, ...]]] = [
    # section, answers with the requests that they were for (and when), request, seconds, decision
    ("9111 4.1", [(LANGUAGE, "accept-language: de")], "accept-language: de", 9, HIT),
    ("9111 4.1", [(LANGUAGE, "accept-language: de")], "accept-language: fr", 9, "vary-miss"),
    ("9111 4.1", [(LANGUAGE, "accept-language: de")], "", 9, "vary-miss"),
    ("9111 4.1", [(LANGUAGE, "")], "accept-language: de", 9, "vary-miss"),
    ("9111 4.1", [(LANGUAGE, "")], "", 9, HIT),
    ("9111 4.1", [(LANGUAGE, "accept-language: ")], "", 9, "vary-miss"),
    ("9111 4.1", [(LANGUAGE, "accept-language: ")], "accept-language: ", 9, HIT),
    ("9111 4.1", [(LANGUAGE, "accept-language: de")], "accept-language: de | x: 1", 9, HIT),
    ("9111 4.1", [("cc: max-age=60 | vary: a, b", "a: 1 | b: 2")], "a: 1 | b: 2", 9, HIT),
    (
        "9111 4.1",
        [("cc: max-age=60 | vary: a | vary: b", "a: 1 | b: 2")],
        "a: 1 | b: 3",
        9,
        "vary-miss",
    ),
    ("9111 4.1", [("cc: max-age=60 | vary: A,,a", "a: 1")], "a: 1", 9, HIT),
    ("9111 4.1", [("cc: max-age=60 | vary: *", "a: 1")], "a: 1", 9, "uri-miss"),
    # Only what cannot change the meaning is evened out.
    (
        "9111 4.1",
        [(LANGUAGE, "accept-language: de, en;q=0.5")],
        "accept-language: DE,en ; q=0.5",
        9,
        HIT,
    ),
    (
        "9111 4.1",
        [(LANGUAGE, "accept-language: de, en")],
        "accept-language: en, de",
        9,
        "vary-miss",
    ),
    (
        "9111 4.1",
        [(LANGUAGE, "accept-language: de, en")],
        "accept-language: de | accept-language: en",
        9,
        HIT,
    ),
    ("9111 4.1", [(CODING, "accept-encoding: gzip, br")], "accept-encoding: BR,gzip", 9, HIT),
    ("9111 4.1", [(CODING, "accept-encoding: gzip")], "accept-encoding: gzip;q=0", 9, "vary-miss"),
    ("9111 4.1", [(TYPE, "accept: a/b,c/d")], "accept: a/b , c/d", 9, HIT),
    ("9111 4.1", [(TYPE, "accept: a/b, c/d")], "accept: c/d, a/b", 9, "vary-miss"),
    ("9111 4.1", [(TYPE, "accept: a/b;x=Y")], "accept: a/b;x=y", 9, "vary-miss"),
    ("9111 4.1", [(TYPE, 'accept: a/b;x="1, 2"')], 'accept: a/b;x="1,2"', 9, "vary-miss"),
    ("9111 4.1", [(OTHER, "x: 1, 2")], "x: 1,2", 9, "vary-miss"),
    ("9111 4.1", [(OTHER, "x: a")], "x: A", 9, "vary-miss"),
    ("9111 4.1", [(OTHER, "x: 1, 2")], "x: 1 | x: 2", 9, HIT),
    # Several variants.
    (
        "9111 4.1",
        [
            (LANGUAGE, "accept-language: de"),
            ("cc: max-age=30 | vary: accept-language", "accept-language: fr"),
        ],
        "accept-language: fr",
        9,
        "hit 200 age=9 ttl=21",
    ),
    (
        "9111 4",
        [(LANGUAGE, "accept-language: de"), (LANGUAGE, "accept-language: de", 5)],
        "accept-language: de",
        9,
        "hit 200 age=4 ttl=56",
    ),
    (
        "9111 4.1",
        [(LANGUAGE, "accept-language: de"), ("cc: max-age=60", "", 5)],
        "accept-language: de",
        9,
        "hit 200 age=4 ttl=56",
    ),
    (
        "9111 4.1",
        [(LANGUAGE, "accept-language: de"), ("cc: max-age=60", "")],
        "accept-language: fr",
        9,
        HIT,
    ),
    (
        "9111 4.3.1",
        [
            (LANGUAGE + ' | etag: "d"', "accept-language: de"),
            (LANGUAGE + ' | etag: "f"', "accept-language: fr"),
        ],
        "accept-language: fr",
        60,
        'stale if-none-match: "f"',
    ),
    ("9111 5.2.1.7", [(LANGUAGE, "accept-language: de")], "cc: only-if-cached", 9, "504 vary-miss"),
    # What is in a coding is never for all, whatever its service says.
    ("9110 12.5.3", [(CODED, "accept-encoding: gzip")], "accept-encoding: gzip", 9, HIT),
    ("9110 12.5.3", [(CODED, "accept-encoding: gzip")], "accept-encoding: br", 9, "vary-miss"),
    ("9110 12.5.3", [(CODED, "accept-encoding: gzip")], "", 9, "vary-miss"),
    ("9110 12.5.3", [(CODED, "accept-encoding: br")], "accept-encoding: br", 9, "uri-miss"),
    ("9110 12.5.3", [(CODED, "")], "", 9, "uri-miss"),
    (
        "9110 12.5.3",
        [(CODED, "accept-encoding: gzip")],
        "accept-encoding: gzip",
        9,
        {"ignore_vary": ["accept-encoding"]},
        "uri-miss",
    ),
    # Where bodies are kept without codings, they need not be told apart.
    (
        "9111 4.1",
        [(CODING, "accept-encoding: gzip")],
        "accept-encoding: br",
        9,
        {"ignore_vary": ["accept-encoding"]},
        HIT,
    ),
]
