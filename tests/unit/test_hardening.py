"""What is refused before anything is made of a request, and what is not."""

from typing import Any

import pytest

from contract.problems import Problem
from hardening import Hardening
from messages import Headers, Request
from routing.check import check_local, check_table
from routing.table import RequestLimits
from tests.unit.tables import route, table

Fields = list[tuple[str, str]]

HARMLESS: list[Fields] = [
    [],
    [("host", "api.example.com")],
    [("host", "API.example.com.:8443")],
    [("host", "[2001:db8::1]:80")],
    [("host", "localhost")],
    [("x-a", "tab\there, caf\xe9")],
    [("content-length", "0")],
    [("transfer-encoding", "chunked")],
    [("authorization", "Bearer abc.def-_~+/=")],
    # Credentials that have commas of their own.
    [("authorization", 'Digest username="a", realm="b"')],
    [("authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")],
    [("x-a", "1")] * 100,
    [("x-a", "1" * 32 * 1024)],
]
REFUSED: list[tuple[Fields, str]] = [
    ([("host", "a.test, b.test")], "malformed-request"),
    ([("host", "user@a.test")], "malformed-request"),
    ([("host", "a b")], "malformed-request"),
    ([("host", "a.test/path")], "malformed-request"),
    ([("host", "")], "malformed-request"),
    ([("x-a", "a\x01b")], "malformed-request"),
    ([("x-a", "a\r\nx-b: 1")], "malformed-request"),
    ([("x-a", "\x7f")], "malformed-request"),
    ([("content-length", "1, 1")], "malformed-request"),
    ([("content-length", "+1")], "malformed-request"),
    ([("content-length", "\xb2")], "malformed-request"),
    ([("content-length", "1"), ("transfer-encoding", "chunked")], "malformed-request"),
    ([("authorization", "Bearer a, Bearer b")], "malformed-request"),
    ([("authorization", "Bearer a,b")], "malformed-request"),
    ([("authorization", "basic a, Digest b")], "malformed-request"),
    ([("authorization", "Digest a, Bearer b")], "malformed-request"),
    ([("x-a", "1")] * 101, "fields-too-large"),
    ([("x-a", "1" * 16 * 1024), ("x-b", "1" * 16 * 1024 + "1")], "fields-too-large"),
]


def check(fields: Fields, path: str = "/", query: str = "") -> None:
    Hardening(RequestLimits()).check(Request("GET", path, query, Headers(fields)), dict(fields))


@pytest.mark.parametrize("fields", HARMLESS)
def test_honest_requests_pass(fields: Fields) -> None:
    check(fields, "/" + "a" * 4000, "a" * 4000)


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_others_do_not(fields: Fields, code: str) -> None:
    with pytest.raises(Problem) as refused:
        check(fields)
    assert refused.value.type.code == code


def test_a_long_target_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        check([], "/" + "a" * 4000, "a" * 5000)
    assert refused.value.type.code == "target-too-long"


def findings(url: str, environment: str | None = "dev", **members: Any) -> list[str]:
    one = table(route(), services={"data": {"url": url, **members}})
    return [found.message for found in (*check_table(one), *check_local(one, environment))]


LITERALS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1"),
    *("127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "a.example.0x7f", "0x"),
]
NO_HOSTS = [
    *("user@example.com", "example.com:80@127.0.0.1", "%31%32%37.1", "ex\u00e4mple.com"),
    *("\uff11\uff12\uff17.1", "example.com\\@a", "[::1"),
]
LOCAL = ["localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata.google.internal"]


@pytest.mark.parametrize("host", LITERALS)
def test_addresses_in_every_notation(host: str) -> None:
    (found,) = findings(f"http://{host}/x")
    assert "is an IP address" in found
    assert findings(f"http://{host}:8080", allow_ip=True) == []


@pytest.mark.parametrize("host", NO_HOSTS)
def test_hosts_that_not_everybody_reads_alike(host: str) -> None:
    assert findings(f"https://{host}/x", allow_ip=True)


@pytest.mark.parametrize("host", LOCAL)
def test_the_machine_itself_is_for_development(host: str) -> None:
    assert findings(f"http://{host}:1/x") == []
    for environment in (None, "production", "devel"):
        (found,) = findings(f"http://{host}:1/x", environment)
        assert "is for development" in found


@pytest.mark.parametrize("host", ["example.com", "a1.example.com:8443", "1.example.com", "0xa.io"])
def test_hosts(host: str) -> None:
    assert findings(f"https://{host}/a/b", None) == []
