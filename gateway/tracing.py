"""W3C Trace Context (Level 2): continues the caller's trace, or begins one."""

import re
from typing import Final

from contract.names import TRACEPARENT, TRACESTATE
from messages import Headers

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = "0" * 32
_NO_PARENT: Final = "0" * 16


def continue_trace(headers: Headers, entropy: str) -> str:
    """Set `traceparent` of the request to a span of the gateway's, and return the trace id.

    `entropy` is 48 random hex digits: a span id, and a trace id for when the caller has sent none
    or an unreadable one (section 3.2.2); `tracestate` only goes on with its own trace.
    """
    trace_id, flags = entropy[16:], "01"
    sent = headers.get(TRACEPARENT)
    valid = _TRACEPARENT.fullmatch(sent) if sent is not None else None
    if valid and _is_readable(valid):
        trace_id, flags = valid[2], valid[4]
    else:
        headers.remove(TRACESTATE)
    headers.set(TRACEPARENT, f"00-{trace_id}-{entropy[:16]}-{flags}")
    return trace_id


def _is_readable(sent: re.Match[str]) -> bool:
    version, trace_id, parent_id, _, more = sent.groups()
    if version == "ff" or trace_id == _NO_TRACE or parent_id == _NO_PARENT:
        return False
    return version != "00" or more is None
