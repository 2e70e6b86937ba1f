"""Cache-Status, member by member."""

from typing import Any, Final

CASES: Final[list[tuple[Any, ...]]] = [
    # section, function, arguments, what is written
    ("9211 2.1", "hit", {"ttl": 29.9}, "edge-gateway; hit; ttl=29"),
    ("9211 2.5", "hit", {"ttl": -0.1}, "edge-gateway; hit; ttl=-1"),
    (
        "9211 2.8",
        "hit",
        {"ttl": -3, "detail": "max-stale"},
        "edge-gateway; hit; ttl=-3; detail=max-stale",
    ),
    ("9211 2.7", "hit", {"ttl": 1, "key": 'a"b\\c'}, r'edge-gateway; hit; ttl=1; key="a\"b\\c"'),
    ("9211 2.7", "hit", {"ttl": 1, "key": "\u00e4"}, 'edge-gateway; hit; ttl=1; key="?"'),
    ("9211 2.2", "forwarded", {"reason": "method"}, "edge-gateway; fwd=method"),
    (
        "9211 2.3",
        "forwarded",
        {"reason": "stale", "status": 304},
        "edge-gateway; fwd=stale; fwd-status=304",
    ),
    (
        "9211 2.4",
        "forwarded",
        {"reason": "uri-miss", "status": 200, "stored": True, "ttl": 60},
        "edge-gateway; fwd=uri-miss; fwd-status=200; stored; ttl=60",
    ),
    (
        "9211 2.6",
        "forwarded",
        {"reason": "vary-miss", "status": 200, "collapsed": True},
        "edge-gateway; fwd=vary-miss; fwd-status=200; collapsed",
    ),
    (
        "9211 2.8",
        "forwarded",
        {"reason": "stale", "detail": "stale-if-error"},
        "edge-gateway; fwd=stale; detail=stale-if-error",
    ),
]
