"""Signatures by WebCrypto: native code, behind the port `contract.jose.signatures.Asymmetric`.

Imported keys are kept for the isolate's life, a bounded number of them. The JavaScript objects are
looked up when they are needed and not at import: a deploy's snapshot of memory holds none.
"""

import json
from typing import Any, Final

import js
from pyodide.ffi import JsException, run_sync, to_js

from contract.jose.algorithms import Algorithm, Scheme
from contract.jose.jwk import Key

_MAX_KEPT: Final = 64


class WebCrypto:
    """Signs and verifies. A call suspends the caller until WebCrypto has answered."""

    def __init__(self) -> None:
        self._imported: dict[tuple[str, str], Any] = {}

    def verify(self, key: Key, content: bytes, signature: bytes) -> bool:
        try:
            verified = run_sync(
                js.crypto.subtle.verify(
                    _operation(key.algorithm),
                    self._import(key, "verify"),
                    to_js(signature),
                    to_js(content),
                )
            )
        except JsException:
            return False  # a point that is not on its curve, and the like
        return verified is True

    def sign(self, key: Key, content: bytes) -> bytes:
        try:
            signature: bytes = run_sync(
                js.crypto.subtle.sign(
                    _operation(key.algorithm), self._import(key, "sign"), to_js(content)
                )
            ).to_bytes()
        except JsException as error:
            # Its name alone: the text could quote the key.
            raise ValueError(f"{key} cannot sign: {error.name}") from None
        return signature

    def _import(self, key: Key, use: str) -> Any:
        name = (key.thumbprint, use)
        imported = self._imported.get(name)
        if imported is None:
            members = {**key.public, **(key.private if use == "sign" else {})}
            imported = run_sync(
                js.crypto.subtle.importKey(
                    "jwk", _object(members), _import_parameters(key.algorithm), False, to_js([use])
                )
            )
            while len(self._imported) >= _MAX_KEPT:
                del self._imported[next(iter(self._imported))]
            self._imported[name] = imported
        return imported


def _import_parameters(algorithm: Algorithm) -> Any:
    if algorithm.scheme is Scheme.ECDSA:
        return _object({"name": algorithm.scheme, "namedCurve": algorithm.curve})
    if algorithm.scheme is Scheme.EDDSA:
        return _object({"name": algorithm.scheme})
    return _object({"name": algorithm.scheme, "hash": f"SHA-{algorithm.hash_bits}"})


def _operation(algorithm: Algorithm) -> Any:
    parameters: dict[str, Any] = {"name": algorithm.scheme}
    if algorithm.scheme is Scheme.ECDSA:
        parameters["hash"] = f"SHA-{algorithm.hash_bits}"
    elif algorithm.scheme is Scheme.PSS:
        parameters["saltLength"] = algorithm.hash_bits // 8  # RFC 7518, section 3.5
    return _object(parameters)


def _object(members: dict[str, Any]) -> Any:
    return js.JSON.parse(json.dumps(members))
