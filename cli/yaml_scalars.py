"""What a YAML scalar means: the core schema of YAML 1.2 (section 10.3), and nothing more.

So `on`, `yes`, `12:30` and `2026-06-01` are texts, as their authors expect. Values that JSON cannot
carry on to the edge (`.nan`, `.inf`, integers of more than 64 bits) are refused.
"""

import re
from typing import Final

Scalar = str | int | float | bool | None

_PREFIX: Final = "tag:yaml.org,2002:"
STR: Final = f"{_PREFIX}str"
MAP: Final = f"{_PREFIX}map"
SEQ: Final = f"{_PREFIX}seq"

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_NUMBER_START = frozenset("-+.0123456789")
_WORD_START = frozenset("~nNtTfF") | {""}
_MAX_DIGITS: Final = 40


def plain_scalar(text: str) -> Scalar:
    """The value of a scalar without quotes and tag. Raises `ValueError` with a sentence."""
    start = text[:1]
    if start in _NUMBER_START:
        if _INT.fullmatch(text):
            return _integer(text)
        if _FLOAT.fullmatch(text):
            return _float(text)
    elif start in _WORD_START:
        if _NULL.fullmatch(text):
            return None
        if _BOOL.fullmatch(text):
            return text.lower() == "true"
    return text


def tagged_scalar(text: str, tag: str) -> Scalar:
    """The value of a scalar with an explicit `tag`. Raises `ValueError` with a sentence."""
    if tag == STR:
        return text
    kind, matches = _KINDS.get(tag, ("", None))
    if matches is None:
        raise ValueError(f"there is no tag `{short_tag(tag)}` here; leave it out")
    if not matches.fullmatch(text):
        raise ValueError(f"the tag `{short_tag(tag)}` expects {kind}, found `{text[:40]}`")
    if tag == f"{_PREFIX}float":
        return _float(text)
    return plain_scalar(text)


_KINDS: Final = {
    f"{_PREFIX}null": ("null", _NULL),
    f"{_PREFIX}bool": ("true or false", _BOOL),
    f"{_PREFIX}int": ("a whole number", _INT),
    f"{_PREFIX}float": ("a number", _FLOAT),
}


def short_tag(tag: str) -> str:
    """The tag as it is written: `!!str` for the tags of YAML itself."""
    if tag.startswith(_PREFIX):
        return "!!" + tag.removeprefix(_PREFIX)[:40]
    return tag[:40]


def _integer(text: str) -> int:
    if len(text) <= _MAX_DIGITS:
        value = int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if -(1 << 63) <= value < 1 << 64:
            return value
    raise ValueError("expected a whole number of at most 64 bits")


def _float(text: str) -> float:
    special = text.lower().lstrip("+-") in (".inf", ".nan")
    value = 0.0 if special else float(text)
    if special or value in (float("inf"), float("-inf")):
        raise ValueError(f"expected a number that JSON can hold, found `{text[:40]}`")
    return value
