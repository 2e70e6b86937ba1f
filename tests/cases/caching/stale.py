"""Stale answers: who allows them, and for how long."""

from typing import Any, Final

SWR: Final = 'cc: max-age=60, stale-while-revalidate=30 | etag: "1"'
SIE: Final = 'cc: max-age=60, stale-if-error=30 | etag: "1"'
ASK: Final = 'if-none-match: "1"'
BOTH: Final = {"stale_while_revalidate": 30.0, "stale_if_error": 30.0}

CASES: Final[list[tuple[Any, ...]]] = [
    # section, response, request, seconds later, (settings), the decision
    ("5861 3", SWR, "", 59, "hit 200 age=59 ttl=1"),
    ("5861 3", SWR, "", 60, "hit 200 age=60 ttl=0 stale-while-revalidate"),
    ("5861 3", SWR, "", 89, "hit 200 age=89 ttl=-29 stale-while-revalidate"),
    ("5861 3", SWR, "", 90, f"stale {ASK}"),
    ("5861 3", SWR, "HEAD", 89, "hit 200 age=89 ttl=-29 stale-while-revalidate"),
    ("5861 3", SWR, "cc: no-cache", 61, f"stale {ASK}"),
    ("5861 3", SWR, "cc: max-age=0", 61, f"stale {ASK}"),
    ("5861 3", SWR, "cc: max-age=100", 61, "hit 200 age=61 ttl=-1 stale-while-revalidate"),
    ("5861 3", SWR, "cc: min-fresh=1", 61, f"stale {ASK}"),
    ("5861 3", SWR, 'if-none-match: "1"', 61, "hit 304 age=61 ttl=-1 stale-while-revalidate"),
    ("5861 4", SIE, "", 59, "hit 200 age=59 ttl=1"),
    ("5861 4", SIE, "", 60, f"stale {ASK} if-error"),
    ("5861 4", SIE, "", 89, f"stale {ASK} if-error"),
    ("5861 4", SIE, "", 90, f"stale {ASK}"),
    ("5861 4", "cc: max-age=60, stale-if-error=30", "", 61, "stale if-error"),
    ("5861 4", SIE, "cc: no-cache", 61, f"stale {ASK}"),
    ("5861 4", SIE, "cc: max-age=0", 61, f"stale {ASK} if-error"),
    ("5861 4", SIE, "cc: only-if-cached", 61, "504 stale"),
    # RFC 5861 knows it as a directive of requests as well.
    ("5861 4", 'cc: max-age=60 | etag: "1"', "cc: stale-if-error=30", 61, f"stale {ASK} if-error"),
    ("5861 4", 'cc: max-age=60 | etag: "1"', "cc: stale-if-error=30", 91, f"stale {ASK}"),
    (
        "5861 4",
        'cc: max-age=60, must-revalidate | etag: "1"',
        "cc: stale-if-error=30",
        61,
        f"stale {ASK}",
    ),
    ("5861 3", "cc: max-age=60", "", 61, BOTH, "hit 200 age=61 ttl=-1 stale-while-revalidate"),
    ("5861 4", "cc: max-age=60, stale-while-revalidate=0", "", 61, BOTH, "stale if-error"),
    ("9111 4.2.4", "cc: max-age=60", "", 61, "stale"),
    *(
        (
            "9111 4.2.4",
            f"cc: {directives}, stale-while-revalidate=30, stale-if-error=30 | etag: x",
            "",
            61,
            BOTH,
            "stale if-none-match: x",
        )
        for directives in (
            *("max-age=60, must-revalidate", "max-age=60, proxy-revalidate", "s-maxage=60"),
            *("max-age=60, no-cache", "no-cache"),
        )
    ),
    # A targeted field that says how long, without s-maxage, leaves the windows open.
    (
        "9213 2.2",
        "cc: s-maxage=1 | cdn-cache-control: max-age=60, stale-while-revalidate=30",
        "",
        61,
        "hit 200 age=61 ttl=-1 stale-while-revalidate",
    ),
    ("8246 2", "cc: max-age=60, immutable", "", 61, "stale"),
]
