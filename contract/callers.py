"""The callers of a service: whoever the gateway's signed identity names, and nobody else.

A request without an identity is nobody's; one with an identity that does not verify is refused,
whatever it asks for. Without usable keys nobody can be verified.
"""

from typing import Final

import msgspec

from contract import problems
from contract.identity import IdentityVerifier, RefusedIdentity, parse_public_keys
from contract.jose.signatures import Asymmetric
from contract.names import IDENTITY, REQUEST_ID
from contract.problems import Problem
from contract.service import Log, ServiceRequest

KEYS: Final = "IDENTITY_JWKS"
ISSUER: Final = "IDENTITY_ISSUER"
AUDIENCE: Final = "IDENTITY_AUDIENCE"
"""Variables of a service: the gateway's public keys as a JWK set, its name, and the service's."""


class Callers:
    """Made once for an isolate, from the service's variables (empty where they are not set)."""

    def __init__(
        self, keys: str, asymmetric: Asymmetric, *, issuer: str, audience: str, log: Log
    ) -> None:
        self._log = log
        self._verifier: IdentityVerifier | None = None
        self.trouble = ""
        """What is wrong with the variables, for `ping`; empty where nothing is."""
        try:
            if not issuer or not audience:
                raise ValueError(f"{ISSUER} or {AUDIENCE} is missing")
            self._verifier = IdentityVerifier(
                parse_public_keys(keys, KEYS), asymmetric, issuer=issuer, audience=audience
            )
        except ValueError as error:
            self.trouble = str(error)

    def identified(self, request: ServiceRequest, now: float) -> ServiceRequest:
        """`request` with its caller, where it names one.

        Raises a `Problem`: 403 for an identity that does not verify, 503 without usable keys.
        """
        field = request.headers.get(IDENTITY)
        if field is None:
            return request
        if self._verifier is None:
            self._tell(request, "error", self.trouble)
            raise Problem(problems.AUTH_UNAVAILABLE)
        try:
            caller = self._verifier.verify(field, now)
        except RefusedIdentity as refused:
            self._tell(request, "warning", str(refused))
            raise Problem(problems.IDENTITY_REFUSED) from None
        return msgspec.structs.replace(request, caller=caller)

    def _tell(self, request: ServiceRequest, level: str, reason: str) -> None:
        request_id = request.headers.get(REQUEST_ID)
        line = {"level": level, "request_id": request_id, "event": "identity", "error": reason}
        self._log(line)
