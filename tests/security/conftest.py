"""What some of the attacks need beside a client: to look into the databases behind everything."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.worker.conftest import Caller, caller

__all__ = ["caller"]

Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def rows(caller: Caller) -> Rows:
    """Runs a statement on D1: `rows("DATA_DB", "SELECT …", value)`."""

    def run(binding: str, sql: str, *values: Any) -> list[dict[str, Any]]:
        found = json.loads(caller.ask("sql", binding=binding, sql=sql, values=list(values)))
        assert isinstance(found, list)
        return found

    return run
