"""Clients of the single Workers, past the gateway."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from runtime.local import LocalRuntime
from tests.plan import CALLER
from tests.publishing import publishing_plan


class Caller:
    """RPC and reaching into stores, through the caller Worker."""

    def __init__(self, runtime: LocalRuntime) -> None:
        self._runtime = runtime
        self._client = httpx.Client(timeout=20)

    def ask(self, operation: str, **arguments: Any) -> str:
        """The result of an operation of tests/workers/caller.mjs. Raises `RpcError`."""
        url = f"{self._runtime.url(CALLER)}/{operation}"
        response = self._client.post(url, json=arguments)
        if response.status_code != 200:
            raise RpcError(response.text)
        return response.text

    def rpc(self, binding: str, method: str, argument: Any = None, **where: str) -> Any:
        """Call `method` with `argument` as JSON text; its result from JSON text."""
        text = msgspec.json.encode(argument).decode()
        result = self.ask("rpc", binding=binding, method=method, argument=text, **where)
        return msgspec.json.decode(result)

    def rpc_without(self, binding: str, method: str, **where: str) -> Any:
        """The same, without an argument."""
        return msgspec.json.decode(self.ask("rpc", binding=binding, method=method, **where))

    def ping(self, binding: str, **where: str) -> str:
        """How the Worker, or the object, says it is."""
        return self.ask("rpc", binding=binding, method="ping", **where)

    def close(self) -> None:
        self._client.close()


class RpcError(Exception):
    """The called Worker threw; the text is what its caller sees."""


@pytest.fixture(scope="session")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """A runtime of the tests of publishing alone, since what they publish is for all."""
    with LocalRuntime(publishing_plan(tmp_path_factory.mktemp("edges"))) as local:
        yield local


@pytest.fixture
def caller(runtime: LocalRuntime) -> Iterator[Caller]:
    calling = Caller(runtime)
    yield calling
    calling.close()
