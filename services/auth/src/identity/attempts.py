"""How often somebody has tried to log in: counted per account and per address, in the database.

Counted before the password is looked at, so that no number of requests at once gets past it. What
it costs: whoever knows a name can keep its owner from logging in for a quarter of an hour at a
time; sessions that are there already go on.
"""

import hashlib
import ipaddress
from typing import Final

from contract.database import Database, Statement

WINDOW: Final = 900
"""Seconds, from the first attempt that counts."""

PER_ACCOUNT: Final = 10
PER_ADDRESS: Final = 50
"""Attempts in a window. Many people may share an address."""

_COUNT: Final = (
    "INSERT INTO login_attempts (key, since, count) VALUES (?, ?, 1)"
    " ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count, since"
)
_FORGET: Final = "DELETE FROM login_attempts WHERE key = ?"
_CLEAN: Final = "DELETE FROM login_attempts WHERE since <= ?"


class Attempts:
    """Counts and judges. Methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, account: str, address: str, now: int) -> int:
        """Count one more: 0 where it may go on, else the seconds until it may."""
        # What lies outside the window goes first, so that what is counted lies within it.
        _, by_account, by_address = self._database.batch(
            Statement(_CLEAN, (now - WINDOW,)),
            Statement(_COUNT, (_key("account", account), now)),
            Statement(_COUNT, (_key("address", network(address)), now)),
        )
        waits = [
            row["since"] + WINDOW - now
            for (row,), most in ((by_account, PER_ACCOUNT), (by_address, PER_ADDRESS))
            if row["count"] > most
        ]
        return max(waits, default=0)

    def forget(self, account: str) -> None:
        """The account's owner has come in: what others have tried counts no more."""
        self._database.query(_FORGET, _key("account", account))


def network(address: str) -> str:
    """What counts as one address: all of an IPv4 address, the first 64 bits of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def _key(kind: str, name: str) -> str:
    """A digest: names that were tried, mistyped passwords among them, are stored nowhere."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()
