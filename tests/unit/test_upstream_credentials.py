"""What services are shown: secrets in one field, behind all else, and nowhere but there."""

import base64
import json
from collections.abc import Coroutine
from typing import Any

import pytest

from application import Application
from ends.credentials import Credentials
from ends.settings import CredentialsSettings
from messages import Response
from ports import Secret, Unavailable, Unconfigured
from routing.check import check_table
from tests.unit.fakes import FakePlatform, FakeService, exchange, json_response, run
from tests.unit.tables import route, table

KEY, PASSWORD = "s3cret-value", "pass:wörd"
BY_KEY = {"header": "X-Api-Key", "secret": "PARTNER_KEY"}
BY_TOKEN = {"secret": "PARTNER_KEY", "prefix": "Bearer "}
BY_USER = {"basic": {"user": "acme", "password_secret": "PARTNER_PASSWORD"}}
BY_BOTH = {"basic": {"user_secret": "PARTNER_USER", "password_secret": "PARTNER_PASSWORD"}}
SECRETS: dict[str, Secret] = {
    "PARTNER_KEY": KEY,
    "PARTNER_USER": "acme",
    "PARTNER_PASSWORD": PASSWORD,
}
BASIC = "Basic " + base64.b64encode(f"acme:{PASSWORD}".encode()).decode()


