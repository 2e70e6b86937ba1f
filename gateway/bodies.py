"""Bodies in memory, for policies that look into them; or the problem of whoever did not send one.

A request's is the client's doing, an answer's that of the service.
"""

from contract.problems import (
    CONTENT_TOO_LARGE,
    MALFORMED_REQUEST,
    REQUEST_TIMEOUT,
    UPSTREAM_INVALID,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from messages import BodyBroken, BodyTooLarge, Request, Response, read_body


async def request_content(request: Request, limit: int) -> bytes:
    """The body of `request`, which is in memory from now on.

    Raises `Problem`: content-too-large beyond `limit` bytes, malformed-request where it breaks off,
    request-timeout where nothing comes of it for too long.
    """
    try:
        content = await read_body(request.body, limit)
    except BodyTooLarge:
        raise Problem(
            CONTENT_TOO_LARGE, f"This route takes bodies of up to {limit} bytes.", limit=limit
        ) from None
    except BodyBroken as failure:
        if failure.timed_out:
            raise Problem(REQUEST_TIMEOUT) from None
        raise Problem(MALFORMED_REQUEST, "The body ends before it is complete.") from None
    if request.body is not None:
        request.body = content
    return content


async def answer_content(response: Response, limit: int, why: str) -> bytes:
    """The body of `response`, which is in memory from now on, and without a coding.

    Raises `Problem`: upstream-invalid beyond `limit` bytes, `why` being the detail,
    upstream-timeout or upstream-unreachable where it breaks off.
    """
    try:
        response.body = content = await read_body(response.body, limit)
    except BodyTooLarge:
        # What was read of it is gone, so it cannot be passed on either.
        raise Problem(UPSTREAM_INVALID, why) from None
    except BodyBroken as failure:
        if failure.timed_out:
            raise Problem(UPSTREAM_TIMEOUT, "The answer was not complete in time.") from None
        raise Problem(UPSTREAM_UNREACHABLE, "The answer broke off.") from None
    response.origin = None  # its body has been read
    if "content-encoding" in response.headers:
        # What was read is decoded: the runtime does that by itself.
        response.headers.remove("content-encoding", "content-length")
    return content
