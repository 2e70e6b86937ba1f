"""Where a request's credential stands: Authorization, a place for API keys, or a session's cookie.

One request has one credential: with two it would be left to chance whose request it is. Used by
`authenticate.py`; what is found is taken out of the request, so that no service sees it.
"""

import hashlib
from typing import Final, NamedTuple

from contract.problems import INVALID_CREDENTIALS, MALFORMED_REQUEST, UNAUTHENTICATED, Problem
from contract.sessions import (
    SESSION_COOKIE,
    NoSession,
    SeveralSessions,
    session_in,
    without_session,
)
from messages import Headers, Request
from policies.key_places import KeyPlaces

CHALLENGE: Final = "Bearer"
INVALID_TOKEN: Final = f'{CHALLENGE} error="invalid_token"'
_MAX_CREDENTIAL: Final = 8192


class Credential(NamedTuple):
    """A credential, and whether it came as the cookie of a session."""

    text: str
    session: bool

    def digest(self) -> bytes:
        """What it is remembered under: one for each place, so that none is good in another's."""
        # Nothing behind `Bearer` has a space in it.
        known_as = f"session {self.text}" if self.session else self.text
        return hashlib.sha256(known_as.encode()).digest()

    def refused(self, reason: str | None) -> Problem:
        """What is answered where it is not good. The challenge tells of errors of its scheme."""
        challenge = CHALLENGE if self.session else INVALID_TOKEN
        return Problem(INVALID_CREDENTIALS, reason, headers={"www-authenticate": challenge})


class CredentialPlaces:
    """The places that one route takes credentials from."""

    def __init__(self, key_places: KeyPlaces | None = None, *, session: bool = False) -> None:
        self._key_places = key_places
        self._session = session

    def take(self, request: Request) -> Credential:
        """The credential of `request`, which loses it.

        Raises a `Problem` where there is none, more than one, or one that cannot be good.
        """
        headers = request.headers
        fields = headers.get_all("authorization")
        key = self._key_places.take(request) if self._key_places is not None else None
        session = session_of(headers) if self._session else None
        if bool(fields) + (key is not None) + (session is not None) > 1:
            raise Problem(MALFORMED_REQUEST, "Send one credential, not two.")
        if self._session:
            drop_session(headers)
        if session is not None:
            return Credential(session, session=True)
        if key is not None:
            return Credential(key, session=False)
        credential = _bearer(fields)
        headers.remove("authorization")
        return Credential(credential, session=False)


def session_of(headers: Headers) -> str | None:
    """The session's credential, if there is one. Raises a `Problem` for two, and for none such."""
    cookies = headers.get_all("cookie")
    if not cookies:
        return None
    try:
        return session_in(";".join(cookies))
    except SeveralSessions as error:
        raise Problem(MALFORMED_REQUEST, str(error)) from None
    except NoSession as error:
        raise Credential("", session=True).refused(str(error)) from None


def drop_session(headers: Headers) -> None:
    """Take the session's cookie away, and leave the others as they are."""
    cookies = ";".join(headers.get_all("cookie"))
    if SESSION_COOKIE not in cookies:
        return
    left = without_session(cookies)
    if left:
        headers.set("cookie", left)
    else:
        headers.remove("cookie")


def _bearer(fields: list[str]) -> str:
    """The credential behind `Bearer`. Raises `Problem` where there is none, or more than one."""
    if not fields:
        raise Problem(UNAUTHENTICATED, headers={"www-authenticate": CHALLENGE})
    scheme, _, credential = fields[0].partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise Problem(
            UNAUTHENTICATED,
            "The Authorization field has another scheme than Bearer.",
            headers={"www-authenticate": CHALLENGE},
        )
    # workerd joins repeated fields with a comma, which no credential contains.
    if len(fields) > 1 or "," in credential or " " in credential:
        raise Problem(MALFORMED_REQUEST, "There is more than one Authorization field.")
    if len(credential) > _MAX_CREDENTIAL:
        raise Credential(credential, session=False).refused(
            f"A credential has at most {_MAX_CREDENTIAL} characters."
        )
    return credential
