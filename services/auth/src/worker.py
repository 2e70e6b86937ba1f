"""The auth Worker's entry: `verify` and `ping` by RPC, tokens and API keys by HTTP.

Without usable signing keys nothing is verified and nothing issued: every call fails, so that the
gateway keeps protected routes closed, and `ping` says why.
"""

import os
import time
from typing import Any

import js
from pyodide.ffi import run_sync, to_js
from workers import WorkerEntrypoint

from announcing import Feed
from contract import problems
from contract.database import DatabaseUnavailable
from contract.edge import D1Database, callers_of, log, raw, serve, text_of
from contract.problems import Problem
from contract.service import ServiceRequest, ServiceResponse
from contract.webcrypto import WebCrypto
from fetching import fetch
from identity.service import AuthService, Settings

_BODY_LIMIT = 16_384

_service: AuthService | None = None
_feed: Feed | None = None


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """What the binding AUTH of other Workers reaches."""

    def verify(self, request: str) -> str:
        """Is this credential good? A JSON `VerifyRequest` in, a JSON `VerifyResponse` out."""
        return _open(self.env).verify(request)

    def fetch(self, request: Any) -> Any:
        def handle(incoming: ServiceRequest) -> ServiceResponse:
            try:
                service = _open(self.env)
            except ValueError as error:
                log({"level": "error", "event": "configuration", "error": str(error)})
                raise Problem(problems.AUTH_UNAVAILABLE) from None
            return service.handle(incoming)

        callers = callers_of(self.env)
        answered = serve(handle, raw(request), body_limit=_BODY_LIMIT, callers=callers)
        if _service is not None and _feed is not None:
            _feed.go_on(_service.announcements, time.time(), raw(self.ctx))
        return answered

    def ping(self) -> str:
        """Answer "ok" if the settings are complete and the database answers."""
        try:
            _open(self.env)
            D1Database(raw(self.env).DB).query("SELECT 1")
        except ValueError as error:
            return str(error)
        except DatabaseUnavailable:
            return "database unavailable"
        return callers_of(self.env).trouble or "ok"


def _open(env: Any) -> AuthService:
    """The isolate's service. Raises `ValueError` where a setting is missing or too weak."""
    global _service, _feed  # noqa: PLW0603  (made once for the isolate)
    if _service is None:
        variables = raw(env)
        _feed = Feed(getattr(variables, "CHANGE_FEED", None))
        _service = AuthService(
            Settings(
                environment=text_of(variables, "ENVIRONMENT"),
                issuer=text_of(variables, "ISSUER"),
                audience=text_of(variables, "AUDIENCE"),
                signing_keys=text_of(variables, "SIGNING_KEYS"),
                trusted_issuers=text_of(variables, "TRUSTED_ISSUERS"),
                demo_client_secret=text_of(variables, "DEMO_CLIENT_SECRET"),
                demo_api_key=text_of(variables, "DEMO_API_KEY"),
            ),
            D1Database(variables.DB),
            derive=_derive,
            asymmetric=WebCrypto(),
            fetch=fetch,
            append=_feed.append,
            clock=time.time,
            entropy=os.urandom,
            log=log,
        )
    return _service


def _derive(secret: bytes, salt: bytes, iterations: int) -> bytes:
    """PBKDF2-HMAC-SHA256 by WebCrypto: native code, and Pyodide's hashlib has none."""
    subtle = js.crypto.subtle
    key = run_sync(subtle.importKey("raw", to_js(secret), "PBKDF2", False, to_js(["deriveBits"])))
    algorithm = js.Object.fromEntries(
        to_js([["name", "PBKDF2"], ["hash", "SHA-256"], ["salt", salt], ["iterations", iterations]])
    )
    derived: bytes = run_sync(subtle.deriveBits(algorithm, key, 256)).to_bytes()
    return derived
