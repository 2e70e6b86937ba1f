"""Where a route takes an API key from, besides the Authorization field: a field, a parameter.

Used by `authenticate.py`. The key is taken out of the request, so that no service sees it.
"""

import re
from typing import Final
from urllib.parse import unquote_plus

from contract.auth import API_KEY_PREFIX
from contract.problems import INVALID_CREDENTIALS, MALFORMED_REQUEST, Problem
from messages import Request

_KEY: Final = re.compile(rf"{API_KEY_PREFIX}[A-Za-z0-9_-]{{1,197}}")


class KeyPlaces:
    """A header field, a query parameter, or both; one of them may hold a key."""

    def __init__(self, header: str | None, query: str | None) -> None:
        self._header = header.lower() if header is not None else None
        self._query = query

    def take(self, request: Request) -> str | None:
        """The key in `request`, which loses it; None where there is none.

        Raises a `Problem` for more than one, and for what has not the form of an API key: a token
        is never taken from here.
        """
        found: list[str] = []
        if self._header is not None:
            found += request.headers.get_all(self._header)
            request.headers.remove(self._header)
        if self._query is not None and request.query:
            kept = []
            for part in request.query.split("&"):
                name, _, value = part.partition("=")
                if unquote_plus(name) == self._query:
                    found.append(unquote_plus(value))
                else:
                    kept.append(part)
            request.query = "&".join(kept)
        if not found:
            return None
        # workerd joins repeated fields with a comma, which no key contains.
        if len(found) > 1 or "," in found[0]:
            raise Problem(MALFORMED_REQUEST, "There is more than one API key.")
        if not _KEY.fullmatch(found[0]):
            raise Problem(
                INVALID_CREDENTIALS,
                "The API key is not valid.",
                headers={"www-authenticate": 'Bearer error="invalid_token"'},
            )
        return found[0]
