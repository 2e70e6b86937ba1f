"""`/-/audit`: what operators did."""

from typing import Final

from admin.endpoint import Asked, Endpoint, answer, number
from contract.audit import MAX_LISTED, EntriesRequest
from contract.operators import AUDIT
from contract.problems import MALFORMED_REQUEST, Problem
from messages import Response
from ports import AuditLog, Unavailable

_TIMEOUT: Final = 5.0
_USUAL: Final = 50
_DIGITS: Final = 15


class AuditEndpoints:
    """Shows the log. `log` is None where none is bound."""

    def __init__(self, log: AuditLog | None) -> None:
        self._log = log

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The only one: nobody can change the log."""
        return (Endpoint("audit.read", "GET", "audit", AUDIT, self._read),)

    async def _read(self, asked: Asked) -> Response:
        """The latest entries; with `after`, those that follow it, the oldest first."""
        after = asked.query.get("after")
        limit = _number("limit", asked.query.get("limit", str(_USUAL)), 1, MAX_LISTED)
        request = EntriesRequest(
            after=None if after is None else _number("after", after, 0, 10**_DIGITS), limit=limit
        )
        if self._log is None:
            raise Unavailable("audit log", reason="there is no binding AUDIT_LOG")
        return answer(await self._log.entries(request, timeout=_TIMEOUT))


def _number(name: str, text: str, least: int, most: int) -> int:
    found = number(text, least, most)
    if found is None:
        raise Problem(MALFORMED_REQUEST, f"`{name}`: expected a number from {least} to {most}.")
    return found
