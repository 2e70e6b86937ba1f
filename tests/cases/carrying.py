"""Carries one request through a chain of transforms, from plain values to plain values.

Runs under CPython and, as a module of the Worker `core`, in workerd: only the core is imported.
"""

from collections.abc import Coroutine
from typing import Any

import msgspec

from contract.auth import Principal
from contract.problems import Problem
from messages import Exchange, Headers, Request, Response
from policies.transform import Transform
from transforms.entity_tags import mark_of
from transforms.settings import TransformSettings

MARK = "~mark"


def carry(chain: list[Any], request: dict[str, Any], answer: dict[str, Any], limit: int) -> Any:
    """What the service was sent and the client received, or the code of the problem.

    `request`: method, query, headers (pairs), body (a text), parameters, principal. `answer`:
    status, headers, body. All optional. In fields `~mark` stands for the mark of the chain's tags.
    """
    settings = msgspec.convert(chain, list[TransformSettings])
    transform = Transform(settings, limit)
    mark = mark_of(settings)
    exchange = Exchange(
        Request(
            request.get("method", "POST"),
            "/things",
            request.get("query", ""),
            _headers(request, mark),
            _body(request),
        ),
        request_id="request-1",
        client_address="192.0.2.1",
        now=0.0,
        defer=_refuse,
    )
    exchange.parameters = request.get("parameters", {})
    if "principal" in request:
        exchange.principal = msgspec.convert(request["principal"], Principal)
    sent: dict[str, Any] = {}

    async def service(exchange: Exchange) -> Response:
        sent["path"] = exchange.upstream_path
        sent["query"] = exchange.request.query
        sent["headers"] = list(exchange.request.headers)
        sent["body"] = _text(exchange.request.body)
        return Response(answer.get("status", 200), _headers(answer), _body(answer))

    try:
        response = _run(transform(exchange, service))
    except Problem as problem:
        return {"problem": problem.type.code}
    received = {
        "status": response.status,
        "headers": [(name, value.replace(mark, MARK)) for name, value in response.headers],
        "body": _text(response.body),
    }
    return {"sent": sent, "received": received}


def _headers(message: dict[str, Any], mark: str = MARK) -> Headers:
    fields = [(name, value.replace(MARK, mark)) for name, value in message.get("headers", [])]
    if "body" in message and all(name != "content-type" for name, _ in fields):
        fields.append(("content-type", "application/json"))
    return Headers(fields)


def _body(message: dict[str, Any]) -> bytes | None:
    body: str | None = message.get("body")
    return None if body is None else body.encode()


def _text(body: Any) -> str | None:
    return None if body is None else body.decode()


def _refuse(_work: Coroutine[Any, Any, None]) -> None:
    raise AssertionError("a transform leaves nothing for later")


def _run(coroutine: Coroutine[Any, Any, Response]) -> Response:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        response: Response = finished.value
        return response
    raise AssertionError("a transform waited for something")
