"""What a client can ask for. Stored is one answer, unless a list says otherwise."""

from typing import Any, Final

FRESH: Final = 'cc: max-age=60 | etag: "1"'
IMMUTABLE: Final = 'cc: max-age=60, immutable | etag: "1"'
ASK: Final = 'if-none-match: "1"'
DEAF: Final = {"honour_request_directives": False}

CASES: Final[list[tuple[Any, ...]]] = [
    # section, response, request, seconds later, (settings), the decision
    ("9111 4", FRESH, "POST", 9, "method"),
    ("9111 4", FRESH, "DELETE", 9, "method"),
    ("9111 4", FRESH, "OPTIONS", 9, "method"),
    ("9111 4", FRESH, "QUERY", 9, "method"),
    ("9110 9.3.2", FRESH, "HEAD", 9, "hit 200 age=9 ttl=51"),
    ("9110 9.3.2", FRESH, "HEAD", 60, f"stale {ASK}"),
    ("9111 5.2.1.4", FRESH, "cc: no-cache", 9, f"request {ASK}"),
    ("9111 5.2.1.4", FRESH, "cc: No-Cache", 9, f"request {ASK}"),
    ("9111 5.2.1.4", FRESH, "cc: no-cache", 60, f"stale {ASK}"),
    ("9111 5.2.1.4", FRESH, "cc: no-cache", 9, DEAF, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.5", FRESH, "cc: no-store", 9, "request"),
    ("9111 5.2.1.5", FRESH, "cc: no-store", 9, DEAF, "request"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=10", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=9", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=8", 9, f"request {ASK}"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=0", 0, f"request {ASK}"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=600", 60, f"stale {ASK}"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=soon", 9, f"request {ASK}"),
    ("9111 5.2.1.1", FRESH, "cc: max-age=0", 9, DEAF, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.1", "cc: max-age=60 | age: 20", "cc: max-age=20", 9, "request"),
    ("9111 5.2.1.3", FRESH, "cc: min-fresh=51", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.3", FRESH, "cc: min-fresh=52", 9, f"request {ASK}"),
    ("9111 5.2.1.3", FRESH, "cc: min-fresh=52", 9, DEAF, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale", 70, "hit 200 age=70 ttl=-10 max-stale"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale=11", 70, "hit 200 age=70 ttl=-10 max-stale"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale=9", 70, f"stale {ASK}"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale=some", 70, f"stale {ASK}"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale, max-age=69", 70, f"stale {ASK}"),
    ("9111 5.2.1.2", FRESH, "cc: max-stale", 70, DEAF, f"stale {ASK}"),
    *(
        ("9111 4.2.4", f"cc: {directives}", "cc: max-stale", 70, "stale")
        for directives in (
            *("max-age=60, must-revalidate", "max-age=60, proxy-revalidate", "s-maxage=60"),
        )
    ),
    ("9111 5.2.1.7", FRESH, "cc: only-if-cached", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.2.1.7", FRESH, "cc: only-if-cached", 60, "504 stale"),
    ("9111 5.2.1.7", [], "cc: only-if-cached", 0, "504 uri-miss"),
    ("9111 5.2.1.7", FRESH, "cc: only-if-cached, max-age=0", 9, "504 request"),
    (
        "9111 5.2.1.7",
        FRESH,
        "cc: only-if-cached, max-stale",
        70,
        "hit 200 age=70 ttl=-10 max-stale",
    ),
    ("9111 5.2.1.7", FRESH, "cc: only-if-cached", 60, DEAF, f"stale {ASK}"),
    ("9111 5.2.1", FRESH, "cc: something=else", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.4", FRESH, "pragma: no-cache", 9, f"request {ASK}"),
    ("9111 5.4", FRESH, "pragma: NO-CACHE, x", 9, f"request {ASK}"),
    ("9111 5.4", FRESH, "pragma: x", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.4", FRESH, "pragma: no-cache | cc: max-age=600", 9, "hit 200 age=9 ttl=51"),
    ("9111 5.4", FRESH, "pragma: no-cache", 9, DEAF, "hit 200 age=9 ttl=51"),
    # A reload is not heard for what is immutable; whoever insists is.
    ("8246 2.1", IMMUTABLE, "cc: max-age=0", 9, "hit 200 age=9 ttl=51"),
    ("8246 2.1", IMMUTABLE, "cc: no-cache", 9, f"request {ASK}"),
    ("8246 2.1", IMMUTABLE, "cc: max-age=8", 9, f"request {ASK}"),
    ("8246 2", IMMUTABLE, "cc: max-age=0", 60, f"stale {ASK}"),
    # Preconditions about the state of the resource are for those who know it.
    ("9111 4.3.2", FRESH, 'if-match: "2"', 9, "request"),
    ("9111 4.3.2", FRESH, "if-unmodified-since: {0}", 9, "request"),
    ("9111 3.5", FRESH, "authorization: Bearer x", 9, "hit 200 age=9 ttl=51"),
]
