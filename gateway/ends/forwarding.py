"""What a service is told of the way here: Via, Forwarded and X-Forwarded-*, from what we know.

The client's address is the one that Cloudflare's edge vouches for, host and scheme are those of the
request. What came in under these names is dropped (`policies.dispatch`), but for Via (RFC 9110,
section 7.6.3), which every intermediary continues: our own name in it too often is a loop.
"""

import re
from typing import Final

from contract.problems import LOOP_DETECTED, Problem
from messages import Exchange

PSEUDONYM: Final = "edge-gateway"
"""Our name in Via, the same for every gateway of this kind."""

MAX_PASSES: Final = 3
"""How often a request may have come through one; a gateway before another is no loop yet."""

_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_UNQUOTABLE: Final = re.compile(r'[^\x20-\x7e]|["\\]')


def refuse_loop(via: str) -> None:
    """Raises `Problem` (loop-detected) where `via`, the field as it came, names us too often."""
    passes = sum(1 for entry in via.split(",") if entry.split()[1:2] == [PSEUDONYM])
    if passes > MAX_PASSES:
        raise Problem(LOOP_DETECTED, f"The request has come through this gateway {passes} times.")


def forwarded_fields(exchange: Exchange) -> list[tuple[str, str]]:
    """The fields for the service; none of these names may be among the request's own yet."""
    request = exchange.request
    host, scheme = request.host, request.scheme
    fields = [("x-forwarded-proto", scheme)]
    address, element = exchange.client_address, "unknown"
    if _ADDRESS.fullmatch(address):
        fields.append(("x-forwarded-for", address))
        # RFC 7239, section 6: an address with colons is in brackets and in quotes.
        element = f'"[{address}]"' if ":" in address else address
    forwarded = f"for={element};proto={scheme}"
    if host and not _UNQUOTABLE.search(host):
        fields.append(("x-forwarded-host", host))
        forwarded += f";host={host}" if _TOKEN.fullmatch(host) else f';host="{host}"'
    fields.append(("forwarded", forwarded))
    fields.append(("via", f"1.1 {PSEUDONYM}" if exchange.via is None else continued(exchange.via)))
    return fields


def continued(via: str) -> str:
    """`via` with us behind whoever is in it."""
    return f"{via}, 1.1 {PSEUDONYM}"
