"""How policies become one function: the shape of a policy, and how they are stacked.

A policy gets the exchange and the rest of the pipeline. It may answer at once, change the request,
call on, and change the response. Problems travel as exceptions to the application, which makes the
answer of them; a header field that has to be in the answer in either case is put down in
`Exchange.answer_fields` on the way in.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from contract.problems import MEDIA_TYPE, Problem
from messages import Exchange, Headers, Response

Next = Callable[[Exchange], Awaitable[Response]]
"""The rest of the pipeline, or all of it."""


class Policy(Protocol):
    """One step. Raises `Problem` where the client is to get an error."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response: ...


class NeverSent(Problem):
    """Has the code of a call to a service, but none was made: it says nothing of that service."""


def compose(policies: Sequence[Policy], last: Next) -> Next:
    """One function that runs `policies` in order and ends with `last`."""
    handler = last
    for policy in reversed(policies):
        handler = _bind(policy, handler)
    return handler


def _bind(policy: Policy, next: Next) -> Next:
    def run(exchange: Exchange) -> Awaitable[Response]:
        return policy(exchange, next)

    return run


def problem_response(problem: Problem, exchange: Exchange) -> Response:
    """The RFC 9457 answer for `problem`; its code goes to the log line."""
    exchange.log["problem"] = problem.type.code
    headers = Headers([("content-type", MEDIA_TYPE), ("cache-control", "no-store")])
    for name, value in problem.headers.items():
        headers.set(name, value)
    return Response(problem.type.status, headers, problem.document(exchange.request_id))
