"""Tags: names under which answers are purged. From the route's templates, and from the service.

A template is a text with `{id}` for a parameter of the path, as it stands there, and `{claim.sub}`
for something of the verified caller.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from contract.auth import Principal
from messages import Exchange, Headers

FIELD: Final = "cache-tag"
"""The field in which services name tags; clients never see it."""

MAX_TAGS: Final = 64
MAX_LENGTH: Final = 128
"""Characters of a tag. An answer with more tags, or longer ones, is not stored: a purge would miss
it."""

PLACE: Final = re.compile(r"\{(claim\.)?([a-z][a-z0-9_]{0,31})\}")

CLAIMS: Final[dict[str, Callable[[Principal], str]]] = {
    "sub": lambda principal: principal.subject,
    "tenant": lambda principal: _text(principal.claims.get("tenant")),
    "org": lambda principal: _text(principal.claims.get("org")),
}
"""What can be said of a caller in tags and keys; empty where it is not known."""


class TooMany(Exception):
    """The tags of an answer are more than are kept."""


class Tags:
    """The templates of one route."""

    def __init__(self, templates: Sequence[str]) -> None:
        self._templates = tuple(templates)

    def __bool__(self) -> bool:
        return bool(self._templates)

    def of(self, exchange: Exchange) -> list[str]:
        """The tags for a request. Those that name what is not known are left out."""
        tags = []
        for template in self._templates:
            known = True

            def value(place: re.Match[str]) -> str:
                nonlocal known
                text = _value(exchange, place)
                known = known and bool(text)
                return text

            tag = PLACE.sub(value, template)
            if known:
                tags.append(tag)
        return tags


def take_tags(headers: Headers) -> list[str]:
    """Take the tags that a service names out of its fields."""
    lines = headers.get_all(FIELD)
    if not lines:
        return []
    headers.remove(FIELD)
    named = (tag.strip(" \t") for line in lines for tag in line.split(","))
    return [tag for tag in named if tag]


def together(*named: Sequence[str]) -> tuple[str, ...]:
    """All of them, each once, in order. Raises `TooMany`."""
    tags = dict.fromkeys(tag for some in named for tag in some)
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_LENGTH for tag in tags):
        raise TooMany
    return tuple(tags)


def _value(exchange: Exchange, place: re.Match[str]) -> str:
    if not place[1]:
        return exchange.parameters.get(place[2], "")
    principal, read = exchange.principal, CLAIMS.get(place[2])
    return "" if principal is None or read is None else read(principal)


def _text(claim: object) -> str:
    return claim if isinstance(claim, str) else ""
