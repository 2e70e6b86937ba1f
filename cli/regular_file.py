"""Reads a file that somebody named, if it is one: never waits at a pipe or reads a device."""

import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "is a directory"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISSOCK, "is a socket"),
)


class NotReadable(Exception):
    """The text says why, without the name of the file."""


def read_bytes(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of the file at `path`. Raises `NotReadable`."""
    try:
        _require_regular(os.stat(path).st_mode)
        # Without O_NONBLOCK a pipe put there meanwhile would keep us waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _require_regular(os.fstat(descriptor).st_mode)
            return file.read(limit)
    except OSError as error:
        raise NotReadable((error.strerror or str(error)).lower()) from None
    except ValueError as error:  # a NUL in the name
        raise NotReadable(str(error)) from None


def _require_regular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    for matches, words in _KINDS:
        if matches(mode):
            raise NotReadable(words)
    raise NotReadable("is no regular file")
