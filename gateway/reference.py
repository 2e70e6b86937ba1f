"""`/problems/{code}`: what a problem type means, at the very address that its documents carry."""

import msgspec

from contract.problems import METHOD_NOT_ALLOWED, NOT_FOUND, TYPE_PREFIX, Problem, registry
from messages import Headers, Request, Response


def explain_problem(request: Request) -> Response:
    """The registry's entry for the path. Raises `Problem` (not-found, method-not-allowed)."""
    if request.method not in ("GET", "HEAD"):
        raise Problem(METHOD_NOT_ALLOWED, headers={"allow": "GET, HEAD"})
    entry = registry().get(request.path.removeprefix(TYPE_PREFIX))
    if entry is None:
        raise Problem(NOT_FOUND, "There is no problem type of this name.")
    headers = Headers(
        [("content-type", "application/json"), ("cache-control", "public, max-age=86400")]
    )
    return Response(200, headers, msgspec.json.encode(entry))
