"""The gateway Worker's entry: hands each request to the border, which is made on the first one.

The handler is a synchronous function of the module and not an entrypoint class: a request then
costs half of what it costs through the class and the asyncio loop. What is imported and decoded
here is part of the snapshot that Cloudflare takes at deploy. A snapshot cannot hold references to
JavaScript objects and fails where there is one; `edge` is full of them, so it is imported by the
first request, and by nothing that is imported here.
"""

from typing import TYPE_CHECKING, Any

import msgspec

import admin.endpoints
import admin.plane  # noqa: F401  (both for the snapshot: with them comes everything but `edge`)
from compiled_routes import TABLE, TABLE_ID
from routing.table import Table
from tables.live import BuiltIn

if TYPE_CHECKING:
    from edge.border import Border

_table = msgspec.json.decode(TABLE, type=Table)
_border: "Border | None" = None


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Cloudflare's entry point for HTTP."""
    global _border  # noqa: PLW0603  (made of the first request's env, kept for the isolate)
    if _border is None:
        from edge.border import Border  # noqa: PLC0415  (see above)

        _border = Border(BuiltIn(_table, TABLE_ID, TABLE), env, getattr(request, "cf", None))
    return _border.handle(request, ctx)


# For each call Pyodide binds the arguments to the signature anew, in Python that costs more than
# the call itself. Where it finds no signature that it can read, it just calls.
on_fetch.__signature__ = ()  # type: ignore[attr-defined]
