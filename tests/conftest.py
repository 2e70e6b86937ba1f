"""One workerd for all tests that need one; it starts with the first of them."""

from collections.abc import Iterator

import pytest

from runtime.local import LocalRuntime
from tests.plan import shared_plan


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """The shared plan, running. A test that kills or reloads it waits until it answers again."""
    with LocalRuntime(shared_plan(tmp_path_factory.mktemp("state"))) as local:
        yield local
