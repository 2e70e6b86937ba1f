"""Cache directives (RFC 9111, section 5.2): their names, and what their arguments mean.

Lenient where the sender's meaning is plain, strict in what follows from it: an argument that is no
number of seconds makes stale, and a directive that is written badly still counts as being there.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from caching.lists import TOKEN, members, names, unquoted

MAX_SECONDS: Final = 2**31
"""What larger numbers of seconds count as (RFC 9111, section 1.2.2)."""


class Directives:
    """The directives of one message; the arguments of each in order, None where it has none."""

    __slots__ = ("_arguments",)

    def __init__(self, arguments: Mapping[str, list[str | None]]) -> None:
        self._arguments = arguments

    def __contains__(self, name: str) -> bool:
        return name in self._arguments

    def __bool__(self) -> bool:
        return bool(self._arguments)

    def as_dict(self) -> dict[str, list[str | None]]:
        """All of it, for tests."""
        return dict(self._arguments)

    def seconds(self, name: str) -> float | None:
        """The argument of `name` as delta-seconds; None where it is not there.

        Of several the first counts, and what is no number counts as 0 (section 4.2.1).
        """
        found = self._arguments.get(name)
        return None if found is None else delta_seconds(found[0] or "")

    def is_bare(self, name: str) -> bool:
        """Whether the first `name` has no argument at all."""
        found = self._arguments.get(name)
        return found is not None and found[0] is None

    def fields(self, name: str) -> frozenset[str] | None:
        """The field names that `no-cache` or `private` is about: None where the directive is not
        there, an empty set where it is about the whole response, as it is where one of several
        says so or where the argument names no field (section 5.2.2.4)."""
        found = self._arguments.get(name)
        if found is None:
            return None
        listed = [names([argument]) if argument is not None else [] for argument in found]
        if not all(listed):
            return frozenset()
        return frozenset(field for fields in listed for field in fields)


NONE: Final = Directives({})


def parse_directives(lines: Iterable[str]) -> Directives:
    """The directives of Cache-Control fields. Never raises."""
    arguments: dict[str, list[str | None]] = {}
    for member in members(lines):
        name, equals, value = member.partition("=")
        token = TOKEN.match(name)
        if token is None:
            continue
        # Something between the name and the sign: whatever was meant, the argument is not that.
        is_plain = equals and token[0] == name.rstrip(" \t")
        argument = unquoted(value.strip(" \t")) if is_plain else None
        arguments.setdefault(token[0].lower(), []).append(argument)
    return Directives(arguments) if arguments else NONE


def delta_seconds(value: str) -> float:
    """Delta-seconds (section 1.2.2); 0 for what is none."""
    if not (value.isascii() and value.isdigit()):
        return 0.0
    digits = value.lstrip("0")
    return float(MAX_SECONDS if len(digits) > 10 else min(int(digits or "0"), MAX_SECONDS))
