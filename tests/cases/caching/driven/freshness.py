"""For how long an answer is used. An Age, or a Date in the past, is time that has gone by."""

from typing import Final

from tests.cases.caching.driven.steps import FIRST, Case, fresh, hit, replaced, unkept, validated

ASK: Final = 'GET | if-none-match: "1"'


def stale(section: str, answer: str) -> Case:
    """An answer that is stale as it comes, and is validated each time."""
    return section, [f'{answer} | etag: "1"', '304 | etag: "1"'], [FIRST, validated(ASK)]


CASES: Final[list[Case]] = [
    # Which field says it.
    fresh("9111 4.2.1", "cc: s-maxage=60, max-age=9 | age: 30", 30, 30),
    fresh("9111 4.2.1", "cc: max-age=9 | cc: s-maxage=60 | age: 30", 30, 30),
    stale("9111 4.2.1", "cc: s-maxage=9, max-age=60 | age: 30"),
    fresh("9111 4.2.1", "cc: max-age=60 | expires: {-60} | age: 30", 30, 30),
    stale("9111 4.2.1", "cc: max-age=9 | expires: {60} | age: 30"),
    fresh("9111 4.2.1", "expires: {60}", 60),
    fresh("9111 4.2.1", "expires: {60} | date: {-30}", 60, 30),
    fresh("9111 4.2.1", "expires: {60} | date: {30}", 30),
    stale("9111 4.2.1", "expires: {-1}"),
    fresh("9110 5.6.7", "expires: {60r}", 60),
    fresh("9110 5.6.7", "expires: {60a}", 60),
    stale("9111 5.3", "expires: 0"),
    stale("9111 5.3", "expires: tomorrow"),
    stale("9111 5.3", "expires: {60}, {90}"),
    # Nothing says it: the route.
    fresh("9111 4.2.2", "x: 1", 60),
    fresh("9111 4.2.2", "last-modified: {-1000000}", 60),
    fresh("9111 4.2.2", "date: {-40}", 20, 40),
    stale("9111 4.2.2", "date: {-70}"),
    # How old it is.
    fresh("9111 4.2.3", "cc: max-age=60 | age: 50", 10, 50),
    stale("9111 4.2", "cc: max-age=60 | age: 60"),
    fresh("9111 4.2.3", "cc: max-age=60 | date: {-50}", 10, 50),
    fresh("9111 4.2.3", "cc: max-age=90 | date: {-50} | age: 20", 40, 50),
    fresh("9111 4.2.3", "cc: max-age=90 | date: {-20} | age: 50", 40, 50),
    fresh("9111 4.2.3", "cc: max-age=60 | date: {500}", 60),
    fresh("9111 4.2.3", "cc: max-age=60 | date: once", 60),
    fresh("9111 5.1", "cc: max-age=60 | age: 20, 50", 40, 20),
    fresh("9111 5.1", "cc: max-age=60 | age: -20", 60),
    fresh("9111 5.1", "cc: max-age=60 | age: 2.5", 60),
    stale("9111 5.1", "cc: max-age=60 | age: 99999999999"),
    unkept("9111 4.2", "cc: max-age=60 | age: 60"),
    # Odd ones.
    fresh("9111 5.2", "cc: MAX-AGE=60 | age: 30", 30, 30),
    fresh("9111 5.2", 'cc: max-age="60" | age: 30', 30, 30),
    fresh("9111 5.2", "cc: max-age = 60 | age: 30", 30, 30),
    fresh("9111 5.2", "cc: ,, max-age=60 ,public, | age: 30", 30, 30),
    fresh("9111 1.2.2", "cc: max-age=0000060 | age: 30", 30, 30),
    fresh("9111 1.2.2", "cc: max-age=99999999999 | age: 30", 2147483618, 30),
    fresh("9111 4.2.1", "cc: max-age=60, max-age=9 | age: 30", 30, 30),
    stale("9111 4.2.1", "cc: max-age=9, max-age=60 | age: 30"),
    stale("9111 4.2.1", "cc: max-age=-1"),
    stale("9111 4.2.1", "cc: max-age=60.0"),
    stale("9111 4.2.1", "cc: max-age='60'"),
    stale("9111 4.2.1", "cc: max-age | expires: {60}"),
    stale("9111 4.2.1", "cc: max-age=soon | expires: {60}"),
    stale("9111 4.2.1", "cc: s-maxage=soon, max-age=60"),
    # no-cache is never fresh; with names of fields it is about these.
    stale("9111 5.2.2.4", "cc: no-cache, max-age=60"),
    stale("9111 5.2.2.4", 'cc: no-cache="", max-age=60'),
    stale("9111 5.2.2.4", 'cc: no-cache="x", no-cache, max-age=60'),
    fresh("9111 5.2.2.2", "cc: max-age=60, must-revalidate | age: 50", 10, 50),
    # Without a validator there is nothing to ask with.
    (
        "9111 4.3.1",
        ["cc: max-age=60, stale-if-error=9 | age: 60", "cc: max-age=60"],
        [FIRST, replaced(2, "GET"), hit(60, 0, "", "200 v2")],
    ),
]
