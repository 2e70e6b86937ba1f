"""How much a difference between two tables matters to those who call the API."""

from enum import IntEnum

from msgspec import Struct


class Severity(IntEnum):
    """In order of weight."""

    COMPATIBLE = 1
    """Whatever worked goes on working."""
    RISKY = 2
    """It depends on what the clients do, or on the service."""
    BREAKING = 3
    """Some requests that were answered are refused, or answered otherwise."""

    @property
    def word(self) -> str:
        """As it is printed."""
        return self.name.lower()


class Change(Struct):
    """One difference between two tables: what it is about, and what it means to clients."""

    kind: str
    """`version`, `service`, `limit`, `paths` or `route`."""
    name: str
    versions: tuple[str, ...]
    """Versions in which a route is changed; `-` stands for those without one."""
    what: str
    """`added`, `removed`, or the member that changed."""
    before: str
    after: str
    severity: str
    reason: str
