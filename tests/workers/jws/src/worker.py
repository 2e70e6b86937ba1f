"""Verifies tokens that come as JSON cases, by WebCrypto, and answers with what came of each."""

from typing import Any

import js
import msgspec
from pyodide.ffi import run_sync

from contract.webcrypto import WebCrypto
from tests.cases.judging import judge, sign_and_verify

_webcrypto = WebCrypto()


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """POST /judge with cases, or /sign with JWK sets, as a JSON array."""
    cases = msgspec.json.decode(run_sync(request.text()))
    function = {"judge": judge, "sign": sign_and_verify}[request.url.rpartition("/")[2]]
    results = [function(case, _webcrypto) for case in cases]
    return js.Response.new(msgspec.json.encode(results).decode())
