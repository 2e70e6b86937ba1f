"""A line of the log: one JSON object, and one line for everybody who reads it.

JSON lets some characters stand in a text that other readers take for the end of a line or for a
command to a terminal: U+0085, U+2028, U+2029, the other C1 controls, and those that turn the
direction of what follows. A client can send them, so they are written as escapes.
"""

import re
from typing import Any, Final

import msgspec

_encode = msgspec.json.Encoder().encode

_UNSEEN: Final = re.compile("[\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def log_line(line: Any) -> str:
    """`line` as the text of one line, which says the same as JSON."""
    text: str = _encode(line).decode()
    # JSON has such characters inside of texts only, where an escape means the same.
    return text if text.isascii() else _UNSEEN.sub(_escaped, text)


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"