class Stored:
    """A secret in a store, which may be down."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.asked = 0
        self.down = False

    async def get(self) -> str:
        self.asked += 1
        if self.down:
            raise Unavailable("secrets store")
        return self.value


class Gateway:
    """The application with `credentials` for the service `partner`, and none for `data`."""

    def __init__(
        self,
        *routes: dict[str, Any],
        credentials: dict[str, Any] = BY_KEY,
        secrets: dict[str, Secret] | None = None,
        **members: Any,
    ) -> None:
        self.platform = FakePlatform()
        self.platform.secrets = SECRETS if secrets is None else secrets
        partner = {"url": "https://partner.example", "credentials": credentials}
        services = {"data": {"binding": "DATA"}, "partner": partner | members.pop("partner", {})}
        made = table(*(routes or (route(service="partner"),)), services=services, **members)
        assert check_table(made) == []
        self.application = Application(made, "table-1", self.platform)
        self.partner: FakeService = self.platform.url("https://partner.example")
        self.data: FakeService = self.platform.binding("DATA")
        self.deferred: list[Coroutine[Any, Any, None]] = []
        self.logs: list[dict[str, Any]] = []

    def get(self, path: str = "/things/1", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = exchange(
            path=path, headers=named, deferred=self.deferred, now=self.platform.clock.now
        )
        response = run(self.application.handle(asked))
        for work in self.deferred:
            run(work)
        self.deferred.clear()
        self.logs.append(asked.log)
        # Whatever else this test is about.
        seen = [asked.log, asked.answer_fields, list(response.headers), list(asked.request.headers)]
        assert KEY not in repr(seen) + repr(response.body)
        return response


def shown(service: FakeService, name: str) -> list[str]:
    """What `service` got in that field with its last request."""
    return service.requests[-1].headers.get_all(name)


@pytest.mark.parametrize(
    ("credentials", "field", "value"),
    [
        (BY_KEY, "x-api-key", KEY),
        (BY_TOKEN, "authorization", f"Bearer {KEY}"),
        (BY_KEY | {"prefix": "token="}, "x-api-key", f"token={KEY}"),
        (BY_USER, "authorization", BASIC),
        (BY_BOTH, "authorization", BASIC),
        (BY_USER | {"header": "X-Basic"}, "x-basic", BASIC),
    ],
)
def test_a_service_is_shown_the_secret_and_never_what_a_client_says(
    credentials: dict[str, Any], field: str, value: str
) -> None:
    gateway = Gateway(credentials=credentials)
    assert gateway.get(**{field: "mine", "x_other": "stays"}).status == 200
    assert shown(gateway.partner, field) == [value]
    assert shown(gateway.partner, "x-other") == ["stays"]


def test_the_end_of_a_line_in_a_secret_is_not_part_of_it() -> None:
    gateway = Gateway(secrets={"PARTNER_KEY": KEY + "\r\n"})
    gateway.get()
    assert shown(gateway.partner, "x-api-key") == [KEY]


def test_transforms_read_and_write_what_the_client_said() -> None:
    copying = [
        {"op": "set", "name": "X-Copy", "template": "${header.x-api-key}"},
        {"op": "rename", "name": "X-Own", "to": "X-Api-Key"},
    ]
    answering = [{"op": "set", "name": "X-Told", "template": "${header.x-api-key}"}]
    gateway = Gateway(
        route(service="partner", transform="copy"),
        transforms={"copy": {"request": {"headers": copying}, "response": {"headers": answering}}},
    )
    response = gateway.get(x_api_key="mine", x_own="another")
    assert response.headers.get("x-told") == "mine"
    assert shown(gateway.partner, "x-copy") == ["mine"]
    assert shown(gateway.partner, "x-api-key") == [KEY]


def test_a_copy_for_another_service_has_what_the_client_said() -> None:
    gateway = Gateway(route(service="partner", mirror={"service": "data"}))
    gateway.get(x_api_key="mine")
    assert shown(gateway.partner, "x-api-key") == [KEY]
    assert shown(gateway.data, "x-api-key") == ["mine"]


def test_a_copy_is_shown_with_the_credentials_of_its_own_service() -> None:
    gateway = Gateway(route(service="data", mirror={"service": "partner"}))
    gateway.get()
    assert shown(gateway.data, "x-api-key") == []
    assert shown(gateway.partner, "x-api-key") == [KEY]


def test_backends_have_their_own_credentials() -> None:
    edits = {"headers": [{"op": "set", "name": "X-Copy", "template": "${header.x-api-key}"}]}
    backends = [{"service": "partner", "request": edits}, {"service": "data", "weight": 0}]
    gateway = Gateway(route(service=None, backends=backends))
    gateway.get(x_api_key="mine")
    assert shown(gateway.partner, "x-api-key") == [KEY]
    assert shown(gateway.partner, "x-copy") == ["mine"]


def test_parts_have_the_credentials_of_their_services() -> None:
    parts = {
        "own": {"service": "partner", "path": "/a"},
        "other": {"service": "data", "path": "/b"},
    }
    gateway = Gateway(route(service=None, aggregate={"parts": parts}))
    assert gateway.get(x_api_key="mine").status == 200
    assert shown(gateway.partner, "x-api-key") == [KEY]
    assert shown(gateway.data, "x-api-key") == ["mine"]


UNSET: list[tuple[dict[str, Any], dict[str, Secret], str]] = [
    # credentials, secrets, what the log says
    (BY_KEY, {}, "the secret PARTNER_KEY is not set"),
    (BY_KEY, {"PARTNER_KEY": ""}, "the secret PARTNER_KEY is not set"),
    (BY_KEY, {"PARTNER_KEY": " \n"}, "the secret PARTNER_KEY is not set"),
    (BY_KEY, {"PARTNER_KEY": f"{KEY}\r\nx: y"}, "the secret PARTNER_KEY cannot stand"),
    (BY_KEY, {"PARTNER_KEY": f"{KEY}ü"}, "the secret PARTNER_KEY cannot stand"),
    (BY_USER, {"PARTNER_PASSWORD": f"{KEY}\x00"}, "the secret PARTNER_PASSWORD cannot stand"),
    (BY_BOTH, {"PARTNER_USER": "a:b", "PARTNER_PASSWORD": KEY}, "PARTNER_USER or PARTNER_PASSWORD"),
    (BY_BOTH, {"PARTNER_USER": "acme"}, "the secret PARTNER_PASSWORD is not set"),
]


@pytest.mark.parametrize(("credentials", "secrets", "said"), UNSET)
def test_without_a_usable_secret_only_the_routes_of_that_service_fail(
    credentials: dict[str, Any], secrets: dict[str, Secret], said: str
) -> None:
    breaker = {"circuit_breaker": {"minimum_calls": 1}}
    routes = route(service="partner"), route(name="other", path="/other")
    gateway = Gateway(*routes, credentials=credentials, secrets=secrets, partner=breaker)
    for _ in range(3):
        response = gateway.get()
        document = json.loads(response.body if isinstance(response.body, bytes) else b"")
        assert (response.status, document["code"]) == (503, "upstream-not-configured")
        assert "PARTNER_" not in repr(document)
        assert said in gateway.logs[-1]["upstream_error"]
    assert gateway.partner.requests == []
    # A table with a slip in it takes the service away from no other table.
    assert gateway.platform.breakers.calls == []
    assert gateway.get("/other").status == 200
    health = gateway.get("/healthz")
    assert health.status == 503
    assert gateway.logs[-1]["unwell"] == {"partner": "without credentials"}


def test_an_optional_part_whose_service_is_not_set_up_is_missing() -> None:
    parts = {"own": {"service": "partner", "path": "/a", "optional": True},
             "other": {"service": "data", "path": "/b"}}  # fmt: skip
    gateway = Gateway(route(service=None, aggregate={"parts": parts}), secrets={})
    response = gateway.get()
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["errors"][0]["code"] == "upstream-not-configured"


def test_health_does_not_mention_credentials_that_are_there() -> None:
    response = Gateway().get("/healthz")
    assert response.status == 200
    assert b"credentials" not in (response.body if isinstance(response.body, bytes) else b"")


def test_a_stored_secret_is_asked_for_once_a_minute_and_may_change() -> None:
    stored = Stored("first")
    gateway = Gateway(secrets={"PARTNER_KEY": stored})
    for after, value, asked in ((0, "first", 1), (59, "first", 1), (2, "second", 2)):
        gateway.platform.clock.now += after
        gateway.get()
        assert (shown(gateway.partner, "x-api-key"), stored.asked) == ([value], asked)
        stored.value = "second"


def test_a_store_that_is_down_keeps_the_last_value() -> None:
    stored = Stored("first")
    gateway = Gateway(secrets={"PARTNER_KEY": stored})
    gateway.get()
    stored.down = True
    gateway.platform.clock.now += 61
    assert gateway.get().status == 200
    assert shown(gateway.partner, "x-api-key") == ["first"]


def test_a_store_that_never_answered_is_asked_again_after_a_while() -> None:
    stored = Stored("first")
    stored.down = True
    gateway = Gateway(secrets={"PARTNER_KEY": stored})
    assert [gateway.get().status for _ in range(3)] == [503] * 3
    assert stored.asked == 1
    stored.down = False
    gateway.platform.clock.now += 6
    assert gateway.get().status == 200


def test_what_a_service_says_of_a_failure_is_not_told_on() -> None:
    gateway = Gateway()
    gateway.partner.answer = lambda request: json_response(
        b"{}", 500, x_seen=str(len(request.headers.get("x-api-key") or ""))
    )
    assert gateway.get().status == 500


def test_the_gateways_own_keys_are_shown_to_nobody_whatever_a_table_says() -> None:
    settings = CredentialsSettings(secret="IDENTITY_KEYS")
    credentials = Credentials("partner", settings, {"IDENTITY_KEYS": KEY}.get, lambda: 0.0)
    with pytest.raises(Unconfigured, match="IDENTITY_KEYS is not set"):
        run(credentials.field())
