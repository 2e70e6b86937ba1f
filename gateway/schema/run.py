"""One check of one document: the errors found so far, and what it may still cost.

Whatever a schema and a document are, a check ends: after `MAX_ERRORS` errors, `MAX_STEPS` steps, or
where references would go deeper than the stack allows. What was not checked does not pass.
"""

from typing import Any, Final, NamedTuple, Union

MAX_ERRORS: Final = 50
MAX_STEPS: Final = 500_000
"""Values and alternatives that are looked at: about a second of work. A document of 1 MiB has a
tenth of that many values, if they are as short as people's."""
MAX_FRAMES: Final = 500
"""Frames of the stack; Python allows 1000, and the gateway needs some before."""

At = Union[tuple["At", str | int], None]  # noqa: UP007  # it is recursive
"""The way to a value, the last step first; None is the whole document."""


class SchemaError(NamedTuple):
    """Why a document does not fit: where in it (a JSON Pointer), a sentence, by which keyword."""

    pointer: str
    detail: str
    schema: str
    """The keyword's place in the schema, as `roadmap#/properties/title/maxLength`."""


class Enough(Exception):
    """There are as many errors as anybody is told."""


class TooCostly(Exception):
    """To go on would take too long, or too much of the stack; the text says which."""


class Seen:
    """What keywords have looked at in one object or array, for the unevaluated ones."""

    __slots__ = ("items", "names")

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.items: set[int] = set()

    def add(self, other: "Seen") -> None:
        """What a schema that fits has looked at counts for those around it."""
        self.names |= other.names
        self.items |= other.items


class Run:
    """The state of a check."""

    __slots__ = ("errors", "frames", "left", "nested", "quiet")

    def __init__(self) -> None:
        self.errors: list[SchemaError] = []
        self.quiet = 0
        """Above zero while it only matters whether a schema fits."""
        self.nested = 0
        """Above zero while errors of alternatives are collected, which may not all be told."""
        self.left = MAX_STEPS
        self.frames = 0

    def spend(self, steps: int) -> None:
        """Raises `TooCostly` where no steps are left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly("the check was given up, as it would take too long")

    def give_up(self) -> None:
        """Raises `TooCostly`, which says whether steps are missing or room on the stack."""
        self.spend(0)
        raise TooCostly("the check was given up, as the value is nested too deeply")

    def fail(self, at: At, detail: str, schema: str) -> bool:
        """Put down an error; always False, which is what a check gives then. Raises `Enough`."""
        if not self.quiet:
            if len(self.errors) < MAX_ERRORS:
                self.errors.append(SchemaError(pointer(at), detail, schema))
            if len(self.errors) >= MAX_ERRORS and not self.nested:
                raise Enough
        return False


def pointer(at: At) -> str:
    """The JSON Pointer (RFC 6901) of a way into a document."""
    tokens: list[str] = []
    while at is not None:
        at, token = at
        tokens.append(str(token).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{token}" for token in reversed(tokens))


def shown(value: Any) -> str:
    """A value in an error, short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{value[:40]}…"' if len(value) > 40 else f'"{value}"'
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    return str(value)[:40]
