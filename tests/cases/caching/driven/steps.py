"""The words in which the driven cases are written, and the steps that most of them share.

A case is its section, what the origin answers to one request after another, the steps of a client,
and the route where it is not the first of `ROUTES`. Messages are in one line each:

    404 | cc: max-age=60 | etag: "a" | expires: {60}

first a status or a method and a target, where they are not 200, GET and `a`; then fields, `cc` for
Cache-Control. {60} is the HTTP date 60 seconds after the case has begun, {60r} and {60a} are the
same in the formats of RFC 850 and asctime, {b} is the path of the target `b`, {host} where the
client asks. `fault` is an origin that throws.

A step is a request, what comes of it, and what the origin is asked meanwhile. What comes:

    200 v1 | hit; ttl=10 | age: 50 | x: -

the status; the body, `v2` for that of the origin's second answer, `-` for none, the code of a
problem, or the text itself; our own member of Cache-Status; fields, `-` for one that is not there.
Lifetimes and ages may differ by the seconds that have passed. What the origin is asked is its
requests with all conditions and ranges, and of other fields those that are named; `-` for none, `&`
between two. A fourth text is what it is asked behind the answer.
"""

from collections.abc import Sequence
from typing import Final

Step = tuple[str, str, str] | tuple[str, str, str, str]
Case = tuple[str, Sequence[str], Sequence[Step]] | tuple[str, Sequence[str], Sequence[Step], str]

ROUTE: Final = "driven"
"""Where cases run that name no route: the store is the Cache API."""
IN_MEMORY: Final = "driven-in-memory"
"""The same with the isolate's memory for a store."""
LENIENT: Final = "driven-leniently"
"""A route that allows stale answers where the service does not say, that keeps 404, that stores
answers without their cookies, and does not listen to its clients."""

KEPT: Final = "fwd=uri-miss; fwd-status=200; stored"
PASSED: Final = "fwd=uri-miss; fwd-status=200"

FIRST: Final[Step] = ("", f"200 v1 | {KEPT}", "GET")
"""Nothing is there, and the first answer is stored."""


def hit(ttl: int, age: int, request: str = "", answer: str = "200 v1") -> Step:
    """The store answers; nobody is asked."""
    return request, f"{answer} | hit; ttl={ttl} | age: {age}", "-"


def missed(version: int, request: str = "") -> Step:
    """Nothing that could be used is there, and that answer is stored."""
    return request, f"200 v{version} | {KEPT}", "GET"


def validated(asked: str, request: str = "", *, why: str = "stale", answer: str = "200 v1") -> Step:
    """The origin says 304, and the stored answer goes out, fresh again."""
    return request, f"{answer} | fwd={why}; fwd-status=304; stored | age: 0", asked


def replaced(version: int, asked: str, request: str = "", *, why: str = "stale") -> Step:
    """The origin is asked whether it is still good, and has another answer, which is stored."""
    return request, f"200 v{version} | fwd={why}; fwd-status=200; stored", asked


def refused(request: str = "", *, control: str = "") -> Step:
    """Only the store may answer, and it cannot."""
    asked = f"cc: only-if-cached, {control}" if control else "cc: only-if-cached"
    asked = f"{request} | {asked}" if request else asked
    return asked, "504 not-stored | detail=only-if-cached", "-"


def fresh(section: str, answer: str, ttl: int, age: int = 0) -> Case:
    """An answer that is used again."""
    return section, [answer], [FIRST, hit(ttl, age)]


def unkept(section: str, answer: str, request: str = "") -> Case:
    """An answer that is not stored, whoever asks."""
    status = answer.partition(" | ")[0] if answer[:3].isdigit() else "200"
    steps: list[Step] = [
        (request, f"{status} v{number} | fwd=uri-miss; fwd-status={status}", "GET")
        for number in (1, 2)
    ]
    return section, [answer, answer], steps
