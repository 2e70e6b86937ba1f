"""CORS: a table of origins, of preflights and of answers."""

from typing import Any

import pytest

from application import Application
from messages import Headers, Response
from policies.cors import Origins
from routing.check import check_table
from routing.table import Table
from tests.unit.fakes import FakePlatform, FakeStream, exchange, json_response, run
from tests.unit.tables import route, table

PAGE = "https://app.example.com"
PATTERNS = [PAGE, "https://*.example.org", "http://*.dev.example:8080"]

ORIGINS = [
    (PAGE, True),
    ("https://a.example.org", True),
    ("https://a-1.b.example.org", True),
    ("http://x.dev.example:8080", True),
    ("http://app.example.com", False),
    ("https://app.example.com:8443", False),
    ("https://app.example.com.evil.example", False),
    ("https://evil-app.example.com", False),
    ("https://example.org", False),
    ("https://.example.org", False),
    ("https://..example.org", False),
    ("https://-.example.org", False),
    ("https://evil.example/.example.org", False),
    ("https://evil.example?.example.org", False),
    ("https://evil.example#.example.org", False),
    ("https://user@a.example.org", False),
    ("https://evil.example:1.example.org", False),
    ("https://evilexample.org", False),
    ("https://a.example.org:444", False),
    ("http://a.example.org", False),
    ("https://a.example.org, https://a.example.org", False),
    ("https://a.example.org\n", False),
    ("HTTPS://APP.EXAMPLE.COM", False),
    ("https://" + "a." * 200 + "example.org", False),
    ("null", False),
    ("", False),
    ("*", False),
]


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
def test_which_origins_a_policy_names(origin: str, allowed: bool) -> None:
    assert (origin in Origins(PATTERNS)) is allowed
    assert origin in Origins(["*"])


POLICIES: dict[str, Any] = {
    "pages": {
        "origins": PATTERNS,
        "allowed_headers": ["Authorization", "Content-Type"],
        "exposed_headers": ["RateLimit"],
        "max_age": "1h",
    },
    "cookies": {"origins": [PAGE], "credentials": True},
    "anybody": {"origins": ["*"]},
}


def of(*routes: dict[str, Any], **members: Any) -> Table:
    made = table(*routes, **{"cors": POLICIES} | members)
    assert check_table(made) == []
    return made


def send(asked: Table, method: str, path: str, platform: Any = None, **options: Any) -> Response:
    there = platform or FakePlatform()
    return run(Application(asked, "table-1", there).handle(exchange(method, path, **options)))


def preflight(asked: Table, path: str, origin: str, method: str, **fields: str) -> Response:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-private-network": "true",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return send(asked, "OPTIONS", path, headers=headers)


def cors_of(headers: Headers) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in headers
        if name.startswith("access-control-")
    }


