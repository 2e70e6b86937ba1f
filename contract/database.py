"""What a service's core asks of its database: constant SQL, bound values, rows as mappings.

At the edge this is D1 (`contract.edge`); CPython tests put sqlite3 behind the same protocol and run
the same migrations. Methods are synchronous: at the edge the stack is switched while D1 works.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

Value = str | int | float | None
Row = Mapping[str, Any]


class Statement(NamedTuple):
    """SQL text with a `?` for each of `values`. The text is a constant, never put together."""

    sql: str
    values: tuple[Value, ...] = ()


class DatabaseUnavailable(Exception):
    """The database did not answer or failed; the text is for the log, not for clients."""


class Database(Protocol):
    """A SQL database. Methods raise `DatabaseUnavailable`."""

    def query(self, sql: str, *values: Value) -> list[Row]:
        """The rows that one statement returns; it may write and have a RETURNING clause."""
        ...

    def batch(self, *statements: Statement) -> list[list[Row]]:
        """Run several statements as one transaction in one round trip: the rows of each."""
        ...
