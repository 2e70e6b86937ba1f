"""OWASP A10:2021 Server-Side Request Forgery: nothing in a request says where the gateway goes.

In the list of 2025 it is part of A01; the A10 there, Mishandling of Exceptional Conditions, is what
tests/faults is about. Targets and forwarding fields are sent by test_api07, which also has the
redirects of services; addresses in tables are refused in every notation by
tests/unit/test_hardening.py, in the settings of issuers by tests/unit/test_issuers.py.
"""

import json
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.conftest import Deploy
from tests.consumer import Consumer, bearer, mint
from tests.plan import FOREIGN, FOREIGN_ISSUER, ISSUER, LABS, ORIGIN
from tests.raw_http import send
from tests.signed_tokens import key, token

INSIDE = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"),
    *("[::1]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::]", "0", "0.0.0.0"),  # noqa: S104
    *("localhost", "localhost.", "LOCALHOST", "169.254.169.254", "[fd00:ec2::254]", "2852039166"),
    *("metadata.google.internal", "127.0.0.1.nip.io", "data.internal", "auth.internal", "10.0.0.1"),
]
ENDS = ["/echo/x", "/remote/x", "/aggregated/x", "/mirrored/x", "/transformed/x"]
"""By a binding, by a URL, in parts, to two at once, and by an edited request."""


@pytest.mark.parametrize("path", ENDS)
def test_no_address_in_host_is_gone_to(runtime: LocalRuntime, path: str) -> None:
    """The services of a route are the table's; Host is a name among the client's other words."""
    own = send(runtime.url(LABS[0]), f"GET {path} HTTP/1.1")
    assert own.status == 200
    for address in INSIDE:
        response = send(
            runtime.url(LABS[0]), f"GET {path} HTTP/1.1", f"Host: {address}", host=False
        )
        assert response.status in (200, 400), address
        if response.status == 200:
            assert paths_in(response.body) == paths_in(own.body)


def paths_in(body: bytes) -> set[str]:
    """What the origin says that it was asked for, in one part or in several."""
    document = json.loads(body)
    parts = [document, *(part for part in document.values() if isinstance(part, dict))]
    return {part["path"] for part in parts if "path" in part}


IN_A_VALUE = [
    *("@{}", "{}", "http:%2f%2f{}", "%5c%5c{}", ".{}", ":80@{}", "%23@{}", "%3f@{}", "x;@{}"),
    *("%2f%2f{}%2f", "..%2f..%2f@{}", "%40{}", "x%09@{}", "{}%00.origin.test", "%E3%80%82{}"),
]


@pytest.mark.parametrize("value", IN_A_VALUE)
@pytest.mark.parametrize("route", ["aggregated", "canary", "remote", "redirected", "by-header"])
def test_no_value_in_a_path_becomes_a_host(runtime: LocalRuntime, route: str, value: str) -> None:
    """A value stays in its segment of the path, percent-encoded: it begins no authority."""
    filled = value.format("169.254.169.254")
    response = send(runtime.url(LABS[0]), f"GET /{route}/{filled} HTTP/1.1", "X-Tenant: a")
    if response.status == 200:
        told = json.loads(response.body)
        parts = [told] if "host" in told else [part for part in told.values() if part]
        hosts = {urlsplit(f"//{part['host']}").hostname for part in parts if "host" in part}
        assert hosts <= {"origin.internal", "127.0.0.1"}, hosts
        assert all(part["path"].startswith("/") for part in parts if "path" in part)
    elif response.status == 308:
        assert urlsplit(response.headers["location"]).hostname == "www.example.org"
    else:
        assert response.status in (400, 404)


def test_no_value_in_a_transformed_path_becomes_a_host(lab: Consumer) -> None:
    """The same for paths that a transform writes of claims and the query."""
    for value in ("//169.254.169.254/", "@169.254.169.254", "http://169.254.169.254/", "\\\\x"):
        page = {"page": value}
        response = lab.get("/reshaped/7", params=page, headers=bearer(mint(f"//{value}")))
        assert response.status_code in (200, 400)
        if response.status_code == 200:
            assert response.json()["host"] == "origin.internal"
            assert response.json()["path"].startswith("/for/%2F%2F")


def test_no_token_makes_anybody_fetch_its_keys(
    runtime: LocalRuntime, lab: Consumer, calls: Callable[[str], int]
) -> None:
    """Keys come from where the settings say; `jku`, `x5u` and an unknown `iss` are not gone to."""
    own, now = key("ES256", 9), int(time.time())
    url = runtime.url(ORIGIN)
    claims = {"aud": "public-api", "sub": "x", "iat": now, "nbf": now, "exp": now + 60}
    forged = {
        "/stolen/jku": token(own, {"iss": ISSUER, **claims}, jku=f"{url}/stolen/jku"),
        "/stolen/x5u": token(own, {"iss": ISSUER, **claims}, x5u=f"{url}/stolen/x5u"),
        "/stolen/kid": token(own, {"iss": ISSUER, **claims}, kid=f"{url}/stolen/kid"),
        "/.well-known/openid-configuration": token(own, {"iss": url, **claims}),
        "/stolen/iss": token(own, {"iss": f"{url}/stolen/iss", **claims}),
    }
    for path, credential in forged.items():
        assert lab.get("/protected/x", headers=bearer(credential)).status_code == 401
        assert calls(path) == 0


def test_a_redirect_of_an_issuer_is_not_followed(
    runtime: LocalRuntime, lab: Consumer, deploy: Deploy, calls: Callable[[str], int]
) -> None:
    """Whoever has got hold of an issuer's web server sends us nowhere else."""
    foreign, now = runtime.url(FOREIGN), int(time.time())
    state = {"status": 302, "body": "", "headers": {"location": f"{runtime.url(ORIGIN)}/stolen"}}
    httpx.put(f"{foreign}/-/state", json=state).raise_for_status()
    before = int(httpx.get(f"{foreign}/-/calls").text)
    deploy("promote")  # an isolate that has sought none of its keys yet
    claims = {"iss": FOREIGN_ISSUER, "aud": "public-api", "sub": "x", "iat": now, "exp": now + 60}
    response = lab.get(
        "/protected/x", headers=bearer(token(key("RS256", 8), claims, typ="JWT", kid="moved"))
    )
    assert response.status_code in (401, 503)
    assert int(httpx.get(f"{foreign}/-/calls").text) == before + 1
    assert calls("/stolen") == 0


def test_a_redirect_of_ours_leads_where_the_table_says(lab: Consumer) -> None:
    """No parameter makes an open redirect of a route that redirects."""
    for query in ("url=//evil.test", "next=https://evil.test", "host=evil.test", "@evil.test"):
        for path in ("/redirected/x", "/redirected/" + quote("@evil.test", safe="")):
            response = lab.get(f"{path}?{query}", headers={"x-forwarded-host": "evil.test"})
            assert response.status_code == 308
            assert urlsplit(response.headers["location"]).hostname == "www.example.org"
