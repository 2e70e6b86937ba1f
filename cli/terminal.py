"""What commands write: tables and colours on a terminal, plain text elsewhere, JSON for machines.

rich is imported when something is shown, so that the command starts quickly without it.
"""

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final, TextIO

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

_SPACES_AT_END: Final = re.compile(r" +$", re.MULTILINE)
_WIDTH: Final = 100
"""Columns where nobody says how wide the paper is."""


def console(*, errors: bool = False) -> "Console":
    """Where people read. No colours in a pipe, nor where NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415

    stream = sys.stderr if errors else sys.stdout
    piped = not stream.isatty()
    wide = _WIDTH if piped and "COLUMNS" not in os.environ else None
    file: Any = _Trimmed(stream) if piped else stream
    return Console(file=file, width=wide, markup=False, highlight=False, emoji=False)


class _Trimmed:
    """A text stream whose lines do not end in spaces, with which rich fills its columns."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_SPACES_AT_END.sub("", text))

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return False

    @property
    def encoding(self) -> str:
        return self._stream.encoding


def write_json(document: Any) -> None:
    """One JSON document, indented."""
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def fail(command: str, message: str) -> int:
    """Say on standard error what was wrong with the way the command was used; exit status 2."""
    print(f"gateway {command}: {message}", file=sys.stderr)
    return 2


def printable(text: str) -> str:
    """`text` without characters that could drive the terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
