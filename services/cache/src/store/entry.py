"""A stored response without its body: what may be stored, in which form, and for how long.

Plain Python. The form is the one that `contract.cache` describes.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import Final

import msgspec

from contract.cache import (
    EDGE,
    FACTS,
    GLOBAL,
    ORIGIN,
    ORIGIN_CACHE_CONTROL,
    STATUS,
    STORED_AT,
    TIER,
    TTL,
)
from contract.names import INTERNAL_PREFIX

MAX_KV_BODY: Final = 1024 * 1024
"""Bytes. What is larger stays in the Cache API alone."""

MIN_KV_TTL: Final = 60
"""Seconds: KV expires nothing sooner. Freshness is judged by the entry itself."""

Fields = list[tuple[str, str]]

_NOT_STORED: Final = frozenset(
    {
        "age",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        # Targeted fields (RFC 9213) would overrule the lifetime that the entry is stored with.
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
    }
)
_NEVER_STORED: Final = frozenset({206, 304})

_decode_number = msgspec.json.Decoder(float).decode
_encode = msgspec.json.Encoder().encode


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Status, header fields as the service sent them, and how long it is kept, in Unix seconds."""

    status: int
    fields: Fields
    stored_at: float
    ttl: float
    facts: str = ""
    """What the gateway has to know of it."""

    def kept_for(self, now: float) -> float:
        """Seconds for which the entry is still kept; 0 or less when its time is over."""
        return self.stored_at + self.ttl - now

    def stored_fields(self, tier: str, now: float) -> Fields:
        """The header fields of the stored form, for the rest of its time."""
        fields = [
            (ORIGIN_CACHE_CONTROL if name == "cache-control" else name, value)
            for name, value in self.fields
        ]
        max_age = max(0, math.ceil(self.kept_for(now)))
        return [
            *fields,
            ("cache-control", f"public, max-age={max_age}"),
            (STATUS, str(self.status)),
            (STORED_AT, f"{self.stored_at:.3f}"),
            (TTL, f"{self.ttl:g}"),
            *([(FACTS, self.facts)] if self.facts else []),
            (TIER, tier),
        ]


def entry_of(sent: Iterable[tuple[str, str]]) -> Entry | None:
    """The entry that a PUT with these fields describes; None where it must not be stored.

    Raises `ValueError` with a sentence for fields that the gateway would not send.
    """
    fields = list(sent)
    control = {name: value for name, value in fields if name.startswith(INTERNAL_PREFIX)}
    status = int(_number(control, STATUS))
    entry = Entry(
        status=status,
        fields=[
            (name, value)
            for name, value in fields
            if name not in _NOT_STORED and not name.startswith(INTERNAL_PREFIX)
        ],
        stored_at=_number(control, STORED_AT),
        ttl=_number(control, TTL),
        facts=control.get(FACTS, ""),
    )
    if not 200 <= status <= 599:
        raise ValueError(f"{STATUS} is not a final status code")
    # Callers decide what may be stored; these would be wrong whoever asks.
    varies = any(name == "vary" and "*" in value for name, value in fields)
    is_personal = any(name == "set-cookie" for name, _ in fields)
    if entry.ttl <= 0 or status in _NEVER_STORED or varies or is_personal:
        return None
    return entry


def tiers_of(named: str | None) -> frozenset[str]:
    """The tiers that the field `TIERS` names; both where it is missing."""
    if named is None:
        return frozenset((EDGE, GLOBAL))
    return frozenset(name.strip() for name in named.split(","))


def is_complete(fields: Iterable[tuple[str, str]], size: int) -> bool:
    """Whether a PUT says that its body has `size` bytes. One that says nothing may be a part."""
    length = dict(fields).get("content-length", "")
    return length.isdigit() and int(length) == size


def kv_key(url: str) -> str:
    """The key in KV of the entry under `url`: keys there are short, URLs are not."""
    return f"entry:{hashlib.sha256(url.encode()).hexdigest()}"


def key_url(path: str, query: str) -> str:
    """The URL that is the key, whatever host a request for it names."""
    return f"{ORIGIN}{path[1:]}{'?' if query else ''}{query}"


def envelope_head(entry: Entry) -> bytes:
    """What stands before the body in KV: the entry as one line of JSON."""
    return _encode(entry) + b"\n"


def _number(control: dict[str, str], name: str) -> float:
    try:
        return _decode_number(control.get(name, ""))
    except msgspec.DecodeError:
        raise ValueError(f"{name} is not a number") from None
