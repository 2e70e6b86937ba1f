"""Whether a bearer credential is good: an API key or a token, by its shape."""

from collections.abc import Callable

from contract.auth import Principal, VerifyResponse
from identity import api_keys
from identity.demo import DemoCredentials
from identity.store import Store
from identity.tokens import InvalidCredential, TokenAuthority


class Verifier:
    """Verifies credentials by the signing key, the store and, in development, the demo key."""

    def __init__(
        self,
        tokens: TokenAuthority,
        store: Store,
        demo: DemoCredentials,
        clock: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._store = store
        self._demo = demo
        self._clock = clock

    def verify(self, credential: str) -> VerifyResponse:
        """Who holds `credential`, or why it is not good. Raises `DatabaseUnavailable`."""
        try:
            return VerifyResponse(principal=self._principal(credential))
        except InvalidCredential as error:
            return VerifyResponse(reason=str(error))

    def _principal(self, credential: str) -> Principal:
        if not credential.startswith(api_keys.PREFIX):
            return self._tokens.verify(credential)
        key = api_keys.parse(credential)
        record = self._demo.key_record(key.id) or self._store.key(key.id)
        return api_keys.verify(key, record, int(self._clock()))
