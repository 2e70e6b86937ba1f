"""W3C Trace Context (Level 2): continues the caller's trace, or begins one."""

import re
from typing import Final, NamedTuple

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE: Final = "0" * 32
_NO_PARENT: Final = "0" * 16


class Trace(NamedTuple):
    """The trace of a request."""

    id: str
    parent: str
    """The `traceparent` for the service: a span of the gateway's."""
    goes_on: bool
    """Whether it is the caller's, whose `tracestate` only goes on with it (section 3.2.2)."""


def continue_trace(sent: str | None, entropy: str) -> Trace:
    """The trace that `sent` names, the caller's `traceparent`; else a new one.

    `entropy` is 48 random hex digits: a span id, and a trace id for when the caller has sent none
    or an unreadable one.
    """
    if sent is not None:
        valid = _TRACEPARENT.fullmatch(sent)
        if valid is not None and _is_readable(valid):
            return Trace(valid[2], f"00-{valid[2]}-{entropy[:16]}-{valid[4]}", True)
    return Trace(entropy[16:], f"00-{entropy[16:]}-{entropy[:16]}-01", False)


def _is_readable(sent: re.Match[str]) -> bool:
    version, trace_id, parent_id, _, more = sent.groups()
    if version == "ff" or trace_id == _NO_TRACE or parent_id == _NO_PARENT:
        return False
    return version != "00" or more is None
