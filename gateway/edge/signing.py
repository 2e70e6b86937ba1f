"""The gateway's own signature, by WebCrypto: behind the port `IdentitySigner`.

The imported key is kept for the isolate's life. The private part is in the secret and in this key,
which cannot be exported, and is shown by nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from contract.identity import TYPE, gateway_name, parse_signing_set
from contract.jose import base64url
from contract.jose.algorithms import Scheme
from contract.jose.jwk import Key, published
from contract.jose.jws import signing_input
from contract.names import IDENTITY_SECRET
from edge.driver import Rejected, invoke, settled
from ports import Unavailable

_parse = js.JSON.parse


class WebCryptoSigner:
    """Signs with the first key of the secret IDENTITY_KEYS, a JWK set."""

    def __init__(self, secret: Any, environment: Any) -> None:
        self.issuer = gateway_name(environment if isinstance(environment, str) else "unknown")
        self.trouble = ""
        self.published: Mapping[str, Any] = {"keys": []}
        self._key: Key | None = None
        self._imported: Any = None
        try:
            keys = parse_signing_set(secret if isinstance(secret, str) else "", IDENTITY_SECRET)
        except ValueError as error:
            self.trouble = str(error)
            return
        self._key = keys[0]
        self.published = published(keys)

    async def sign(self, payload: bytes) -> str:
        key = self._key
        if key is None:
            raise Unavailable("identity keys", reason=self.trouble)
        content = signing_input(key, TYPE, payload)
        subtle = js.crypto.subtle
        try:
            if self._imported is None:
                self._imported = await settled(
                    invoke(
                        subtle.importKey,
                        subtle,
                        "jwk",
                        _key_data(key),
                        _algorithm(key),
                        False,
                        to_js(["sign"]),
                    )
                )
            signed = await settled(
                invoke(
                    subtle.sign, subtle, _algorithm(key), self._imported, to_js(content.encode())
                )
            )
        except (JsException, Rejected) as error:
            # Its name alone: the text could quote the key.
            reason = f"{key} cannot sign: {getattr(error, 'name', 'rejected')}"
            raise Unavailable("identity keys", reason=reason) from None
        return f"{content}.{base64url.encode(signed.to_bytes())}"


def _key_data(key: Key) -> Any:
    return _parse(json.dumps({**key.public, **key.private}))


def _algorithm(key: Key) -> Any:
    """What WebCrypto wants to know for the import of the key and for a signature alike."""
    if key.algorithm.scheme is Scheme.ECDSA:
        return _parse('{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-256"}')
    return _parse('{"name":"Ed25519"}')