THINGS = of(
    route(methods=["GET", "PUT"], cors="pages"),
    route(name="closed", methods=["DELETE"]),
    route(name="cookies", path="/cookies", methods=["POST"], cors="cookies"),
    route(name="anybody", path="/anybody", access="authenticated", cors="anybody"),
    route(name="none", path="/none"),
)
ALLOWED = {
    "allow-origin": PAGE,
    "allow-methods": "GET, HEAD, PUT",
    "allow-headers": "Authorization, Content-Type",
    "max-age": "3600",
}
PREFLIGHTS: list[tuple[str, str, str, int, dict[str, str]]] = [
    # path, origin, method, status, CORS fields
    ("/v2/things/7", PAGE, "PUT", 204, ALLOWED),
    ("/v2/things/7", PAGE, "HEAD", 204, ALLOWED),
    ("/v2/things/7", "https://x.example.org", "GET", 204,
     ALLOWED | {"allow-origin": "https://x.example.org"}),
    # A method that is not there: the browser reads which are.
    ("/v2/things/7", PAGE, "PATCH", 204, ALLOWED),
    ("/v2/cookies", PAGE, "GET", 204,
     {"allow-origin": PAGE, "allow-methods": "POST", "allow-credentials": "true",
      "max-age": "600"}),
    ("/v2/things/7", "https://evil.example", "GET", 403, {}),
    ("/v2/things/7", "null", "GET", 403, {}),
    # The route for DELETE has no policy, and the others' is not lent to it.
    ("/v2/things/7", PAGE, "DELETE", 204, {}),
    ("/v2/anybody", "null", "GET", 204,
     {"allow-origin": "*", "allow-methods": "GET, HEAD", "max-age": "600"}),
    ("/v2/none", PAGE, "GET", 204, {}),
    ("/v2/nothing", PAGE, "GET", 404, {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "origin", "method", "status", "fields"), PREFLIGHTS)
def test_preflights(
    path: str, origin: str, method: str, status: int, fields: dict[str, str]
) -> None:
    response = preflight(THINGS, path, origin, method)
    assert (response.status, cors_of(response.headers)) == (status, fields)
    if fields or status == 403:
        assert "Origin, Access-Control-Request-Method" in (response.headers.get("vary") or "")


def test_a_preflight_where_routes_of_different_policies_may_answer_is_refused() -> None:
    asked = of(
        route(cors="pages", headers={"X-Beta": "1"}),
        route(name="usual", cors="cookies"),
        route(name="same", path="/same", cors="pages", headers={"X-Beta": "1"}),
        route(name="same-usual", path="/same", cors="pages"),
        route(name="hidden", path="/hidden", cors="pages"),
        route(name="never", path="/hidden", query={"x": "1"}, headers={"y": "1"}),
    )
    refused = preflight(asked, "/v2/things/7", PAGE, "GET")
    assert (refused.status, cors_of(refused.headers)) == (403, {})
    assert preflight(asked, "/v2/same", PAGE, "GET").headers.get("access-control-allow-origin")
    assert preflight(asked, "/v2/hidden", PAGE, "GET").headers.get("access-control-allow-origin")


def test_a_version_by_field_is_not_known_to_a_preflight() -> None:
    asked = of(route(cors="pages"), route(name="old", versions=["v1"], cors="cookies"))
    assert preflight(asked, "/v2/things/7", PAGE, "GET").status == 204
    assert preflight(asked, "/things/7", PAGE, "GET").status == 403


ANSWERS: list[tuple[str, str, str | None, int, dict[str, str], list[str]]] = [
    # method, path, origin, status, CORS fields, Vary
    ("GET", "/v2/things/7", PAGE, 200,
     {"allow-origin": PAGE, "expose-headers": "RateLimit"}, ["Origin"]),
    ("GET", "/v2/things/7", "https://evil.example", 200, {}, ["Origin"]),
    ("GET", "/v2/things/7", None, 200, {}, ["Origin"]),
    ("POST", "/v2/cookies", PAGE, 200,
     {"allow-origin": PAGE, "allow-credentials": "true"}, ["Origin"]),
    # A problem can be read as well.
    ("GET", "/v2/anybody", PAGE, 401, {"allow-origin": "*"}, []),
    ("GET", "/v2/none", PAGE, 200,
     {"allow-origin": "https://of.the.service", "allow-private-network": "true"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "origin", "status", "fields", "vary"), ANSWERS)
def test_answers(
    method: str,
    path: str,
    origin: str | None,
    status: int,
    fields: dict[str, str],
    vary: list[str],
) -> None:
    platform = FakePlatform()
    platform.binding("DATA").answer = lambda _: json_response(
        b"{}",
        access_control_allow_origin="https://of.the.service",
        access_control_allow_private_network="true",
    )
    headers = {"origin": origin} if origin is not None else {}
    response = send(THINGS, method, path, platform, headers=headers)
    assert (response.status, cors_of(response.headers)) == (status, fields)
    assert response.headers.get_all("vary") == vary


def test_a_page_can_read_what_refuses_before_anything_else() -> None:
    asked = of(
        route(methods=["PUT"], cors="pages", max_body="1B"),
        route(name="shut", path="/shut", cors="pages", maintenance=True),
    )
    body = FakeStream(b"xx", 2)
    large = send(asked, "PUT", "/v2/things/7", headers={"origin": PAGE}, body=body)
    shut = send(asked, "GET", "/v2/shut", headers={"origin": PAGE})
    assert [one.status for one in (large, shut)] == [413, 503]
    assert [one.headers.get("access-control-allow-origin") for one in (large, shut)] == [PAGE] * 2


WRONG = [
    ({"origins": ["*"], "credentials": True}, "origins.0", "every page"),
    ({"origins": ["*", PAGE]}, "origins.0", "nothing else"),
    ({"origins": ["https://*.com"]}, "origins.0", "expected a domain"),
    ({"origins": [PAGE + ":443"]}, "origins.0", f"expected `{PAGE}`"),
    ({"origins": [PAGE + ":70000"]}, "origins.0", "at most 65535"),
    ({"origins": [PAGE], "allowed_headers": ["*"]}, "allowed_headers.0", "found a `*`"),
    ({"origins": [PAGE], "exposed_headers": ["*"]}, "exposed_headers.0", "found a `*`"),
]


@pytest.mark.parametrize(("policy", "place", "message"), WRONG)
def test_policies_that_are_none(policy: dict[str, Any], place: str, message: str) -> None:
    (found,) = check_table(table(cors={"p": policy}))
    assert ".".join(map(str, found.path)) == f"cors.p.{place}"
    assert message in found.message


def test_a_policy_that_is_not_there() -> None:
    (found,) = check_table(table(route(cors="page"), cors=POLICIES))
    assert "there is no CORS policy `page`; did you mean `pages`?" in found.message
