"""API keys as things that are made and ended, whoever may: a deed, and who is told of it."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from contract import problems
from contract.problems import Problem
from identity import api_keys
from identity.api_keys import ApiKey, ApiKeyRecord
from identity.grants import NONE, Grants, InvalidGrants, checked
from identity.store import Store


class MadeKey(NamedTuple):
    """A new key, and what is stored of it."""

    key: ApiKey
    record: ApiKeyRecord


class ApiKeys:
    """All keys. Methods raise `DatabaseUnavailable`."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        announce: Callable[[str], None],
    ) -> None:
        """`announce` tells isolates to forget a key, by its id."""
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._announce = announce

    def find(self, id: str) -> ApiKeyRecord | None:
        """What is stored of a key."""
        return self._store.key(id)

    def listed(self, owner: str | None) -> list[ApiKeyRecord]:
        """The newest keys, of one owner or of all; revoked ones too."""
        return self._store.keys() if owner is None else self._store.keys_of(owner)

    def create(
        self,
        owner: str,
        name: str,
        scopes: Iterable[str],
        expires_at: int | None,
        grants: Grants = NONE,
    ) -> MadeKey:
        """Raises `Problem` where it would have ended, or its roles and claims are not usable."""
        try:
            known = checked(grants.roles, grants.claims)
        except InvalidGrants as error:
            raise Problem(problems.INVALID_CONTENT, str(error)) from None
        now = int(self._clock())
        if expires_at is not None and expires_at <= now:
            raise Problem(problems.INVALID_CONTENT, "`expires_at` lies in the past.")
        key = api_keys.generate(self._entropy)
        record = ApiKeyRecord(
            id=key.id,
            secret_digest=key.digest(),
            owner_id=owner,
            name=name,
            scopes=" ".join(dict.fromkeys(scopes)),
            roles=" ".join(known.roles),
            claims=msgspec.json.encode(known.claims).decode(),
            created_at=now,
            expires_at=expires_at,
        )
        self._store.add_key(record)
        return MadeKey(key, record)

    def rotate(self, id: str, owner: str, overlap: int) -> MadeKey | None:
        """A key like another one, which ends after `overlap` seconds; None where it is not good."""
        key, now = api_keys.generate(self._entropy), int(self._clock())
        record = self._store.succeed_key(id, owner, key, now=now, until=now + overlap)
        if record is None:
            return None
        self._announce(id)  # it ends sooner than an isolate may remember
        return MadeKey(key, record)

    def revoke(self, id: str, owner: str) -> bool:
        """Whether this owner has such a key."""
        if not self._store.revoke_key(id, owner, int(self._clock())):
            return False
        self._announce(id)
        return True
