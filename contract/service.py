"""The HTTP vocabulary of a service's core: request, answer, and every error as a problem document.

Plain Python: `contract.edge` makes these values from JavaScript's and the other way round.
"""

import traceback
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from contract import problems
from contract.auth import Principal
from contract.database import DatabaseUnavailable
from contract.names import REQUEST_ID
from contract.nesting import MAX_DEPTH, is_too_deep
from contract.problems import MEDIA_TYPE, Problem

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
FORM: Final = "application/x-www-form-urlencoded"

Log = Callable[[dict[str, Any]], None]
"""Writes one line of the structured log."""

T = TypeVar("T")


class ServiceRequest(msgspec.Struct, frozen=True):
    """A request as the gateway sent it. Header names are lower case; `query` has no `?`."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    caller: Principal | None = None
    """Whoever the gateway says is calling, if that was verified: see `contract.callers`."""

    @property
    def media_type(self) -> str:
        """The Content-Type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def principal(self) -> Principal:
        """The caller, as the gateway verified it. Raises a 401 `Problem` where there is none."""
        if self.caller is None:
            raise Problem(problems.UNAUTHENTICATED, headers={"www-authenticate": "Bearer"})
        return self.caller


class ServiceResponse(msgspec.Struct):
    """An answer. A body of None is no body at all; each of `cookies` is a Set-Cookie field."""

    status: int
    headers: dict[str, str] = {}
    body: bytes | None = None
    cookies: tuple[str, ...] = ()


def json_response(
    content: Any, status: int = 200, headers: dict[str, str] | None = None
) -> ServiceResponse:
    """`content` as JSON, with `Content-Type` added to `headers`."""
    fields = {"content-type": JSON, **(headers or {})}
    return ServiceResponse(status, fields, msgspec.json.encode(content))


def decode_json(request: ServiceRequest, decoder: msgspec.json.Decoder[T], *accepted: str) -> T:
    """The body, if its media type is one of `accepted`.

    Raises a `Problem`: 415 for another media type, 400 for what is not JSON, 422 with msgspec's own
    words (which name the member by its path) for what does not fit.
    """
    if request.media_type not in accepted:
        field = "accept-patch" if request.method == "PATCH" else "accept-post"
        wanted = ", ".join(accepted)
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE,
            f"Send the body as {' or '.join(accepted)}.",
            headers={field: wanted},
        )
    if is_too_deep(request.body):
        raise Problem(problems.INVALID_JSON, f"It is nested more than {MAX_DEPTH} levels deep.")
    try:
        try:
            return decoder.decode(request.body)
        except msgspec.ValidationError as error:
            # It reads no further than to the first thing that does not fit, so whether the whole
            # is JSON is not known yet. ValidationError is a DecodeError too.
            msgspec.json.decode(request.body)
            raise Problem(problems.INVALID_CONTENT, f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(problems.INVALID_JSON, f"{error}.") from None


def answer(
    handle: Callable[[ServiceRequest], T], request: ServiceRequest, log: Log
) -> T | ServiceResponse:
    """Run `handle`; every exception becomes a problem document, and defects a line in the log."""
    request_id = request.headers.get(REQUEST_ID)
    try:
        return handle(request)
    except Problem as raised:
        problem = raised
    except DatabaseUnavailable as error:
        log({"level": "error", "request_id": request_id, "event": "database", "error": str(error)})
        problem = Problem(problems.DATABASE_UNAVAILABLE, headers={"retry-after": "1"})
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        log({"level": "error", "request_id": request_id, "event": "defect", "traceback": trace})
        problem = Problem(problems.INTERNAL_ERROR)
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **problem.headers}
    return ServiceResponse(problem.type.status, headers, problem.document(request_id))
