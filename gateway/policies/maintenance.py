"""Maintenance: answers for a route that the platform team has closed for a while."""

import math
from typing import NoReturn

from contract.problems import MAINTENANCE, Problem
from messages import Exchange
from pipeline import Next


class Maintenance:
    """Refuses everything with 503; `retry_after` in seconds, where somebody knows."""

    def __init__(self, detail: str | None, retry_after: float | None) -> None:
        self._detail = detail
        self._headers = (
            {} if retry_after is None else {"retry-after": str(max(1, math.ceil(retry_after)))}
        )

    async def __call__(self, exchange: Exchange, next: Next) -> NoReturn:
        raise Problem(MAINTENANCE, self._detail, headers=self._headers)
