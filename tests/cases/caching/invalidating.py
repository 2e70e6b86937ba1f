"""Which URIs an answer to an unsafe request makes stale."""

from typing import Any, Final

U: Final = "https://a.example/x?q=1"

CASES: Final[list[tuple[Any, ...]]] = [
    # section, method, URI, response, URIs
    ("9111 4.4", "POST", U, "200", [U]),
    ("9111 4.4", "PUT", U, "204", [U]),
    ("9111 4.4", "DELETE", U, "200", [U]),
    ("9111 4.4", "PATCH", U, "200", [U]),
    ("9111 4.4", "M-SEARCH", U, "200", [U]),
    ("9111 4.4", "POST", U, "302", [U]),
    ("9111 4.4", "POST", U, "400", []),
    ("9111 4.4", "POST", U, "500", []),
    *(
        ("9111 4.4", method, U, "200", [])
        for method in ("GET", "HEAD", "OPTIONS", "TRACE", "QUERY")
    ),
    ("9111 4.4", "POST", U, "201 | location: /y", [U, "https://a.example/y"]),
    ("9111 4.4", "POST", U, "201 | location: y#z", [U, "https://a.example/y"]),
    (
        "9111 4.4",
        "POST",
        U,
        "200 | content-location: https://a.example/y",
        [U, "https://a.example/y"],
    ),
    (
        "9111 4.4",
        "POST",
        U,
        "200 | location: /y | content-location: /z",
        [U, "https://a.example/y", "https://a.example/z"],
    ),
    (
        "9111 4.4",
        "POST",
        U,
        "200 | location: /y | content-location: /y",
        [U, "https://a.example/y"],
    ),
    (
        "9111 4.4",
        "POST",
        U,
        "201 | location: https://A.example:443/y",
        [U, "https://A.example:443/y"],
    ),
    ("9111 4.4", "POST", U, "201 | location: https://b.example/y", [U]),
    ("9111 4.4", "POST", U, "201 | location: http://a.example/y", [U]),
    ("9111 4.4", "POST", U, "201 | location: https://a.example:8443/y", [U]),
    ("9111 4.4", "POST", U, "201 | location: //b.example/y", [U]),
    ("9111 4.4", "POST", U, "201 | location: https://[/y", [U]),
    ("9111 4.4", "POST", U, "201 | location: https://a.example:port/y", [U]),
]
