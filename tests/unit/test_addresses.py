"""Addresses and networks: tables of who is in, and of who counts as one."""

import pytest

from addresses import Networks, counted_as, parsed

NETWORKS = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "2001:db9::1"]
INSIDE = [
    ("192.0.2.0", True),
    ("192.0.2.255", True),
    ("192.0.3.0", False),
    ("198.51.100.7", True),
    ("198.51.100.8", False),
    ("2001:db8:ffff::1", True),
    ("2001:db9::1", True),
    ("2001:db9::2", False),
    ("::ffff:192.0.2.1", True),
    ("::ffff:c000:0201", True),
    ("::192.0.2.1", False),
]
NO_ADDRESSES = [
    *("", "-", "192.0.2", "192.0.2.1/24", "0300.0.2.1", "3221225985", "0xc0000201", "192.0.2.01"),
    *("192.0.2.1, 192.0.2.2", " 192.0.2.1", "[2001:db8::1]", "localhost", "1" * 10_000),
]
COUNTED = [
    ("192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::", "2001:db8:1:2::/64"),
    ("2001:DB8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("-", "-"),
    ("a:b", "a:b"),
]


@pytest.mark.parametrize(("text", "inside"), INSIDE)
def test_who_is_in(text: str, inside: bool) -> None:
    address = parsed(text)
    assert address is not None
    assert (address in Networks(NETWORKS)) is inside


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize(("text", "client"), COUNTED)
def test_who_counts_as_one(text: str, client: str) -> None:
    assert counted_as(text) == client
