"""What all settings of the table have in common."""

from msgspec import Struct


class Settings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Immutable, by name, and without members that nobody knows."""
