"""Whose requests are counted together: the part of an object's name that stands for the caller.

What may name a person goes in as a digest. A caller without the value that is asked for counts as
itself: by its subject where it is verified, else by its address.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_network

from addresses import counted_as, parsed
from contract.auth import CredentialKind
from messages import Exchange

_Part = Callable[[Exchange], str]
_IPV4_NETWORK = 24
_IPV6_NETWORK = 48
"""Bits of what one customer of a network usually has, at the most (RFC 6177)."""


def key_by(by: str | Sequence[str]) -> Callable[[Exchange], str]:
    """What tells callers apart, for one of the words of `by` or for several together."""
    if by == "route":
        return _everybody
    parts = [_part(word) for word in ([by] if isinstance(by, str) else by)]
    if len(parts) == 1:
        only = parts[0]
        return lambda exchange: _digest(only(exchange))
    # As a list in JSON, so that no value can pass for the end of another one.
    return lambda exchange: _digest(json.dumps([part(exchange) for part in parts]))


def _everybody(_exchange: Exchange) -> str:
    return "route"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _part(word: str) -> _Part:
    kind, _, name = word.partition(":")
    match kind:
        case "address":
            return lambda exchange: counted_as(exchange.client_address)
        case "network":
            return lambda exchange: network_of(exchange.client_address)
        case "subject":
            return caller
        case "api_key":
            return _api_key
        case "claim":
            return lambda exchange: _claim(exchange, name)
        case "header":
            field = name.lower()
            return lambda exchange: _header(exchange, field)
    raise ValueError(f"nobody is counted by {word}: the table was not checked")


def caller(exchange: Exchange) -> str:
    """The verified caller. Without one the address is the best name there is."""
    principal = exchange.principal
    return f"sub:{principal.subject}" if principal else counted_as(exchange.client_address)


def network_of(text: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one."""
    address = parsed(text)
    if address is None:
        return text
    bits = _IPV6_NETWORK if isinstance(address, IPv6Address) else _IPV4_NETWORK
    return str(ip_network((address, bits), strict=False))


def _api_key(exchange: Exchange) -> str:
    principal = exchange.principal
    if principal is None or principal.kind is not CredentialKind.API_KEY:
        return caller(exchange)
    return f"key:{principal.credential_id}" if principal.credential_id else caller(exchange)


def _claim(exchange: Exchange, name: str) -> str:
    value = exchange.principal.claims.get(name) if exchange.principal is not None else None
    if isinstance(value, str | int) and value != "":
        return f"claim:{name}={json.dumps(value)}"
    return caller(exchange)


def _header(exchange: Exchange, field: str) -> str:
    value = exchange.came.get(field)
    return f"header:{field}={value}" if value else caller(exchange)
