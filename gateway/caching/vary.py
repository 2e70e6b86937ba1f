"""Vary (RFC 9111, section 4.1): which fields of a request made a response what it is.

Values are brought into a normal form only where that cannot change what they mean; for a field that
is not known here, only lines are joined and white space around them dropped.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from caching.lists import members, names
from caching.stored import StoredResponse
from contract.names import INTERNAL_PREFIX
from messages import Headers

MAX_FIELDS: Final = 16
"""A response that varies with more is not stored."""

_OF_ONE_CALLER: Final = frozenset({"authorization", "cookie"})
"""Varying with these, a response is each caller's own: a shared cache has nothing to gain."""

_TOLD: Final = frozenset({"forwarded", "via", "x-forwarded-for"})
"""What the gateway tells services of the client, with `INTERNAL_PREFIX`: no request has it here, so
that all of them would seem to have the same."""

_ANY_CASE: Final = frozenset({"accept-charset", "accept-encoding", "accept-language"})
_LISTS: Final = _ANY_CASE | {"accept"}
_ANY_ORDER: Final = frozenset({"accept-charset", "accept-encoding"})
"""Of languages, some recipients take the first for the dearest (RFC 9110, section 12.5.4)."""
SHORT: Final = 128
"""Characters of a value that is worth remembering; clients say few different things."""
_AROUND_WEIGHT: Final = re.compile(r"[ \t]*;[ \t]*")


def nominated(headers: Headers, ignore: frozenset[str]) -> list[str] | None:
    """The fields that Vary names, sorted; None for `*`, which nothing ever matches."""
    lines = headers.get_all("vary")
    if not lines:
        return []
    if "*" in members(lines):
        return None
    return sorted(set(names(lines)) - ignore)


def is_of_one_caller(name: str) -> bool:
    """Whether what varies with the field `name` is nobody else's, as far as can be told here."""
    return name in _OF_ONE_CALLER or name in _TOLD or name.startswith(INTERNAL_PREFIX)


def values(fields: Sequence[str], request: Headers) -> tuple[tuple[str, str | None], ...]:
    """These fields and their normal values in `request`; None where it has none, which is not the
    same as an empty one."""
    return tuple((name, normal(name, request.get_all(name))) for name in fields)


def normal(name: str, lines: Sequence[str]) -> str | None:
    """The value of `name` in a form that means the same however it was written."""
    if not lines:
        return None
    if len(lines) == 1 and len(lines[0]) <= SHORT:
        return _known(name, lines[0])
    return _worked_out(name, lines)


@lru_cache(maxsize=512)
def _known(name: str, line: str) -> str:
    return _worked_out(name, [line])


def _worked_out(name: str, lines: Sequence[str]) -> str:
    if name not in _LISTS:
        return ", ".join(line.strip(" \t") for line in lines)
    found = members(lines)
    if name in _ANY_CASE:
        found = [_AROUND_WEIGHT.sub(";", member.lower()) for member in found]
    if name in _ANY_ORDER:
        found.sort()
    return ", ".join(found)


def matching(stored: Sequence[StoredResponse], request: Headers) -> list[StoredResponse]:
    """Those of `stored` that answer a request with these fields, the latest first (section 4)."""
    found = [one for one in stored if matches(one, request)]
    if len(found) > 1:
        found.sort(key=lambda one: (one.facts.date, one.facts.response_time), reverse=True)
    return found


def matches(stored: StoredResponse, request: Headers) -> bool:
    """Whether the fields that `stored` varies with are the same in `request`."""
    return all(normal(name, request.get_all(name)) == value for name, value in stored.facts.vary)
