"""Security headers: on every answer, in the place of what a service says, as the table wants."""

from typing import Any

import pytest

from application import Application
from messages import Response
from policies.dispatch import without_inside_fields
from security_headers import SecurityHeaders
from tests.unit.fakes import FakePlatform, exchange, json_response, run
from tests.unit.tables import route, table

USUAL = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "strict-transport-security": "max-age=31536000",
}
HSTS = "strict-transport-security"


def send(path: str, scheme: str = "https", **members: Any) -> Response:
    platform = FakePlatform()
    platform.binding("DATA").answer = lambda _: json_response(
        b"{}", x_frame_options="SAMEORIGIN", strict_transport_security="max-age=1"
    )
    asked = exchange("GET", path)
    asked.request.scheme = scheme
    made = table(route(), **members)
    return run(Application(made, "table-1", platform).handle(asked))


@pytest.mark.parametrize("path", ["/v2/things/7", "/v2/nothing", "/healthz", "/problems/not-found"])
def test_every_answer_has_them_once(path: str) -> None:
    response = send(path)
    for name, value in USUAL.items():
        assert response.headers.get_all(name) == [value]


def test_hsts_is_for_https() -> None:
    assert HSTS not in dict(SecurityHeaders(table().security_headers).fields("http"))
    assert "x-frame-options" in send("/v2/things/7", "http").headers


OTHERS = [
    # settings, field, value
    ({"frame_options": "SAMEORIGIN"}, "x-frame-options", "SAMEORIGIN"),
    ({"hsts": {"max_age": "1h", "include_sub_domains": True, "preload": True}}, HSTS,
     "max-age=3600; includeSubDomains; preload"),
    ({"hsts": {"max_age": "0s"}}, HSTS, "max-age=0"),
    # What is left to the service.
    ({"hsts": None}, HSTS, "max-age=1"),
    ({"permissions_policy": None}, "permissions-policy", None),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "name", "value"), OTHERS)
def test_the_table_says_something_else(
    settings: dict[str, Any], name: str, value: str | None
) -> None:
    response = send("/v2/things/7", security_headers=settings)
    assert response.headers.get(name) == value
    assert response.headers.get("x-content-type-options") == "nosniff"


def test_software_does_not_name_itself() -> None:
    names = ("server", "via", "x-powered-by", "x-aspnet-version", "x-generator", "x-own")
    assert without_inside_fields([(name, "1") for name in names]) == [("x-own", "1")]
