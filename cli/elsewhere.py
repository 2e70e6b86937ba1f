"""Where a member belongs that stands at the wrong place of a table: a breaker at a route, retries
at a service."""

from typing import Final

import msgspec
from msgspec.structs import fields

from cli.wording import did_you_mean
from cli.yaml_source import ValuePath
from routing.table import RouteSettings, ServiceSettings

_OTHER: Final[dict[str, tuple[str, type[msgspec.Struct]]]] = {
    "routes": ("a service, in `services`,", ServiceSettings),
    "services": ("a route, in `routes`,", RouteSettings),
}


def elsewhere(path: ValuePath) -> str:
    """The end of a message about the unknown member at `path`; empty where the other kind of entry
    has none of that name, or of one like it."""
    if len(path) != 3 or path[0] not in _OTHER:
        return ""
    who, kind = _OTHER[str(path[0])]
    names = [field.encode_name for field in fields(kind)]
    if path[2] in names:
        return f"; {who} has it"
    return did_you_mean(path[2], names).replace("did you mean", f"{who} has").rstrip("?")
