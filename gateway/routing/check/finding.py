"""A mistake in the table that types cannot see, and the words in which it is reported."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final, NamedTuple

Path = tuple[str | int, ...]
"""The way from the top of the table to a value: `("routes", 3, "path")`."""

_MAX_LISTED: Final = 20


class Finding(NamedTuple):
    """A mistake in the table: the path to it, and a sentence that says what was expected."""

    path: Path
    message: str


def known(name: str, names: Collection[str], kind: str, at: Path) -> Iterator[Finding]:
    """A finding where `name` is not among `names`, with the name that was probably meant."""
    if name in names:
        return
    listed_names = sorted(names)
    close = get_close_matches(name, listed_names, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    listed = ", ".join(listed_names[:_MAX_LISTED]) or "none"
    if len(listed_names) > _MAX_LISTED:
        listed += f" and {len(listed_names) - _MAX_LISTED} more"
    yield Finding(at, f"there is no {kind} `{name}`{hint} (known: {listed})")
