"""What somebody who wrote a wrong value may have meant, tried against the type that was expected.

A guess is offered only if it fits. It is what people often write: `64KB` for `64KiB`, `10` for
`10s`, `/users/:id` for `/users/{id}`, one value where a list of them belongs.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from cli.yaml_scalars import plain_scalar

_LONGEST: Final = 120
_COLON_PARAMETER = re.compile(r"/:([A-Za-z_]\w*)")
_ANGLE_PARAMETER = re.compile(r"/<(?:[a-z]+:)?([A-Za-z_]\w*)>")
_PARAMETER = re.compile(r"\{\w+\}")
_CAMEL = re.compile(r"([a-z])([A-Z])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SIZE_UNIT = re.compile(r"^([0-9]+)\s*([kKmM])(?:i?[bB])?$")
_DURATION_UNITS = (
    (re.compile(r"([0-9]+)\s*(?:seconds?|secs?|S)$"), r"\1s"),
    (re.compile(r"([0-9]+)\s*(?:minutes?|mins?|M)$"), r"\1m"),
    (re.compile(r"([0-9]+)\s*(?:hours?|hrs?|H)$"), r"\1h"),
    (re.compile(r"([0-9]+)\s*(?:days?|d)$"), ""),
    (re.compile(r"([0-9]+)\s*(?:milliseconds?|millis|MS)$"), r"\1ms"),
)
_BOOLEANS: Final = {"yes": True, "on": True, "no": False, "off": False}


def correction(value: Any, fits: Callable[[Any], bool]) -> str:
    """The first guess that `fits`, as YAML; empty if there is none."""
    for guess in _guesses(value):
        if (guess != value or type(guess) is not type(value)) and fits(guess):
            return _written(guess)
    return ""


def _guesses(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            yield str(value).lower()
            yield [value]
        case int() | float():
            yield from _for_number(value)
        case str() if 0 < len(value) <= _LONGEST:
            yield from _for_text(value)
        case [only]:
            yield only
            yield {"scopes": value}
        case list():
            yield {"scopes": value}


def _for_number(value: float) -> Iterator[Any]:
    text = str(value)
    yield text
    if isinstance(value, float) and value.is_integer():
        yield int(value)
    yield f"v{text}"
    yield f"{text}s"
    yield f"{text}B"
    yield [value]
    yield [text]


def _for_text(value: str) -> Iterator[Any]:
    text = value.strip()
    yield text
    if text.lower() in _BOOLEANS:
        yield _BOOLEANS[text.lower()]
    if text in ("true", "false"):
        yield text == "true"
    if text.lstrip("-").isascii() and text.lstrip("-").isdecimal():
        yield int(text)
        yield f"v{text}"
        yield f"{text}s"
    yield from _for_unit(text)
    yield from _for_path(text)
    yield re.sub(r"[^a-z0-9]+", "-", _CAMEL.sub(r"\1-\2", text).lower()).strip("-")
    yield text.lower()
    yield text.upper()
    if _DAY.match(text):
        yield f"{text[:10]}T00:00:00Z"
        yield text[:10]
    if "://" not in text:
        yield f"https://{text.rstrip('/')}"
    yield text.rstrip("/")
    yield [text]
    yield [text.upper()]
    yield [part for part in re.split(r"[,\s|]+", text) if part]


def _for_unit(text: str) -> Iterator[str]:
    size = _SIZE_UNIT.match(text)
    if size:
        yield f"{size[1]}{size[2].upper()}iB"
    for written, unit in _DURATION_UNITS:
        found = written.match(text)
        if found:
            yield found.expand(unit) if unit else f"{int(found[1]) * 24}h"


def _for_path(text: str) -> Iterator[str]:
    path = "/" + text.lstrip("/").rstrip("/")
    path = _ANGLE_PARAMETER.sub(r"/{\1}", _COLON_PARAMETER.sub(r"/{\1}", path))
    yield path
    yield _PARAMETER.sub(lambda name: _CAMEL.sub(r"\1_\2", name[0]).lower(), path)
    yield path.replace(".", "/")


def _written(guess: Any) -> str:
    match guess:
        case bool():
            return str(guess).lower()
        case list():
            return f"[{', '.join(map(_written, guess))}]"
        case {"scopes": scopes}:
            return (
                f"{{ scopes: [{', '.join(chr(34) + str(scope) + chr(34) for scope in scopes)}] }}"
            )
        case str():
            return guess if _is_text_without_quotes(guess) else f'"{guess}"'
        case _:
            return str(guess)


def _is_text_without_quotes(text: str) -> bool:
    try:
        return isinstance(plain_scalar(text), str)
    except ValueError:
        return False
