"""Trace context is continued where it is readable, and begun anew where it is not."""

import pytest

from messages import Headers
from tracing import continue_trace

ENTROPY = bytes(range(1, 25)).hex()
SPAN = "0102030405060708"
FRESH = "090a0b0c0d0e0f101112131415161718"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

CONTINUED = [
    # traceparent that was sent, flags that go on
    (f"00-{TRACE}-{PARENT}-01", "01"),
    (f"00-{TRACE}-{PARENT}-00", "00"),
    # A later version is read as far as we know it (section 3.2.4).
    (f"01-{TRACE}-{PARENT}-01", "01"),
    (f"cc-{TRACE}-{PARENT}-01-what-may-come", "01"),
]

BEGUN = [
    None,
    "",
    "00",
    f"00-{TRACE}-{PARENT}",
    f"00-{TRACE}-{PARENT}-01-more",
    f"ff-{TRACE}-{PARENT}-01",
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-01\n",
    f"01-{TRACE}-{PARENT}-01.more",
    f"00-{TRACE}-{PARENT}-01, 00-{TRACE}-{PARENT}-01",
]


@pytest.mark.parametrize(("sent", "flags"), CONTINUED)
def test_a_readable_trace_goes_on(sent: str, flags: str) -> None:
    headers = Headers([("traceparent", sent), ("tracestate", "a=1")])
    assert continue_trace(headers, ENTROPY) == TRACE
    assert dict(headers) == {"traceparent": f"00-{TRACE}-{SPAN}-{flags}", "tracestate": "a=1"}


@pytest.mark.parametrize("sent", BEGUN)
def test_without_one_a_trace_begins_and_the_old_state_ends(sent: str | None) -> None:
    headers = Headers([("tracestate", "a=1")])
    if sent is not None:
        headers.add("traceparent", sent)
    assert continue_trace(headers, ENTROPY) == FRESH
    assert dict(headers) == {"traceparent": f"00-{FRESH}-{SPAN}-01"}
