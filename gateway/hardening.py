"""Hardening: what no honest client sends is refused before anything is made of it.

Most malformed HTTP never gets here: docs/security.md says what the runtime refuses by itself. This
is the rest, above all what the runtime hands on joined or unread. Every request pays for it.
"""

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from contract.problems import FIELDS_TOO_LARGE, MALFORMED_REQUEST, TARGET_TOO_LONG, Problem
from messages import Request
from routing.table import RequestLimits
from routing.units import size_in_bytes

_VALUE_OF: Final = itemgetter(1)

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Control characters but for the tab, which a field value may have (RFC 9110, section 5.5)."""

_HOST: Final = re.compile(
    r"([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
)
_ONE_CREDENTIAL: Final = re.compile(r"\s*(bearer|basic)\s|.*,\s*(bearer|basic)\s", re.IGNORECASE)
"""Schemes whose credentials have no comma; with one there are several, joined by the runtime."""


class Hardening:
    """The limits of a table, ready to be held against requests."""

    def __init__(self, limits: RequestLimits) -> None:
        self._fields = limits.fields
        self._field_bytes = size_in_bytes(limits.field_bytes)
        self._target = size_in_bytes(limits.target_bytes)

    def check(self, request: Request, came: Mapping[str, str]) -> None:
        """`came` are the fields of `request` by name.

        Raises `Problem`: target-too-long, fields-too-large, malformed-request.
        """
        if len(request.path) + len(request.query) >= self._target:
            raise Problem(TARGET_TOO_LONG, f"A target has at most {self._target} bytes.")
        headers = request.headers
        if len(headers) > self._fields:
            raise Problem(FIELDS_TOO_LARGE, f"A request has at most {self._fields} header fields.")
        values = "".join(map(_VALUE_OF, headers))
        if len(values) > self._field_bytes:
            raise Problem(
                FIELDS_TOO_LARGE, f"All fields together have at most {self._field_bytes} bytes."
            )
        # What is printable has none, which is known sooner than by looking for them.
        if not values.isprintable() and _CONTROL.search(values):
            raise _malformed("A header field has a control character in it.")
        _check_framing(came)


def _check_framing(headers: Mapping[str, str]) -> None:
    """Fields of which there can be one, and which decide where a request ends or goes."""
    host = headers.get("host")
    if host is not None and _HOST.fullmatch(host) is None:
        raise _malformed("The Host field is no host, or there is more than one.")
    length = headers.get("content-length")
    if length is not None:
        if not (length.isascii() and length.isdigit()):
            raise _malformed("Content-Length is no number, or there is more than one.")
        if "transfer-encoding" in headers:
            raise _malformed("Content-Length and Transfer-Encoding contradict each other.")
    authorization = headers.get("authorization")
    if authorization is not None and "," in authorization and _ONE_CREDENTIAL.match(authorization):
        raise _malformed("There is more than one Authorization field.")


def _malformed(detail: str) -> Problem:
    return Problem(MALFORMED_REQUEST, detail)
