"""Counts POSTs in D1 and in a Durable Object; GET tells both counts."""

from typing import Any

from workers import DurableObject, Response, WorkerEntrypoint


class Counter(DurableObject):
    """One number in SQLite storage."""

    def add(self, step: int) -> int:
        """Add `step` and return the sum."""
        sql = self.ctx.storage.sql
        sql.exec("CREATE TABLE IF NOT EXISTS count (n INTEGER NOT NULL)")
        sql.exec("INSERT INTO count (n) VALUES (?)", step)
        return int(sql.exec("SELECT sum(n) AS n FROM count").one().n)


class Default(WorkerEntrypoint):
    """The Worker's entry."""

    async def fetch(self, request: Any) -> Response:
        """`D1/object`, after counting a POST."""
        step = 1 if request.method == "POST" else 0
        await self.env.DB.prepare("UPDATE count SET n = n + ?").bind(step).run()
        row = await self.env.DB.prepare("SELECT n FROM count").first()
        counter = self.env.COUNTER.get(self.env.COUNTER.idFromName("one"))
        return Response(f"{row.n}/{await counter.add(step)}")
