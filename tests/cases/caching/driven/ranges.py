"""Parts of a stored answer, which has ten bytes."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, Case, hit, validated

PLAIN: Final = "cc: max-age=60"
TAG: Final = 'cc: max-age=60 | etag: "1"'
DATED: Final = "cc: max-age=60 | last-modified: {-100}"
RANGE: Final = "range: bytes=0-3"


def part(
    section: str, request: str, answer: str = PLAIN, *, body: str = "v1-3", of: str = "0-3/10"
) -> Case:
    """A part goes out."""
    told = f"206 {body} | hit; ttl=60 | age: 0 | content-range: bytes {of}"
    told += f" | content-length: {len(body)}"
    return section, [answer], [FIRST, (request, told, "-")]


def whole(section: str, request: str, answer: str = PLAIN) -> Case:
    """The whole goes out."""
    told = "200 v1 | hit; ttl=60 | age: 0 | content-range: -"
    return section, [answer], [FIRST, (request, told, "-")]


CASES: Final[list[Case]] = [
    part("9110 14.2", RANGE),
    part("9110 14.2", "range: bytes=-4", body="6789", of="6-9/10"),
    part("9110 14.2", "range: bytes=8-", body="89", of="8-9/10"),
    part("9110 14.2", "range: bytes=5-99", body="56789", of="5-9/10"),
    part("9110 15.3.7", RANGE, f"{PLAIN} | content-length: 10"),
    whole("9110 14.2", "range: bytes=0-1, 4-5"),
    whole("9110 14.2", "range: bytes=4-1"),
    whole("9110 14.2", "range: pages=1-2"),
    (
        "9110 14.2",
        [PLAIN],
        [FIRST, (f"HEAD | {RANGE}", "200 - | hit; ttl=60 | content-range: -", "-")],
    ),
    *(
        (
            "9110 15.5.17",
            [f"{PLAIN} | content-type: a/b"],
            [
                FIRST,
                (
                    f"range: {beyond}",
                    "416 - | hit; ttl=60 | content-range: bytes */10 | content-type: -",
                    "-",
                ),
            ],
        )
        for beyond in ("bytes=10-", "bytes=-0")
    ),
    part("9110 13.1.5", f'{RANGE} | if-range: "1"', TAG),
    part("9110 13.1.5", f"{RANGE} | if-range: {{-100}}", DATED),
    whole("9110 13.1.5", f'{RANGE} | if-range: "2"', TAG),
    whole("9110 13.1.5", f'{RANGE} | if-range: W/"1"', 'cc: max-age=60 | etag: W/"1"'),
    whole("9110 13.1.5", f"{RANGE} | if-range: {{-99}}", DATED),
    whole("9110 13.1.5", f'{RANGE} | if-range: "1"'),
    whole(
        "9110 8.8.2.2",
        f"{RANGE} | if-range: {{0}}",
        "cc: max-age=60 | last-modified: {0} | date: {0}",
    ),
    part("9110 13.2.2", f'{RANGE} | if-none-match: "2"', TAG),
    ("9110 13.2.2", [TAG], [FIRST, hit(60, 0, f'{RANGE} | if-none-match: "1"', "304 -")]),
    # Only of a 200.
    (
        "9110 14.2",
        [f"404 | {PLAIN}"],
        [
            ("", "404 v1 | fwd=uri-miss; fwd-status=404; stored", "GET"),
            hit(60, 0, RANGE, "404 v1"),
        ],
    ),
    # What is stale is validated as a whole.
    (
        "9111 4.3.1",
        [f"{TAG} | age: 80", "304"],
        [
            FIRST,
            validated('GET | if-none-match: "1"', RANGE, answer="206 v1-3"),
            hit(60, 0, RANGE, "206 v1-3"),
        ],
    ),
    (
        "5861 4",
        ["cc: max-age=60, stale-if-error=600 | age: 80", "503"],
        [
            FIRST,
            (
                RANGE,
                "206 v1-3 | fwd=stale; fwd-status=503; ttl=-20; detail=stale-if-error",
                "GET",
            ),
        ],
    ),
    # On a miss it is the service's; if that gives the whole, it is kept.
    (
        "9111 3.3",
        [PLAIN],
        [
            (RANGE, "200 v1 | fwd=uri-miss; fwd-status=200; stored", "GET | range: bytes=0-3"),
            ("range: bytes=8-9", "206 89 | hit; ttl=60", "-"),
        ],
    ),
]
