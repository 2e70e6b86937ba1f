"""What a service is told of the way here: Via, Forwarded and X-Forwarded-*, from what we know.

The client's address is the one that Cloudflare's edge vouches for, host and scheme are those of the
request. What came in under these names is dropped (`policies.dispatch`), but for Via (RFC 9110,
section 7.6.3), which every intermediary continues: our own name in it too often is a loop.
"""

import re
from functools import lru_cache
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
    via = f"1.1 {PSEUDONYM}" if exchange.via is None else f"{exchange.via}, 1.1 {PSEUDONYM}"
    return [*_known(exchange.client_address, request.scheme, request.host), ("via", via)]


@lru_cache(maxsize=256)
def _known(address: str, scheme: str, host: str) -> tuple[tuple[str, str], ...]:
    """What the edge knows. Clients come back, so that it is put together once for many requests."""
    fields = [("x-forwarded-proto", scheme)]
    element = "unknown"
    if _ADDRESS.fullmatch(address):
        fields.append(("x-forwarded-for", address))
        # RFC 7239, section 6: an address with colons is in brackets and in quotes.
        element = f'"[{address}]"' if ":" in address else address
    forwarded = f"for={element};proto={scheme}"
    if host and not _UNQUOTABLE.search(host):
        fields.append(("x-forwarded-host", host))
        forwarded += f";host={host}" if _TOKEN.fullmatch(host) else f';host="{host}"'
    return (*fields, ("forwarded", forwarded))
