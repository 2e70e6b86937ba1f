"""What services are shown of the gateway's secrets, over HTTP, at every end that calls one."""

import base64
import json
from typing import Any

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, Operator, problem, unique
from tests.eventually import eventually
from tests.plan import FAULTS, LABS, ORIGIN, PARTNER_SECRETS, STORED_SECRET

KEY = f"Key {PARTNER_SECRETS['PARTNER_KEY']}"
BASIC = "Basic " + base64.b64encode(f"acme:{PARTNER_SECRETS['PARTNER_PASSWORD']}".encode()).decode()
CLIENT = {"x-api-key": "mine", "authorization": "Bearer mine", "x-own": "renamed"}


def told(response: httpx.Response) -> Any:
    """The header fields that the origin got."""
    assert response.status_code == 200, response.text
    return response.json()["headers"]


def copied(runtime: LocalRuntime, path: str) -> Any:
    """The header fields of the last copy for `path`, once there is one."""

    def last() -> Any:
        copy = httpx.get(f"{runtime.url(ORIGIN)}/-/last", params={"path": path}).json()
        return copy.get("headers")

    return eventually(last)


def test_a_service_is_shown_the_secret_and_its_mirror_is_not(
    runtime: LocalRuntime, lab: Consumer
) -> None:
    path = f"/partner/{unique('id')}"
    response = lab.post(path, content="{}", headers=CLIENT)
    got = told(response)
    assert (got["x-api-key"], got["x-copy"]) == (KEY, "mine")
    assert got["authorization"] == "Bearer mine"  # another field than the service's
    assert response.headers["x-told"] == "mine"
    assert copied(runtime, path)["x-api-key"] == "renamed"


def test_a_mirror_has_credentials_of_its_own(runtime: LocalRuntime, lab: Consumer) -> None:
    path = f"/partner-mirror/{unique('id')}"
    assert told(lab.get(path, headers=CLIENT))["x-api-key"] == "mine"
    assert copied(runtime, path)["x-api-key"] == KEY


def test_backends_have_their_own_credentials(lab: Consumer) -> None:
    seen: set[tuple[str, str]] = set()
    while len(seen) < 2:
        got = told(lab.get("/partner-backends/7", headers=CLIENT))
        seen.add((got["x-api-key"], got["authorization"]))
    assert seen == {(KEY, "Bearer mine"), ("mine", BASIC)}


def test_parts_have_their_own_credentials(lab: Consumer) -> None:
    parts = lab.get("/partner-parts/7", headers=CLIENT).json()
    shown = {
        name: (parts[name]["headers"]["x-api-key"], parts[name]["headers"]["authorization"])
        for name in ("key", "basic", "none")
    }
    mine = CLIENT["authorization"]
    assert shown == {"key": (KEY, mine), "basic": ("mine", BASIC), "none": ("mine", mine)}


def test_a_service_that_sends_elsewhere_sends_no_secret_along(lab: Consumer) -> None:
    query = {"status": "302", "header": "Location: https://elsewhere.example/"}
    assert lab.get("/partner/7", params=query).status_code == 302


def test_without_the_secret_only_routes_of_that_service_fail(
    runtime: LocalRuntime, lab: Consumer
) -> None:
    got = told(lab.get("/partner-spare/7", headers=CLIENT))
    assert got["x-api-key"] == PARTNER_SECRETS["PARTNER_SPARE_KEY"]
    with Consumer(runtime.url(LABS[-1])) as bare:
        start = len(runtime.log_lines())
        response = bare.get("/partner-spare/7", headers=CLIENT)
        assert problem(response, 503, "upstream-not-configured")
        assert "SPARE" not in response.text
        line = json.loads(runtime.wait_for_log(response.headers["x-request-id"], start=start))
        assert "PARTNER_SPARE_KEY is not set" in line["upstream_error"]
        assert told(bare.get("/partner/7"))["x-api-key"] == KEY
        errors = bare.get("/partner-parts/7").json()["errors"]
        assert [one["code"] for one in errors] == ["upstream-not-configured"]
        assert bare.get("/healthz").status_code == 503
    with Operator(runtime.url(LABS[-1]), "gateway:status") as operator:
        health = operator.get("/-/health")
        assert health.status_code == 503
        assert health.json()["without_credentials"] == ["partner-spare"]


def test_a_stored_secret_is_shown_and_kept_while_its_store_is_away(
    lab: Consumer, fail: Fail
) -> None:
    assert told(lab.get("/partner-stored/7"))["authorization"] == f"Bearer {STORED_SECRET}"
    fail(FAULTS["DATA"], "throw")
    assert told(lab.get("/partner-stored/8"))["authorization"] == f"Bearer {STORED_SECRET}"


@pytest.mark.parametrize("name", ["X-Secret", "X-Service", "Gateway-Secret"])
def test_no_request_chooses_a_secret(lab: Consumer, name: str) -> None:
    fields = {name: "PARTNER_SPARE_KEY", "x-api-key": "PARTNER_SPARE_KEY"}
    got = told(lab.get("/partner/${PARTNER_SPARE_KEY}?secret=PARTNER_SPARE_KEY", headers=fields))
    assert got["x-api-key"] == KEY
    assert PARTNER_SECRETS["PARTNER_SPARE_KEY"] not in json.dumps(got)
