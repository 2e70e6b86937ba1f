"""What an unsafe request makes of what is stored."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, Case, Step, hit, missed

KEEP: Final = "cc: max-age=60"


def ended(method: str, status: int, body: str = "v2") -> Case:
    """The own target is no longer what it was."""
    return (
        "9111 4.4",
        [KEEP, str(status), KEEP],
        [
            FIRST,
            (method, f"{status} {body} | fwd=method", method),
            missed(3),
            hit(60, 0, "", "200 v3"),
        ],
    )


def kept(method: str, status: int) -> Case:
    """It still is."""
    return (
        "9111 4.4",
        [KEEP, str(status)],
        [FIRST, (method, f"{status} v2 | fwd=method", method), hit(60, 0)],
    )


def named(field: str, *, status: int = 201, is_ended: bool = True) -> Case:
    """An answer to POST that names another resource."""
    other: Step = missed(3, "GET b") if is_ended else hit(60, 0, "GET b")
    return (
        "9111 4.4",
        [KEEP, f"{status} | {field}", KEEP],
        [
            missed(1, "GET b"),
            ("POST", f"{status} v2 | fwd=method", "POST"),
            other,
        ],
    )


CASES: Final[list[Case]] = [
    ended("POST", 200),
    ended("PUT", 204, "-"),
    ended("DELETE", 200),
    ended("PATCH", 200),
    ended("POST", 303),
    kept("POST", 400),
    kept("POST", 404),
    kept("DELETE", 503),
    named("location: {b}"),
    named("location: b"),
    named("location: http://{host}{b}#there"),
    named("content-location: {b}", status=200),
    named("location: {b}", status=200),
    named("location: {b}", status=302),
    named("location: http://other.example{b}", is_ended=False),
    named("location: https://{host}{b}", is_ended=False),
    named("location: {b}", status=400, is_ended=False),
    # With every query, and nothing beside it.
    (
        "9111 4.4",
        [KEEP, KEEP, "204", KEEP],
        [
            missed(1, "GET a?page=2"),
            missed(2, "GET ab"),
            ("PUT", "204 - | fwd=method", "PUT"),
            missed(4, "GET a?page=2"),
            hit(60, 0, "GET ab", "200 v2"),
        ],
    ),
    # A validator does not bring it back: the origin is asked for the whole.
    (
        "9111 4.4",
        ['cc: max-age=60 | etag: "1"', "204", 'cc: max-age=60 | etag: "2"'],
        [
            FIRST,
            ("PUT", "204 - | fwd=method", "PUT"),
            missed(3),
            hit(60, 0, 'if-none-match: "2"', "304 -"),
        ],
    ),
]
