"""What is written into the audit log, and when: the intent first, then the deed, then its outcome.

Where the intent cannot be written nothing is done. Where the outcome cannot, the deed is done and
answered as it went; the intent stands alone then, which says that the outcome is not known.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from admin.endpoint import Asked, Endpoint
from contract.audit import Phase, Record
from contract.nesting import is_too_deep
from contract.problems import AUDIT_UNAVAILABLE, Problem
from messages import Exchange
from ports import AuditLog, Unavailable

_TIMEOUT: Final = 2.0
"""Seconds for each entry."""
_RETRY_AFTER: Final = "5"
_TEXT: Final = 300
_VALUE: Final = 200
_READ: Final = 16 * 1024
"""Bytes up to which a body is read for its parameters."""


class Trail:
    """Writes entries. `log` is None where none is bound: then no action is possible."""

    def __init__(self, log: AuditLog | None) -> None:
        self._log = log

    async def intend(self, endpoint: Endpoint, asked: Asked) -> int:
        """The sequence of the intent. Raises `Problem` where it is not written."""
        record = _record(
            Phase.INTENT, endpoint.name, asked.exchange, parameters=_noted(endpoint, asked)
        )
        try:
            if self._log is None:
                raise Unavailable("audit log", reason="there is no binding AUDIT_LOG")
            return await self._log.append(record, timeout=_TIMEOUT)
        except Unavailable as failure:
            asked.exchange.log["audit"] = str(failure)
            raise Problem(AUDIT_UNAVAILABLE, headers={"retry-after": _RETRY_AFTER}) from failure

    async def conclude(
        self, endpoint: Endpoint, asked: Asked, intent: int, status: int, code: str = ""
    ) -> None:
        """Write down how it went. Never raises: what was done cannot be undone by that."""
        result = {name: value[:_VALUE] for name, value in list(asked.result.items())[:10]}
        if code:
            result["problem"] = code
        await self._try(
            asked.exchange,
            _record(
                Phase.OUTCOME,
                endpoint.name,
                asked.exchange,
                intent=intent,
                status=status,
                result=result,
            ),
        )

    async def refuse(self, endpoint: Endpoint | None, exchange: Exchange, problem: Problem) -> None:
        """Write down an attempt that was refused. Never raises."""
        name = endpoint.name if endpoint is not None else ""
        result = {"problem": problem.type.code}
        await self._try(
            exchange,
            _record(Phase.REFUSED, name, exchange, status=problem.type.status, result=result),
        )

    async def _try(self, exchange: Exchange, record: Record) -> None:
        if self._log is None:
            return
        try:
            await self._log.append(record, timeout=_TIMEOUT)
        except Unavailable as failure:
            exchange.log["audit"] = f"{record.phase} of {record.intent}: {failure}"


def _record(phase: Phase, action: str, exchange: Exchange, **more: Any) -> Record:
    request, principal = exchange.request, exchange.principal
    return Record(
        phase=phase,
        action=action,
        method=request.method[:_TEXT],
        target=request.path[:_TEXT],
        request_id=exchange.request_id,
        address=exchange.client_address[:_TEXT],
        subject=principal.subject[:_TEXT] if principal is not None else "",
        credential_id=principal.credential_id[:_TEXT] if principal is not None else "",
        **more,
    )


def _noted(endpoint: Endpoint, asked: Asked) -> dict[str, str]:
    """The parameters that the endpoint names; nothing else of what was sent is kept."""
    given: dict[str, Any] = dict(asked.query)
    given |= _members(asked.body)
    return {name: _text(given[name]) for name in endpoint.noted if name in given}


def _members(body: bytes) -> Mapping[str, Any]:
    if not body or len(body) > _READ or is_too_deep(body):
        return {}
    try:
        members = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return members if isinstance(members, dict) else {}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text[:_VALUE]
