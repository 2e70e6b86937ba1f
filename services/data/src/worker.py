"""The data Worker's entry: HTTP for the records, and `ping` by RPC.

A class and not a module-level handler, because only a class answers RPC.
"""

import os
import time
from typing import Any

from workers import WorkerEntrypoint

from contract.database import DatabaseUnavailable
from contract.edge import D1Database, callers_of, raw, serve
from roadmaps.api import Api

_BODY_LIMIT = 65_536

_database: D1Database | None = None
_api: Api | None = None


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """What the binding DATA of other Workers reaches."""

    def fetch(self, request: Any) -> Any:
        global _api  # noqa: PLW0603  (made once for the isolate)
        if _api is None:
            _api = Api(_open_database(self.env), clock=time.time, entropy=os.urandom)
        callers = callers_of(self.env)
        return serve(_api.handle, raw(request), body_limit=_BODY_LIMIT, callers=callers)

    def ping(self) -> str:
        """Answer "ok" if the database does and callers can be verified."""
        try:
            _open_database(self.env).query("SELECT 1")
        except DatabaseUnavailable:
            return "database unavailable"
        return callers_of(self.env).trouble or "ok"


def _open_database(env: Any) -> D1Database:
    global _database  # noqa: PLW0603  (made once for the isolate)
    if _database is None:
        _database = D1Database(raw(env).DB)
    return _database
