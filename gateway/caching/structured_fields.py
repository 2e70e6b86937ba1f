"""Structured fields (RFC 9651), as far as caching has them: dictionaries read, parameters written.

Reading is exact: one wrong character makes a whole field unusable, as section 4.2 wants it.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final


class Token(str):
    """A word without quotes."""

    __slots__ = ()


_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER: Final = re.compile(r"-?(?:\d{1,12}\.\d{1,3}(?![\d.])|\d{1,15}(?![\d.]))", re.ASCII)
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_BINARY: Final = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN: Final = re.compile(r"\?([01])")
_DATE: Final = re.compile(r"@(-?\d{1,15})(?![\d.])", re.ASCII)
_DISPLAY: Final = re.compile(r'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')
_BETWEEN: Final = re.compile(r"[ \t]*,[ \t]*")
_SPACES: Final = re.compile(" *")


def parse_dictionary(value: str) -> dict[str, Any]:
    """Members by key: bool, int, float, str, `Token`, bytes, or a list for an inner list.

    Of one key's several members the last counts. Parameters are read and left out. Raises
    `ValueError` for what is no dictionary.
    """
    return _Reader(value.strip(" ")).dictionary()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def dictionary(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._at < len(self._text):
            key = self._take(_KEY)[0]
            member: Any = True
            if self._next("="):
                member = self._list() if self._next("(") else self._item()
            self._parameters()
            found.pop(key, None)
            found[key] = member
            if self._at == len(self._text):
                break
            self._take(_BETWEEN)
            if self._at == len(self._text):
                raise ValueError("a comma at the end")
        return found

    def _list(self) -> list[Any]:
        items: list[Any] = []
        self._take(_SPACES)
        while not self._next(")"):
            items.append(self._item())
            self._parameters()
            if not self._take(_SPACES)[0] and not self._text.startswith(")", self._at):
                raise ValueError("an inner list without its end")
        return items

    def _parameters(self) -> None:
        while self._next(";"):
            self._take(_SPACES)
            self._take(_KEY)
            if self._next("="):
                self._item()

    def _item(self) -> Any:
        for pattern, read in _ITEMS:
            match = pattern.match(self._text, self._at)
            if match is not None:
                self._at = match.end()
                return read(match)
        raise ValueError("no item")

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"unexpected at {self._at}")
        self._at = match.end()
        return match

    def _next(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found


def _number(match: re.Match[str]) -> int | float:
    return float(match[0]) if "." in match[0] else int(match[0])


def _string(match: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", match[1])


def _binary(match: re.Match[str]) -> bytes:
    try:
        return base64.b64decode(match[1] + "=" * (-len(match[1]) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _display(match: re.Match[str]) -> str:
    octets = re.sub(rb"%(..)", lambda two: bytes([int(two[1], 16)]), match[1].encode())
    return octets.decode()  # a UnicodeDecodeError is a ValueError


_ITEMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Any]], ...]] = (
    (_NUMBER, _number),
    (_STRING, _string),
    (_TOKEN, lambda match: Token(match[0])),
    (_BINARY, _binary),
    (_BOOLEAN, lambda match: match[1] == "1"),
    (_DATE, lambda match: int(match[1])),
    (_DISPLAY, _display),
)


def item(value: int | str) -> str:
    """An integer, a `Token`, or a string as it is written (section 4.1). Characters that a string
    cannot hold become question marks."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Token):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if " " <= one <= "~" else "?" for one in escaped) + '"'
