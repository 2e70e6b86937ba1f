"""Route tables for tests: a small one that is right, and ways to change one thing about it."""

from typing import Any

import msgspec

from routing.table import RouteSettings, Table

DEPRECATED = "2026-09-01T00:00:00Z"
SUNSET = "2027-09-01T00:00:00Z"


def route(**members: Any) -> dict[str, Any]:
    """A public route of version 2, with `members` put in its place."""
    usual = {
        "name": "thing",
        "path": "/things/{id}",
        "methods": ["GET"],
        "versions": ["v2"],
        "service": "data",
        "access": "public",
    }
    return {name: value for name, value in (usual | members).items() if value is not None}


def document(*routes: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A table as plain values, as a file would give them."""
    usual: dict[str, Any] = {
        "versions": {
            "default": "v2",
            "supported": {
                "v1": {"deprecated": DEPRECATED, "sunset": SUNSET, "successor": "v2"},
                "v2": {},
            },
        },
        "services": {"data": {"binding": "DATA"}, "auth": {"binding": "AUTH"}},
        "rate_limits": {"few": {"quota": 2, "window": "1m", "by": "address"}},
        "transforms": {
            "old": {
                "request": {"json": [{"op": "rename", "path": "/name", "to": "title"}]},
                "response": {"json": [{"op": "rename", "path": "/title", "to": "name"}]},
            }
        },
        "routes": list(routes) or [route()],
    }
    return usual | members


def table(*routes: dict[str, Any], **members: Any) -> Table:
    """The same as the gateway sees it."""
    return msgspec.convert(document(*routes, **members), Table)


def settings_of(**members: Any) -> RouteSettings:
    """The settings of one route, by `members` alone but for what every route has to say."""
    least = {"name": "thing", "methods": ["GET"], "service": "data", "access": "public"}
    return msgspec.convert(least | members, RouteSettings)
