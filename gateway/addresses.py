"""Client addresses, IPv4 and IPv6: sets of networks, and what counts as one client.

Addresses come from CF-Connecting-IP alone, which Cloudflare sets; what a client claims about the
way here (X-Forwarded-For and the like) is dropped before anybody reads it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address


def parsed(text: str) -> Address | None:
    """The address that `text` is; None where it is none.

    IPv4 in IPv6 (RFC 4291, section 2.5.5.2) is IPv4: one client has one address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def counted_as(text: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, in which a
    subscriber has all addresses there are (RFC 6177)."""
    if ":" not in text:
        return text
    address = parsed(text)
    if not isinstance(address, IPv6Address):
        return text if address is None else str(address)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


class Networks:
    """A set of addresses and networks. Looked up once for each length of prefix that occurs."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Raises `ValueError` for what is no network, or has bits behind its prefix."""
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for text in networks:
            network = ip_network(text)
            shift = network.max_prefixlen - network.prefixlen
            known = self._prefixes.setdefault((network.version, shift), set())
            known.add(int(network.network_address) >> shift)

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def __contains__(self, address: Address) -> bool:
        number, version = int(address), address.version
        return any(
            of == version and number >> shift in known
            for (of, shift), known in self._prefixes.items()
        )
