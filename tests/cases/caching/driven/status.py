"""Cache-Status (RFC 9211), where it is more than our own member."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, KEPT, Case, hit, refused

CASES: Final[list[Case]] = [
    # The service's own cache comes first, and each answer has one member of ours.
    (
        "9211 2",
        ['cc: max-age=60 | age: 10 | cache-status: Origin; hit; ttl=50 | etag: "1"', "304"],
        [
            ("", f"200 v1 | {KEPT} | cache-status: Origin; hit; ttl=50, ours", "GET"),
            ("", "200 v1 | hit; ttl=50 | cache-status: Origin; hit; ttl=50, ours", "-"),
            (
                "cc: no-cache",
                (
                    "200 v1 | fwd=request; fwd-status=304; stored | "
                    "cache-status: Origin; hit; ttl=50, ours"
                ),
                'GET | if-none-match: "1"',
            ),
        ],
    ),
    # Age is told through.
    (
        "9111 5.1",
        ["cc: max-age=60 | age: 50"],
        [("", f"200 v1 | {KEPT} | age: 50", "GET"), hit(10, 50)],
    ),
    # Problems of the gateway.
    ("9211 2", ["cc: max-age=60"], [refused(""), FIRST]),
    ("9211 2", ["fault", "cc: max-age=60"], [("", "502 upstream-unreachable | -", "GET")]),
    (
        "9211 2.3",
        ["404", "cc: max-age=60"],
        [
            ("", "404 v1 | fwd=uri-miss; fwd-status=404", "GET"),
            ("HEAD", "200 - | fwd=uri-miss; fwd-status=200", "HEAD"),
        ],
    ),
]
