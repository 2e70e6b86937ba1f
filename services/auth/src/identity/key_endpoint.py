"""/keys: a caller with the scope `keys:admin` manages the API keys that it owns.

/-/keys: operators manage everybody's; the gateway lets them in on their own host alone.
"""

import datetime
from collections.abc import Iterable
from typing import Annotated, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from contract import operators, problems
from contract.auth import Principal
from contract.problems import Problem
from contract.service import JSON, ServiceRequest, ServiceResponse, decode_json, json_response
from identity.api_keys import ApiKeyRecord
from identity.grants import Claims, Grants, Roles
from identity.keys import ApiKeys, MadeKey

SCOPE: Final = "keys:admin"
_NO_STORE: Final = {"cache-control": "no-store"}

Scope = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,64}$")]
Moment = Annotated[datetime.datetime, Meta(tz=True)]


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a POST. Without `expires_at` the key is good until it is revoked."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=32)]
    roles: Roles = ()
    expires_at: Moment | None = None


class NewKeyOf(NewKey, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same of an operator, for the subject `owner`; for himself where there is none.

    The key of a caller has its own further claims; for somebody else they have to be said.
    """

    owner: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    claims: Claims | None = None


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
    roles: tuple[str, ...]
    claims: msgspec.Raw
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    owner: str | msgspec.UnsetType = msgspec.UNSET
    """For operators."""
    key: str | msgspec.UnsetType = msgspec.UNSET


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The newest keys, without their secrets."""

    items: tuple[Key, ...]


_new_key = msgspec.json.Decoder(NewKey)
_new_key_of = msgspec.json.Decoder(NewKeyOf)
_rotation = msgspec.json.Decoder(Rotation)


class KeyEndpoint:
    """Creates, lists, rotates and revokes the caller's API keys."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    def get(self, request: ServiceRequest) -> ServiceResponse:
        owner = _administrator(request).subject
        listed = Listed(items=tuple(_shown(record) for record in self._keys.listed(owner)))
        return json_response(listed, headers=_NO_STORE)

    def post(self, request: ServiceRequest) -> ServiceResponse:
        caller = _administrator(request)
        new = decode_json(request, _new_key, JSON)
        _check_scopes(caller, new.scopes)
        _check_roles(caller, new.roles)
        grants = Grants(new.roles, caller.claims)
        made = self._keys.create(caller.subject, new.name, new.scopes, _end(new), grants)
        return _created(made, "/keys/")

    def rotate(self, request: ServiceRequest, id: str) -> ServiceResponse:
        """A new key in the place of another one, which stays good for a while."""
        caller = _administrator(request)
        wanted = decode_json(request, _rotation, JSON) if request.body else Rotation()
        record = self._keys.find(id)
        if record is not None and record.owner_id == caller.subject:
            _check_scopes(caller, record.scopes.split())
            _check_roles(caller, record.roles.split())
        made = self._keys.rotate(id, caller.subject, wanted.overlap)
        if made is None:
            raise Problem(problems.NOT_FOUND, "You have no such key that is good.")
        return _created(made, "/keys/")

    def delete(self, request: ServiceRequest, id: str) -> ServiceResponse:
        owner = _administrator(request).subject
        if not self._keys.revoke(id, owner):
            raise Problem(problems.NOT_FOUND, "You have no such key.")
        return ServiceResponse(204)


class OperatorKeyEndpoint:
    """The same for the keys of everybody, or of one owner."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    def get(self, request: ServiceRequest) -> ServiceResponse:
        """With `?owner=` those of that subject."""
        _operator(request)
        owner = dict(parse_qsl(request.query[:1000], max_num_fields=5)).get("owner")
        listed = [_shown(record, owner=True) for record in self._keys.listed(owner)]
        return json_response(Listed(items=tuple(listed)), headers=_NO_STORE)

    def post(self, request: ServiceRequest) -> ServiceResponse:
        caller = _operator(request)
        new = decode_json(request, _new_key_of, JSON)
        _check_given(caller, new.scopes, new.roles)
        owner = new.owner or caller.subject
        own = caller.claims if owner == caller.subject else {}
        if new.claims is not None and new.claims != own and operators.ADMIN not in caller.scopes:
            raise Problem(problems.INSUFFICIENT_SCOPE, f"Claims take {operators.ADMIN}.")
        grants = Grants(new.roles, own if new.claims is None else new.claims)
        made = self._keys.create(owner, new.name, new.scopes, _end(new), grants)
        return _created(made, "/-/keys/", owner=True)

    def rotate(self, request: ServiceRequest, id: str) -> ServiceResponse:
        """A new key, which the operator sees: so it has no scope that he could not give."""
        caller = _operator(request)
        wanted = decode_json(request, _rotation, JSON) if request.body else Rotation()
        record = self._keys.find(id)
        if record is not None:
            _check_given(caller, record.scopes.split(), record.roles.split())
        made = self._keys.rotate(id, record.owner_id, wanted.overlap) if record else None
        if made is None:
            raise Problem(problems.NOT_FOUND, "There is no such key that is good.")
        return _created(made, "/-/keys/", owner=True)

    def delete(self, request: ServiceRequest, id: str) -> ServiceResponse:
        _operator(request)
        record = self._keys.find(id)
        if record is None or not self._keys.revoke(id, record.owner_id):
            raise Problem(problems.NOT_FOUND, "There is no such key.")
        return ServiceResponse(204)


def _administrator(request: ServiceRequest) -> Principal:
    principal = request.principal()
    if SCOPE not in principal.scopes:
        raise Problem(problems.INSUFFICIENT_SCOPE, f"Missing: {SCOPE}.")
    return principal


def _operator(request: ServiceRequest) -> Principal:
    principal = request.principal()
    if not operators.has(principal.scopes, operators.KEYS):
        raise Problem(problems.INSUFFICIENT_SCOPE, f"Missing: {operators.KEYS}.")
    return principal


def _check_scopes(caller: Principal, scopes: Iterable[str]) -> None:
    """Operators' scopes are given on their own host, where it is written down."""
    beyond = sorted(
        scope
        for scope in set(scopes)
        if scope not in caller.scopes or scope.startswith(operators.PREFIX)
    )
    _refuse(beyond)


def _check_roles(caller: Principal, roles: Iterable[str]) -> None:
    _refuse(sorted(set(roles).difference(caller.roles)), "roles")


def _check_given(caller: Principal, scopes: Iterable[str], roles: Iterable[str]) -> None:
    if operators.ADMIN not in caller.scopes:
        _refuse(sorted(set(scopes).difference(caller.scopes)))
        _check_roles(caller, roles)


def _refuse(beyond: list[str], what: str = "scopes") -> None:
    if beyond:
        raise Problem(
            problems.INSUFFICIENT_SCOPE,
            f"A key cannot have {what} that its creator lacks: {', '.join(beyond)}.",
        )


def _end(new: NewKey) -> int | None:
    """Unix seconds."""
    return int(new.expires_at.timestamp()) if new.expires_at is not None else None


def _created(made: MadeKey, place: str, *, owner: bool = False) -> ServiceResponse:
    shown = msgspec.structs.replace(_shown(made.record, owner=owner), key=made.key.text())
    return json_response(shown, 201, {"location": f"{place}{made.key.id}", **_NO_STORE})


def _shown(record: ApiKeyRecord, *, owner: bool = False) -> Key:
    return Key(
        id=record.id,
        name=record.name,
        scopes=tuple(record.scopes.split()),
        roles=tuple(record.roles.split()),
        claims=msgspec.Raw(record.claims.encode()),
        created_at=_time(record.created_at) or "",
        expires_at=_time(record.expires_at),
        revoked_at=_time(record.revoked_at),
        last_used_at=_time(record.last_used_at),
        owner=record.owner_id if owner else msgspec.UNSET,
    )


def _time(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")
