"""One foreign issuer's keys: fetched, kept as long as HTTP allows, and longer while it is down.

Kept in the isolate and in the database, so that a new isolate need not ask the issuer, and knows
the last good keys when nobody answers. Nothing here has a clock: `now` is handed in.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from contract.database import Database, DatabaseUnavailable
from contract.jose.jwk import KeySet, UnusableKey, parse_public_set
from identity.http_lifetime import lifetime

MAX_STALE: Final = 86_400
"""Seconds after their fetching for which keys are used while the issuer cannot be reached."""

RETRY_AFTER: Final = 30
"""Seconds between two attempts at an issuer that does not answer."""

REFRESH_AFTER: Final = 30
"""Seconds between two fetches that tokens with unknown keys cause."""

_IN_FLIGHT: Final = 5
_METADATA: Final = ("openid-configuration", "oauth-authorization-server")
_KEPT: Final = "SELECT document, fetched_at, fresh_until FROM issuer_keys WHERE issuer = ?"
_KEEP: Final = (
    "INSERT INTO issuer_keys (issuer, document, fetched_at, fresh_until) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (issuer) DO UPDATE SET document = excluded.document,"
    " fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until"
    " WHERE excluded.fetched_at >= issuer_keys.fetched_at"
)


class IssuerUnavailable(Exception):
    """The issuer's keys are not to be had, so that nothing can be said about its tokens."""


class Unreachable(Exception):
    """A document could not be fetched; the text is for the log."""


class Fetched(NamedTuple):
    """A document, with the header fields (names in lower case) that came with it."""

    body: bytes
    headers: Mapping[str, str]


Fetch = Callable[[str], Fetched]
"""Gets a document of bounded size in bounded time, without redirects. Raises `Unreachable`."""


class _Kept(NamedTuple):
    keys: KeySet
    fetched_at: float
    fresh_until: float


class _Metadata(msgspec.Struct):
    issuer: str
    jwks_uri: str


class IssuerKeys:
    """What `issuer` signs with. `address` is that of its JWK set, empty where metadata tell it."""

    def __init__(
        self,
        issuer: str,
        address: str,
        *,
        fetch: Fetch,
        database: Database,
        check_address: Callable[[str], None],
    ) -> None:
        self._issuer = issuer
        self._address = address
        self._fetch = fetch
        self._database = database
        self._check_address = check_address
        self._kept: _Kept | None = None
        self._attempted_at = float("-inf")
        self._sought_at = float("-inf")
        self._seeking_until = float("-inf")

    def current(self, now: float) -> KeySet:
        """Fresh keys, or the last good ones. Raises `IssuerUnavailable` where there are none."""
        kept = self._kept
        if kept is None or now >= kept.fresh_until:
            kept = self._from_database()
        if kept is None or (now >= kept.fresh_until and now >= self._attempted_at + RETRY_AFTER):
            kept = self._refreshed(now) or kept
        if kept is None or now >= max(kept.fresh_until, kept.fetched_at + MAX_STALE):
            raise IssuerUnavailable(f"no keys of {self._issuer}")
        return kept.keys

    def after_unknown_key(self, now: float) -> KeySet | None:
        """Newer keys, None where there are none, or where they were sought a moment ago.

        Raises `IssuerUnavailable` while another request seeks them.
        """
        before = self._kept
        kept = self._from_database()
        if kept is not None and (before is None or kept.fetched_at > before.fetched_at):
            return kept.keys
        if now < self._sought_at + REFRESH_AFTER:
            if now < self._seeking_until:
                raise IssuerUnavailable(f"keys of {self._issuer} are being fetched")
            return None
        self._sought_at = now
        # An end in time, and not a flag: a request that is cancelled would leave it behind.
        self._seeking_until = now + _IN_FLIGHT
        kept = self._refreshed(now)
        self._seeking_until = float("-inf")
        return kept.keys if kept else None

    def _refreshed(self, now: float) -> _Kept | None:
        # Set before the fetch, while which other requests run: they go on with what there is.
        if self._kept is not None:
            self._attempted_at = now
        elif now < self._attempted_at + RETRY_AFTER:
            return None
        try:
            fetched = self._fetch(self._address or self._discovered())
            kept = _Kept(parse_public_set(fetched.body), now, now + lifetime(fetched.headers, now))
        except (Unreachable, UnusableKey):
            self._attempted_at = now
            return None
        if self._kept is None or kept.fetched_at >= self._kept.fetched_at:
            self._kept = kept
        self._keep(fetched.body, kept)
        return kept

    def _discovered(self) -> str:
        """The address of the keys, from the issuer's metadata (OpenID Discovery, RFC 8414)."""
        reason = Unreachable("no metadata")
        for name in _METADATA:
            try:
                fetched = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/{name}")
                metadata = msgspec.json.decode(fetched.body, type=_Metadata)
                if metadata.issuer != self._issuer:
                    raise Unreachable("its metadata name another issuer")
                self._check_address(metadata.jwks_uri)
            except Unreachable as error:
                reason = error
            except ValueError as error:
                reason = Unreachable(f"its metadata: {error}")
            else:
                return metadata.jwks_uri
        raise reason

    def _from_database(self) -> _Kept | None:
        """What is newer, what this isolate has or what the database has."""
        try:
            rows = self._database.query(_KEPT, self._issuer)
            if rows:
                row = rows[0]
                if self._kept is None or row["fetched_at"] > self._kept.fetched_at:
                    keys = parse_public_set(str(row["document"]).encode())
                    self._kept = _Kept(keys, row["fetched_at"], row["fresh_until"])
        except (DatabaseUnavailable, UnusableKey):
            pass  # the issuer is asked, and what the isolate has stays
        return self._kept

    def _keep(self, body: bytes, kept: _Kept) -> None:
        with suppress(DatabaseUnavailable):  # the isolate has them
            self._database.query(
                _KEEP, self._issuer, body.decode(), int(kept.fetched_at), int(kept.fresh_until)
            )
