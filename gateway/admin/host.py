"""The host of operators, as the variable ADMIN_HOST names it."""

import re
from collections.abc import Callable
from typing import Any, Final

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def admin_host(value: Any, complain: Callable[[str], None]) -> str:
    """The host in lower case; empty, which is nowhere, where none is set.

    What is no name of a host, such as a URL or a host with a port, is complained about, and is
    nowhere as well.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, str) and len(value) <= 253 and _NAME.fullmatch(value.lower()):
        return value.lower()
    complain(f"ADMIN_HOST: expected a host such as admin.example.com, found {str(value)[:60]!r}")
    return ""


def name_of(host: str) -> str:
    """The host of a URL without its port, in lower case."""
    return host.partition(":")[0].lower()
