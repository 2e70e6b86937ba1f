"""The path at the service, as a template: `/tenants/${claim.sub}/things/${path.id}`.

Here a value that is missing, or that would be another path than the table says, refuses the
request: a path without one of its parts leads to something that nobody asked for.
"""

import re
from collections.abc import Mapping
from typing import Final

from contract.problems import MALFORMED_REQUEST, Problem
from transforms.percent import encode
from transforms.templates import MAX_VALUE, Placeholder, Scope, Template

_LITERAL: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_AMBIGUOUS: Final = re.compile(r"[/\\\x00-\x1f\x7f]")
_DOTS: Final = (".", "..")


class Target:
    """A template for a path. Each value stays within its segment."""

    __slots__ = ("template",)

    def __init__(self, text: str) -> None:
        """Raises `TemplateError`."""
        self.template = Template(text)

    def objections(self) -> list[str]:
        """Why the literal parts are no path; empty where they are one."""
        sample = "".join(
            "x" if isinstance(part, Placeholder) else part for part in self.template.parts
        )
        literals = [part for part in self.template.parts if isinstance(part, str)]
        found = []
        if not sample.startswith("/"):
            found.append("a path begins with a slash")
        if not all(_LITERAL.fullmatch(part) for part in literals):
            found.append("expected characters of a path, without query and percent-encoding")
        if "//" in sample:
            found.append("a path has no empty segments")
        if any(segment in _DOTS for segment in sample.split("/")):
            found.append("a path has no segments `.` and `..`")
        return found

    def fill(self, scope: Scope, parameters: Mapping[str, str]) -> str:
        """The path. `parameters` are the route's as they stand in its path, percent-encoded.

        Raises `Problem` (malformed-request).
        """
        path = "".join(
            self._segment(part, scope, parameters) if isinstance(part, Placeholder) else part
            for part in self.template.parts
        )
        segments = path.split("/")
        if len(path) > MAX_VALUE or any(segment in _DOTS for segment in segments):
            raise _refused("the request cannot be carried over to the path of the service")
        return path

    def _segment(self, part: Placeholder, scope: Scope, parameters: Mapping[str, str]) -> str:
        if part.source == "path" and part.name in parameters:
            return parameters[part.name]  # normal already, and not to be encoded twice
        value = scope.text(part)
        where = f"`{part.source}.{part.name}`"
        if not value:
            raise _refused(f"this route needs a value for {where}")
        if _AMBIGUOUS.search(value):
            raise _refused(f"the value of {where} cannot be a segment of a path")
        return encode(value)


def _refused(why: str) -> Problem:
    return Problem(MALFORMED_REQUEST, f"{why[0].upper()}{why[1:]}.")
