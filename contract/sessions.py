"""A person's session as a browser carries it: its cookies, how they are read, the CSRF token.

The token follows from the session's credential, so whoever is shown the one can tell the other,
without asking: a token of another session, planted or stolen, is no token of this one (OWASP's
signed double-submit cookie).
"""

import base64
import hmac
import re
from typing import Final

SESSION_COOKIE: Final = "__Host-session"
"""Out of reach of scripts; the prefix keeps other hosts of the domain from setting it."""

CSRF_COOKIE: Final = "__Host-csrf"
"""Tells pages of ours the token."""

SESSION_PREFIX: Final = "gs"

_CREDENTIAL: Final = re.compile(rf"{SESSION_PREFIX}_[A-Za-z0-9]{{1,40}}_[A-Za-z0-9_-]{{1,120}}")
_SPACE: Final = " \t"


class NoSession(ValueError):
    """The cookie of a session has something else."""


class SeveralSessions(ValueError):
    """The cookie of a session is there more than once."""


def session_in(cookies: str) -> str | None:
    """The session's credential in a Cookie field (RFC 6265, section 4.2.1); None where there is
    none. Raises `NoSession` and `SeveralSessions`: of two nobody can say whose each is."""
    if SESSION_COOKIE not in cookies:
        return None
    pairs = [pair.partition("=") for pair in cookies.split(";")]
    found = [value for name, _, value in pairs if name.strip(_SPACE) == SESSION_COOKIE]
    if not found:
        return None
    if len(found) > 1:
        raise SeveralSessions(f"There is more than one cookie {SESSION_COOKIE}.")
    credential = found[0].strip(_SPACE)
    if _CREDENTIAL.fullmatch(credential) is None:
        raise NoSession(f"The cookie {SESSION_COOKIE} is no session.")
    return credential


def without_session(cookies: str) -> str:
    """A Cookie field without any pair that names the session's cookie, wherever in it."""
    kept = (pair.strip(_SPACE) for pair in cookies.split(";") if SESSION_COOKIE not in pair)
    return "; ".join(pair for pair in kept if pair)


def csrf_token(session: str) -> str:
    """The CSRF token of the session with this credential; it tells nothing of the credential."""
    digest = hmac.new(session.encode(), b"csrf-token-of-session", "sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
