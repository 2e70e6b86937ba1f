"""People in tests: an account of one's own, and a browser that has its cookies."""

import hashlib
import os
from typing import Any, Final

import httpx

from identity.passwords import hash_secret
from tests.consumer import SECRETS, Consumer, address, bearer, unique
from tests.plan import ISSUER
from tests.worker.conftest import Caller

PASSWORD: Final = "correct horse battery"
SCOPES: Final = "roadmaps:read roadmaps:write"


def derive(secret: bytes, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)


class Person:
    """Somebody with an account and a browser."""

    def __init__(self, caller: Caller, api: Consumer, scopes: str = SCOPES) -> None:
        self.name = unique("person")
        self.session = ""
        """The session's credential, once there is one."""
        self.csrf_token = ""
        self._api = api
        SECRETS.add(PASSWORD)
        sql = "INSERT INTO accounts (id, password_hash, scopes, created_at) VALUES (?, ?, ?, 0)"
        stored = hash_secret(PASSWORD, derive, os.urandom)
        caller.ask("sql", binding="AUTH_DB", sql=sql, values=[self.name, stored, scopes])

    @property
    def cookie(self) -> str:
        """What the browser sends by itself."""
        return f"__Host-session={self.session}; __Host-csrf={self.csrf_token}"

    def post(self, path: str, body: Any, **fields: str) -> httpx.Response:
        headers = {"cookie": self.cookie, "origin": ISSUER, **address(), **fields}
        return self._api.post(path, json=body, headers=headers)

    def log_in(self, password: str = PASSWORD, **fields: str) -> httpx.Response:
        login = {"account": self.name, "password": password}
        response = self.post("/login", login, **fields)
        if response.status_code == 200:
            cookies = [one.partition(";")[0] for one in response.headers.get_list("set-cookie")]
            self.session, self.csrf_token = (one.partition("=")[2] for one in cookies)
            SECRETS.update((self.session, self.csrf_token))
        return response

    def tokens(self) -> Any:
        return kept(self.post("/session/token", {}))

    def refresh(self, token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._api.post("/oauth/token", data=form, headers=address())

    def may_read(self, tokens: Any, api: Consumer | None = None) -> bool:
        asked = (api or self._api).get("/v2/roadmaps", headers=bearer(tokens["access_token"]))
        return asked.status_code == 200


def kept(response: httpx.Response) -> Any:
    """The tokens in the answer, which no log line may hold."""
    assert response.status_code == 200, response.text
    tokens = response.json()
    SECRETS.update((tokens["access_token"], tokens["refresh_token"]))
    return tokens
