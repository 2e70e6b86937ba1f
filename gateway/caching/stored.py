"""A stored response as the rules see it: status, header fields, and what was worked out of them.

Everything that depends on the response alone is worked out once, when it is stored or updated
(`Facts`, one small JSON document), so that a hit has only to compare numbers. Bodies are elsewhere.
"""

from msgspec import Struct

from messages import Headers


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is stored with a response beside its fields. Times are Unix seconds."""

    response_time: float
    """When the response, or the one that validated it, came."""
    initial_age: float = 0.0
    """How old it was then: corrected_initial_age of RFC 9111, section 4.2.3."""
    lifetime: float = 0.0
    """Freshness lifetime (section 4.2.1), from the time it was made."""
    date: float
    """The value of Date: of several responses the latest is used."""
    while_revalidate: float = 0.0
    if_error: float = 0.0
    """Windows after the lifetime in which it may be used stale (RFC 5861)."""
    validate: bool = False
    """no-cache: never used unless the service has just said that it is still good."""
    strict: bool = False
    """must-revalidate, proxy-revalidate or s-maxage: never used stale, whoever allows it."""
    immutable: bool = False
    """RFC 8246."""
    vary: tuple[tuple[str, str | None], ...] = ()
    """Fields that the response varies with, and their normal values in the request; None where it
    had none."""
    coding: str = ""
    """Content-Encoding of the bytes that are stored. No tier is told: the Cache API would decode
    them."""
    was_coded: bool = False
    """Whether it came with a content coding, which is gone: a strong entity tag of the coded bytes
    is a weak one of these."""
    length: int | None = None
    """Bytes of the body, where that is known."""
    targeted: tuple[tuple[str, str], ...] = ()
    """The targeted fields, which no client is shown."""
    known: float = 0.0
    """What was known of the change feed when it was asked for: see `caching.purges`."""
    tags: tuple[str, ...] = ()


class StoredResponse(Struct, frozen=True, kw_only=True):
    """An answer to GET, as it is kept."""

    status: int
    fields: list[tuple[str, str]]
    facts: Facts

    @property
    def headers(self) -> Headers:
        return Headers(self.fields)


def current_age(facts: Facts, now: float) -> float:
    """RFC 9111, section 4.2.3. A clock that goes back makes nothing younger than it came."""
    return facts.initial_age + max(0.0, now - facts.response_time)
