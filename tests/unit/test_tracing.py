"""Trace context is continued where it is readable, and begun anew where it is not."""

import pytest

from policies.dispatch import take_in
from tests.unit.fakes import exchange
from tracing import Trace, continue_trace

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
    expected = Trace(TRACE, f"00-{TRACE}-{SPAN}-{flags}", goes_on=True)
    assert continue_trace(sent, ENTROPY) == expected


@pytest.mark.parametrize("sent", BEGUN)
def test_without_one_a_trace_begins(sent: str | None) -> None:
    expected = Trace(FRESH, f"00-{FRESH}-{SPAN}-01", goes_on=False)
    assert continue_trace(sent, ENTROPY) == expected


@pytest.mark.parametrize(
    ("sent", "parent", "state"),
    [(CONTINUED[0][0], f"00-{TRACE}-{SPAN}-01", "a=1"), ("00", f"00-{FRESH}-{SPAN}-01", None)],
)
def test_the_old_state_goes_on_with_its_own_trace_alone(
    sent: str, parent: str, state: str | None
) -> None:
    asked = exchange(headers={"traceparent": sent, "tracestate": "a=1"})
    asked.trace = continue_trace(sent, ENTROPY)
    take_in(asked)
    headers = asked.request.headers
    assert (headers.get_all("traceparent"), headers.get("tracestate")) == ([parent], state)


def test_no_client_takes_the_trace_away_by_calling_it_hop_by_hop() -> None:
    asked = exchange(headers={"connection": "traceparent, x-request-id"})
    asked.trace = continue_trace(None, ENTROPY)
    take_in(asked)
    assert dict(asked.request.headers) == {
        "x-request-id": "request-1",
        "traceparent": f"00-{FRESH}-{SPAN}-01",
    }
