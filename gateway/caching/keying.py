"""What tells the answers of one route apart beside host, version, route and path: parameters of the
query, header fields, something of the verified caller.

A service is sent what is in the key, and of the query nothing else: what nobody keys cannot be used
to put one answer in the place of another.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from caching.request import CacheRequest
from caching.tags import CLAIMS
from caching.vary import normal
from contract.auth import Principal
from messages import Headers, Request

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_DIGITS: Final = 32


class Keying(Struct, frozen=True, kw_only=True):
    """The parts of a key that a route chooses."""

    query: frozenset[str] | None = None
    """Names of the parameters that count, decoded; None for all."""
    headers: tuple[str, ...] = ()
    """Names in lower case."""
    claim: str | None = None
    """One of `caching.tags.CLAIMS`: its holders have entries of their own."""

    def canonical(self, query: str) -> str:
        """`query` as it is in the key, and as the service gets it: the parameters that count, by
        their names, each as it was written. Several of one name stay in their order."""
        if not query or (self.query is not None and not self.query):
            return ""
        named = [(_name(part), part) for part in query.split("&") if part]
        if self.query is not None:
            named = [one for one in named if one[0] in self.query]
        named.sort(key=lambda one: one[0])
        return "&".join([part for _, part in named])

    def asked(self, request: Request, principal: Principal | None) -> CacheRequest:
        """What `request` asks of a cache.

        Whose credential was verified is known by it, though it is gone (RFC 9111, section 3.5).
        With a claim in the key the answer is for those alone who share it.
        """
        asked = CacheRequest(request.method, request.headers)
        if principal is not None and self.claim is None:
            asked.read.setdefault("authorization", "")
        return asked

    def suffix(self, headers: Headers, principal: Principal | None) -> str | None:
        """What stands in the key for fields and caller; None where the caller cannot be told from
        others, so that nothing may be kept."""
        if not self.headers and self.claim is None:
            return ""
        parts: list[Any] = [[normal(name, headers.get_all(name)) for name in self.headers]]
        if self.claim is not None:
            who = _who(self.claim, principal)
            if who is None:
                return None
            parts.append(who)
        return f"~{hashlib.sha256(_encode(parts)).hexdigest()[:_DIGITS]}"


EVERYTHING: Final = Keying()
"""The whole query, and nothing else."""


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _who(claim: str, principal: Principal | None) -> Sequence[Any] | None:
    """Whose answers these are. What a caller may do is in it as well: another one with the same
    claim may see less."""
    value = CLAIMS[claim](principal) if principal is not None else ""
    if principal is None or not value:
        return None
    may = [sorted(principal.scopes), sorted(principal.roles)]
    if claim == "sub":
        return [claim, value, principal.kind, principal.claims, *may]
    return [claim, value, *may]
