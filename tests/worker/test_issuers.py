"""Whose tokens the gateway accepts, seen through workerd: ours by our keys, and a foreign issuer's.

What happens over hours is specified with a clock handed in: tests/unit/test_issuers.py.
"""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from runtime.local import LocalRuntime
from tests.conftest import Deploy
from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.plan import FOREIGN, FOREIGN_ISSUER, ISSUER, SIGNING_JWK
from tests.signed_tokens import key, key_set, token
from tests.worker.conftest import Caller


class Foreign:
    """The other issuer, and what it does to its keys."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=20)

    def publish(self, *keys: dict[str, Any], status: int = 200) -> None:
        state = {
            "status": status,
            "body": key_set(*keys),
            "headers": {"cache-control": "max-age=60"},
        }
        self._client.put("/-/state", json=state).raise_for_status()

    def calls(self) -> int:
        return int(self._client.get("/-/calls").text)

    def token(self, number: int, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": FOREIGN_ISSUER,
            "aud": ["public-api", "other-api"],
            "sub": f"carol-{now}-{number}",
            "scope": "roadmaps:read roadmaps:write",
            "iat": now,
            "exp": now + 600,
        }
        return token(key("RS256", number), claims | changes, typ="JWT")


@pytest.fixture
def foreign(runtime: LocalRuntime) -> Iterator[Foreign]:
    issuer = Foreign(runtime.url(FOREIGN))
    yield issuer
    issuer.publish(key("RS256", 1), key("RS256", 2))


def test_a_foreign_issuer_comes_goes_and_takes_another_key(
    foreign: Foreign, anonymous: Consumer
) -> None:
    def ask(credential: str) -> httpx.Response:
        return anonymous.get("/v2/roadmaps", headers=bearer(credential))

    foreign.publish(key("RS256", 1))
    assert ask(foreign.token(1)).status_code == 200
    reading_only = anonymous.post("/v2/roadmaps", headers=bearer(foreign.token(1)), json={})
    problem(reading_only, 403, "insufficient-scope")

    before = foreign.calls()
    foreign.publish(key("RS256", 1), key("RS256", 2))
    assert ask(foreign.token(2)).status_code == 200
    problem(ask(foreign.token(3)), 401, "invalid-credentials")
    problem(ask(foreign.token(4)), 401, "invalid-credentials")
    assert foreign.calls() - before == 1

    foreign.publish(status=503)
    assert ask(foreign.token(1)).status_code == 200
    assert ask(foreign.token(2, sub="somebody new")).status_code == 200


def test_an_isolate_that_begins_while_the_issuer_is_down_for_an_hour(
    foreign: Foreign, anonymous: Consumer, lab: Consumer, caller: Caller, deploy: Deploy
) -> None:
    """It takes the last good keys from D1; once the issuer is back, a new key is good at once."""

    def ask(number: int) -> httpx.Response:
        # Of somebody new each time, whom no isolate of the gateway remembers.
        credential = foreign.token(number, sub=unique("carol"))
        return lab.get("/protected/x", headers=bearer(credential))

    foreign.publish(key("RS256", 1))
    known = anonymous.get("/v2/roadmaps", headers=bearer(foreign.token(1)))
    assert known.status_code == 200
    foreign.publish(status=503)
    sql = "UPDATE issuer_keys SET fetched_at = ? - 3600, fresh_until = ? - 3000"
    now = int(time.time())
    caller.ask("sql", binding="AUTH_DB", sql=sql, values=[now, now])
    deploy("announce")  # another deployment of auth, which has verified none of its tokens yet
    before = foreign.calls()
    assert [ask(1).status_code for _ in range(5)] == [200] * 5
    assert foreign.calls() - before == 1

    foreign.publish(key("RS256", 5))
    assert ask(5).status_code == 200
    problem(ask(1), 401, "invalid-credentials")
    assert foreign.calls() - before == 2


def test_our_key_does_not_speak_for_a_foreign_issuer(foreign: Foreign, anonymous: Consumer) -> None:
    foreign.publish(key("RS256", 1))
    now = int(time.time())
    claims = {"iss": FOREIGN_ISSUER, "aud": "public-api", "sub": "x", "iat": now, "exp": now + 60}
    response = anonymous.get("/v2/roadmaps", headers=bearer(token(SIGNING_JWK, claims)))
    problem(response, 401, "invalid-credentials")


def test_a_foreign_key_does_not_speak_for_us(foreign: Foreign, anonymous: Consumer) -> None:
    foreign.publish(key("RS256", 1))
    forged = foreign.token(1, iss=ISSUER, nbf=int(time.time()), aud="public-api")
    problem(anonymous.get("/v2/roadmaps", headers=bearer(forged)), 401, "invalid-credentials")


def test_anybody_can_verify_our_tokens(anonymous: Consumer) -> None:
    metadata = anonymous.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == ISSUER
    path = metadata["jwks_uri"].removeprefix(ISSUER)
    published = anonymous.get(path)
    assert published.headers["cache-control"] == "public, max-age=300"
    assert SIGNING_JWK["d"] not in published.text
    (one,) = published.json()["keys"]
    claims = jwt.decode(
        mint("dora"), jwt.PyJWK(one), algorithms=["ES256"], audience="public-api", issuer=ISSUER
    )
    assert claims["sub"] == "dora"


def test_a_foreign_token_gives_the_roles_and_claims_that_the_setting_allows(
    foreign: Foreign, lab: Consumer
) -> None:
    # Auth asks for an unknown key only now and then, and the tests before have had two of them.
    keys = (1, 5)
    foreign.publish(*[key("RS256", number) for number in keys])

    def ask(route: str, **claims: Any) -> int:
        credential = foreign.token(known, **claims)
        return lab.get(f"/{route}/x", headers=bearer(credential)).status_code

    known = next(
        number
        for number in keys
        if lab.get("/protected/x", headers=bearer(foreign.token(number))).status_code == 200
    )
    assert ask("by-role", groups=["their-editors"]) == 200
    assert ask("by-role", groups=["editor"], roles=["editor"]) == 403
    assert ask("by-plan", plan="gold") == 200
    assert ask("by-tenant", tenant="acme") == 403
    assert ask("by-plan", plan={"name": "gold"}) == 401
