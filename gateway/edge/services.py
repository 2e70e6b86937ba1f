"""Services behind the core's port: service bindings and URLs, spoken to by fetch."""

import time
from typing import Any

import js

from edge.asking import ask
from edge.convert import JsStream, cut_off, keeps_codings, request_to_js, response_from_js
from edge.driver import promising
from edge.upload import SMALL, Upload, complete
from messages import Request, Response
from ports import Unavailable, Unsent

_fetch = promising(js.fetch)


class BoundService:
    """A service binding, spoken to by fetch. The host name is never resolved."""

    def __init__(self, name: str, binding: Any) -> None:
        self._name = name
        self._fetch = promising(binding.fetch, binding)
        self._base = f"https://{name.lower()}.internal"

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        base = self._base
        if host is not None:
            base = f"https://{host}"
            request.headers.set("host", host)
        return await _send(self._name, (self._fetch, base), request, timeout, total)


class MissingService:
    """A binding that wrangler.toml does not declare: only the routes that lead there fail."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        raise Unavailable(self._name, reason="there is no such binding")


class UrlService:
    """A service at an absolute URL."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        request.headers.remove("host")  # fetch says the one of the URL, and no other
        return await _send(self._base, (_fetch, self._base), request, timeout, total)


async def _send(
    name: str, call: tuple[Any, str], request: Request, timeout: float, total: float | None
) -> Response:
    fetch, base = call
    query = f"?{request.query}" if request.query else ""
    url = f"{base}{request.path}{query}"
    end = None if total is None else js.AbortSignal.timeout(total * 1000)
    patience = timeout if total is None else min(timeout, total)
    body, upload, content = request.body, None, None
    if isinstance(body, JsStream):
        if body.length is not None and body.length <= SMALL:
            began = time.time()
            content = await complete(body, name, patience)
            body.arrived = time.time()
            if total is not None:
                patience = min(timeout, max(0.0, total - (body.arrived - began)))
        else:
            upload = Upload(body)
            content = upload.stream
    try:
        answer = await ask(name, patience, fetch, url, request_to_js(request, content))
    except Unavailable as failure:
        if upload is not None and await upload.is_missing(late=failure.timed_out):
            reason = "the client has broken off"
            raise Unsent(name, timed_out=failure.timed_out, reason=reason) from None
        raise
    response = response_from_js(answer, is_coded=request.keeps_coding and keeps_codings())
    if end is not None:
        response = cut_off(response, end)
    if isinstance(response.body, JsStream):
        response.body.patience = timeout
    return response
