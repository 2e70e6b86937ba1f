"""Content codings (RFC 9110, sections 8.4.1 and 12.5.3): which of them a request accepts, and what
its service is asked for instead, in one of few wordings, so that there are few variants.

A client that says nothing accepts all of them by the letter, and could read none of them in most
cases: it is taken for one that wants none.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from caching.lists import members
from messages import Headers

ACCEPT: Final = "accept-encoding"
CODING: Final = "content-encoding"

IDENTITY: Final = "identity"
"""No coding at all."""

GZIP: Final = "gzip"

ASKED_FOR: Final = ("br", GZIP)
"""What services are asked for, the dearest first."""

_UNDONE: Final = ASKED_FOR
"""Values of Content-Encoding that the runtime decodes, so written and no other way."""

_SHORT: Final = 128
"""Characters of a field that is worth remembering; clients say few different things."""
_NEVER_PLAIN: Final = f"{IDENTITY};q=0"
_MEMBER: Final = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
_NAMED: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Accepted(NamedTuple):
    """What a request is to be answered with."""

    wording: str
    """Accept-Encoding as the service gets it, and as variants are told apart by it. Read again, it
    says the same."""
    codings: tuple[str, ...]
    """Those of `ASKED_FOR` that it may have, the dearest first; none where it had rather have
    none."""
    plain: bool
    """Whether a body without a coding will do."""

    def takes(self, codings: tuple[str, ...]) -> bool:
        """Whether a body with these codings, one over the other, will do."""
        return all(coding in self.codings for coding in codings) if codings else self.plain


def accepted(value: str | None) -> Accepted:
    """What Accept-Encoding with `value` asks for; None where there is no such field."""
    return _known(value) if value is None or len(value) <= _SHORT else _read(value)


@lru_cache(maxsize=256)
def _known(value: str | None) -> Accepted:
    return _read(value)


def _read(value: str | None) -> Accepted:
    weights = _weights(value)
    others = weights.get("*", 0.0)
    own = {coding: weights.get(coding, others) for coding in ASKED_FOR}
    dearest = max(own.values())
    # Something that is listed as dearer than a coding is no reason to send that one.
    if 0 < dearest >= weights.get(IDENTITY, 0.0):
        # Whoever would rather have the second gets that alone: a service has its own preference.
        first = next(coding for coding in ASKED_FOR if own[coding] == dearest)
        codings = tuple(coding for coding in ASKED_FOR[ASKED_FOR.index(first) :] if own[coding] > 0)
    else:
        codings = ()
    plain = weights.get(IDENTITY, weights.get("*", 1.0)) > 0
    words = [*codings, *([] if plain else [_NEVER_PLAIN])]
    return Accepted(", ".join(words) or IDENTITY, codings, plain)


def codings_of(headers: Headers) -> tuple[str, ...]:
    """The codings of a body with these fields, as they were applied."""
    lines = headers.get_all(CODING)
    if not lines:
        return ()
    return tuple(name for one in members(lines) if (name := _plain_name(one.lower())) != IDENTITY)


def is_undone(headers: Headers) -> bool:
    """Whether the runtime decodes a body with these fields, where it was not told to leave it."""
    return headers.get_all(CODING) in ([value] for value in _UNDONE)


def _weights(value: str | None) -> dict[str, float]:
    """The weight of each coding that is named; of several for one the least. What is written badly
    is not accepted."""
    weights: dict[str, float] = {}
    for member in members([] if value is None else [value]):
        found = _MEMBER.fullmatch(member)
        if found is not None:
            name, weight = found[1], 1.0 if found[2] is None else float(found[2])
        elif (named := _NAMED.match(member)) is not None:
            name, weight = named[0], 0.0
        else:
            continue
        name = _plain_name(name.lower())
        weights[name] = min(weight, weights.get(name, 1.0))
    return weights


def _plain_name(name: str) -> str:
    """Of two names for one coding the plain one (section 8.4.1.3)."""
    return name.removeprefix("x-") if name in ("x-gzip", "x-compress") else name
