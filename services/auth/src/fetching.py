"""Fetches the documents of foreign issuers: bounded in size and time, and never led elsewhere."""

from typing import Final

import js
import msgspec
from pyodide.ffi import JsException, jsnull, run_sync

from contract.jose.jwk import MAX_SET_LENGTH
from identity.issuer_keys import Fetched, Unreachable

_TIMEOUT: Final = 3000
"""Milliseconds for all of it, the body included."""


def fetch(url: str) -> Fetched:
    """Get the document at `url`. Raises `Unreachable`; a redirect is one reason for that."""
    options = js.JSON.parse('{"redirect":"manual","headers":{"accept":"application/json"}}')
    options.signal = js.AbortSignal.timeout(_TIMEOUT)
    try:
        response = run_sync(js.fetch(url, options))
        if response.status != 200:
            if response.body is not jsnull:
                response.body.cancel()
            raise Unreachable(f"{url}: status {response.status}")
        headers = js.JSON.stringify(js.Object.fromEntries(response.headers))
        return Fetched(_read(response.body), msgspec.json.decode(headers, type=dict[str, str]))
    except JsException as error:
        raise Unreachable(f"{url}: {str(error)[:200]}") from None


def _read(body: object) -> bytes:
    if body is jsnull:
        return b""
    reader = body.getReader()  # type: ignore[attr-defined]
    content = b""
    while not (step := run_sync(reader.read())).done:
        content += step.value.to_bytes()
        if len(content) > MAX_SET_LENGTH:
            reader.cancel()
            raise Unreachable("the document is too long")
    return content
