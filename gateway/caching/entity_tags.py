"""Entity tags compared (RFC 9110, section 8.8.3)."""

import re
from typing import Final

_TAGS: Final = re.compile(r'(?:W/)?"[^"]*"')


def is_strong(tag: str) -> bool:
    """Whether `tag` stands for the same bytes."""
    return tag.startswith('"')


def same_strong(one: str, other: str) -> bool:
    """Strong comparison: equal, and neither is weak."""
    return one == other and is_strong(one)


def same_weak(one: str, other: str) -> bool:
    """Weak comparison: equal but for a weakness."""
    return one.removeprefix("W/") == other.removeprefix("W/")


def is_listed(tag: str, value: str) -> bool:
    """Whether a field If-None-Match with `value` names `tag`, by weak comparison. A service's tag
    without quotes is no tag, but one that comes back as it went out is the same."""
    value = value.strip(" \t")
    return value == tag or any(same_weak(tag, listed) for listed in _TAGS.findall(value))
