"""/keys: a caller with the scope `keys:admin` manages the API keys that it owns."""

import datetime
from collections.abc import Callable, Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from contract import problems
from contract.auth import Principal
from contract.problems import Problem
from contract.service import JSON, ServiceRequest, ServiceResponse, decode_json, json_response
from identity import api_keys
from identity.api_keys import ApiKey, ApiKeyRecord
from identity.store import Store

SCOPE: Final = "keys:admin"
_NO_STORE: Final = {"cache-control": "no-store"}

Scope = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,64}$")]
Moment = Annotated[datetime.datetime, Meta(tz=True)]


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a POST. Without `expires_at` the key is good until it is revoked."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=32)]
    expires_at: Moment | None = None


class Rotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a rotation: seconds for which the old key stays good beside the new one."""

    overlap: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 86_400


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as its owner sees it. `key` is the secret itself: in the answer to POST only.

    `last_used_at` is exact to the hour.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    key: str | msgspec.UnsetType = msgspec.UNSET


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The newest keys of the caller, without their secrets."""

    items: tuple[Key, ...]


_new_key = msgspec.json.Decoder(NewKey)
_rotation = msgspec.json.Decoder(Rotation)


class KeyEndpoint:
    """Creates, lists, rotates and revokes API keys."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        announce: Callable[[str], None],
    ) -> None:
        """`announce` tells isolates to forget a key, by its id."""
        self._announce = announce
        self._store = store
        self._clock = clock
        self._entropy = entropy

    def get(self, request: ServiceRequest) -> ServiceResponse:
        owner = _administrator(request).subject
        keys = Keys(items=tuple(_shown(record) for record in self._store.keys_of(owner)))
        return json_response(keys, headers=_NO_STORE)

    def post(self, request: ServiceRequest) -> ServiceResponse:
        caller = _administrator(request)
        new = decode_json(request, _new_key, JSON)
        _check_scopes(caller, new.scopes)
        now = int(self._clock())
        expires_at = int(new.expires_at.timestamp()) if new.expires_at else None
        if expires_at is not None and expires_at <= now:
            raise Problem(problems.INVALID_CONTENT, "`expires_at` lies in the past.")
        key = api_keys.generate(self._entropy)
        record = ApiKeyRecord(
            id=key.id,
            secret_digest=key.digest(),
            owner_id=caller.subject,
            name=new.name,
            scopes=" ".join(dict.fromkeys(new.scopes)),
            created_at=now,
            expires_at=expires_at,
        )
        self._store.add_key(record)
        return _created(record, key)

    def rotate(self, request: ServiceRequest, id: str) -> ServiceResponse:
        """A new key in the place of another one, which stays good for a while."""
        caller = _administrator(request)
        wanted = decode_json(request, _rotation, JSON) if request.body else Rotation()
        record = self._store.key(id)
        if record is not None and record.owner_id == caller.subject:
            _check_scopes(caller, record.scopes.split())
        key, now = api_keys.generate(self._entropy), int(self._clock())
        until = now + wanted.overlap
        made = self._store.succeed_key(id, caller.subject, key, now=now, until=until)
        if made is None:
            raise Problem(problems.NOT_FOUND, "You have no such key that is good.")
        self._announce(id)  # it ends sooner than an isolate may remember
        return _created(made, key)

    def delete(self, request: ServiceRequest, id: str) -> ServiceResponse:
        owner = _administrator(request).subject
        if not self._store.revoke_key(id, owner, int(self._clock())):
            raise Problem(problems.NOT_FOUND, "You have no such key.")
        self._announce(id)
        return ServiceResponse(204)


def _administrator(request: ServiceRequest) -> Principal:
    principal = request.principal()
    if SCOPE not in principal.scopes:
        raise Problem(problems.INSUFFICIENT_SCOPE, f"Missing: {SCOPE}.")
    return principal


def _check_scopes(caller: Principal, scopes: Iterable[str]) -> None:
    beyond = sorted(set(scopes).difference(caller.scopes))
    if beyond:
        raise Problem(
            problems.INSUFFICIENT_SCOPE,
            f"A key cannot have scopes that its creator lacks: {', '.join(beyond)}.",
        )


def _created(record: ApiKeyRecord, key: ApiKey) -> ServiceResponse:
    shown = msgspec.structs.replace(_shown(record), key=key.text())
    return json_response(shown, 201, {"location": f"/keys/{key.id}", **_NO_STORE})


def _shown(record: ApiKeyRecord) -> Key:
    return Key(
        id=record.id,
        name=record.name,
        scopes=tuple(record.scopes.split()),
        created_at=_time(record.created_at) or "",
        expires_at=_time(record.expires_at),
        revoked_at=_time(record.revoked_at),
        last_used_at=_time(record.last_used_at),
    )


def _time(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")
