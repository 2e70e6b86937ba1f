"""Entries as the tiers hold them, taken apart: the answer to GET, or which variants there are.

Where answers vary, the key of the URI leads to a list of the fields that they vary with, and each
variant has a key of its own. The list has a stamp that goes into those keys: when it is purged, so
are all variants, as the next list has another one.
"""

import codecs
import hashlib
import re
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from msgspec import structs

from caching import vary
from caching.codings import CODING, GZIP, is_undone
from caching.dates import format_date
from caching.stored import Facts, StoredResponse
from contract.cache import FACTS, ORIGIN_CACHE_CONTROL, STATUS, TIER
from contract.names import INTERNAL_PREFIX
from messages import Headers, Response

Variants = list[str]
"""A stamp, then the names of the fields that the answers vary with."""

Known = Facts | Variants
"""What is kept with an entry."""

_LENGTH: Final = "content-length"

_OF_THE_TIERS: Final = frozenset({"age", "cache-control", "cf-cache-status", "date"})
"""What a tier says about its own copy."""

_Values = tuple[tuple[str, str | None], ...]

_decode = msgspec.json.Decoder(Known).decode
_encode = msgspec.json.Encoder().encode
_GZIP: Final = b"\x1f\x8b"
"""How a member begins (RFC 1952, section 2.3.1)."""
_START: Final = 64
_utf8: Final = codecs.getincrementaldecoder("utf-8")
"""One that does not mind a character that is cut in two at the end."""
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


class Mislabelled(Exception):
    """A body is not in the coding that its fields name."""


class Entry(NamedTuple):
    """What is under a key: an answer and its body, or `variants` in place of one."""

    stored: StoredResponse | None
    variants: Variants | None
    response: Response
    """As it came out of the tier, with the body."""
    tier: str = ""


def text_of(known: Known) -> str:
    """`known` as a field's value."""
    return _NOT_ASCII.sub(_escaped, _encode(known).decode())


def read_entry(response: Response) -> Entry | None:
    """The entry that a tier gave as `response`; None where it is none that is understood here."""
    fields: list[tuple[str, str]] = []
    own: dict[str, str] = {}
    for name, value in response.headers:
        if name.startswith(INTERNAL_PREFIX):
            own[name] = value
        elif name not in _OF_THE_TIERS:
            fields.append((name, value))
    if ORIGIN_CACHE_CONTROL in own:
        fields.append(("cache-control", own[ORIGIN_CACHE_CONTROL]))
    try:
        known = _decode(own.get(FACTS, ""))
    except msgspec.DecodeError:
        return None
    if not known:
        return None
    if not isinstance(known, Facts):
        return Entry(None, known, response)
    fields += [(CODING, known.coding)] if known.coding else []
    fields.append(("date", format_date(known.date)))
    status = int(own.get(STATUS) or response.status)
    stored = StoredResponse(status=status, fields=fields, facts=known)
    return Entry(stored, None, response, own.get(TIER, ""))


def as_read(kept: StoredResponse, body: bytes, *, is_coded: bool = False) -> StoredResponse:
    """`kept` with a body that has been read to its end. Unless it is left in its coding
    (`is_coded`) that has undone it: nobody has the bytes that a range or a length would count then.

    Raises `Mislabelled` for bytes that cannot be what their fields say.
    """
    facts, headers = kept.facts, kept.headers
    coding = ", ".join(headers.get_all(CODING))
    if facts.was_coded or (coding and not is_coded and is_undone(headers)):
        headers.remove(CODING, _LENGTH)
        facts = structs.replace(facts, was_coded=True, length=None)
    else:
        _check(body, coding, headers.get(_LENGTH))
        headers.remove(_LENGTH)
        facts = structs.replace(facts, coding=coding, length=len(body))
    return StoredResponse(status=kept.status, fields=list(headers), facts=facts)


def as_bytes(kept: StoredResponse, body: bytes) -> Response:
    """`kept` as tiers are given it: with bytes that mean nothing to them."""
    fields = kept.fields
    if kept.facts.coding:
        fields = [field for field in fields if field[0] != CODING]
    return Response(kept.status, Headers(fields), body)


def _check(body: bytes, coding: str, length: str | None) -> None:
    """Whether `body` is all of it (RFC 9111, section 3.3), and can have that coding: a runtime that
    has decoded it all the same would have changed its length, and how it begins."""
    if length is not None and length.isdigit() and int(length) != len(body):
        told = f"{length} in the coding {coding!r}" if coding else length
        raise Mislabelled(f"the body has {len(body)} bytes, and its fields say {told}")
    is_none = coding == GZIP and not body.startswith(_GZIP)
    if coding and body and (is_none or _is_text(body[:_START])):
        raise Mislabelled(f"the body is not in the coding {coding!r} that its fields name")


def _is_text(start: bytes) -> bool:
    """Whether a body that begins like this is text, which one in a coding hardly ever is."""
    try:
        text = _utf8().decode(start)
    except UnicodeDecodeError:
        return False
    return all(char >= " " or char in "\t\r\n" for char in text)


def variant_of(variants: Variants, request: Headers) -> str:
    """What tells the key of the variant for a request with these fields from all others."""
    stamp, *names = variants
    values = vary.values(names, request)
    if len(values) == 1 and len(values[0][1] or "") <= vary.SHORT:
        return _known_variant(stamp, values)
    return _variant(stamp, values)


@lru_cache(maxsize=512)
def _known_variant(stamp: str, values: _Values) -> str:
    return _variant(stamp, values)


def _variant(stamp: str, values: _Values) -> str:
    return hashlib.sha256(_encode([stamp, dict(values)])).hexdigest()[:32]


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
