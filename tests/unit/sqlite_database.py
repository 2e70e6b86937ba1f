"""`contract.database` over SQLite in memory, with a service's own migrations.

Real SQLite, as in D1; it counts round trips and queries, and can be told to be down.
"""

import sqlite3
from pathlib import Path

from contract.database import DatabaseUnavailable, Row, Statement, Value

ROOT = Path(__file__).parents[2]


class SqliteDatabase:
    """One database, with foreign keys enforced as D1 does."""

    def __init__(self, migrations: str) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA foreign_keys = ON")
        for migration in sorted((ROOT / migrations).glob("*.sql")):
            self._connection.executescript(migration.read_text())
        self.queries = 0
        self.round_trips = 0
        self.is_down = False

    def query(self, sql: str, *values: Value) -> list[Row]:
        (rows,) = self.batch(Statement(sql, values))
        return rows

    def batch(self, *statements: Statement) -> list[list[Row]]:
        if self.is_down:
            raise DatabaseUnavailable("D1_ERROR: told to be down")
        self.round_trips += 1
        self.queries += len(statements)
        self._connection.execute("BEGIN")
        try:
            rows = [self._rows(statement) for statement in statements]
        except sqlite3.Error:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return rows

    def _rows(self, statement: Statement) -> list[Row]:
        return [dict(row) for row in self._connection.execute(statement.sql, statement.values)]
