"""What an operation may answer: the service's own answers, and each problem of its pipeline."""

from collections.abc import Iterator
from typing import Any, Final

from cli.openapi.components import header, problem_content
from contract import problems
from contract.problems import ProblemType
from routing.compile import CompiledRoute
from routing.table import Table
from routing.versions import Version

_OF_STEP: Final[dict[str, tuple[ProblemType, ...]]] = {
    "maintenance": (problems.MAINTENANCE,),
    "csrf": (problems.CSRF_REFUSED,),
    "network": (problems.CLIENT_NOT_ALLOWED,),
    "guard": (problems.CONTENT_TOO_LARGE,),
    "rate_limit": (problems.RATE_LIMITED,),
    "circuit_breaker": (problems.UPSTREAM_UNAVAILABLE,),
}
"""Problems of the steps that raise the same ones whatever their settings say."""

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_RETRY_AFTER: Final = frozenset(
    {"rate-limited", "auth-unavailable", "upstream-unavailable", "maintenance"}
)


def responses(table: Table, route: CompiledRoute, method: str) -> dict[str, Any]:
    """The responses object."""
    always = _fields(table, route)
    found: dict[str, Any] = {
        "2XX": {"description": "The answer of the service.", "headers": always}
    }
    version = route.version
    if version is not None and _ends(version) and version.after_sunset == "redirect":
        moved = "After the sunset: the same resource in the successor."
        found["308"] = {"description": moved, "headers": {**always, "Location": header("Location")}}
    by_status: dict[int, list[ProblemType]] = {}
    for problem in dict.fromkeys(_problems(table, route, method)):
        by_status.setdefault(problem.status, []).append(problem)
    for status in sorted(by_status):
        of_status = by_status[status]
        fields = dict(always)
        if status == 401 or problems.INSUFFICIENT_SCOPE in of_status:
            fields["WWW-Authenticate"] = header("WWW-Authenticate")
        if any(problem.code in _RETRY_AFTER for problem in of_status):
            fields["Retry-After"] = header("Retry-After")
        found[str(status)] = {
            "description": "; ".join(problem.title for problem in of_status) + ".",
            "headers": fields,
            "content": problem_content(of_status),
        }
    found["default"] = {"description": "An error of the service.", "headers": always}
    return found


def _problems(table: Table, route: CompiledRoute, method: str) -> Iterator[ProblemType]:
    """In the order of the pipeline."""
    yield problems.MALFORMED_REQUEST
    if route.version is not None:
        yield problems.UNSUPPORTED_VERSION
        yield problems.VERSION_CONFLICT
    yield problems.NOT_FOUND
    if route.version is not None and _ends(route.version):
        yield problems.VERSION_GONE
    for step in route.steps():
        if step.name == "authenticate":
            yield problems.UNAUTHENTICATED
            yield problems.INVALID_CREDENTIALS
            if step.settings["scopes"]:
                yield problems.INSUFFICIENT_SCOPE
            yield problems.AUTH_UNAVAILABLE
        elif step.name == "authorize":
            yield from [problems.INSUFFICIENT_SCOPE] if "any_scopes" in step.settings else []
            yield from [problems.ACCESS_DENIED] if step.settings.keys() - {"any_scopes"} else []
        elif step.name == "transform":
            yield from _of_transform(table, route, method)
        elif step.name != "guard" or method in _WITH_BODY:
            yield from _OF_STEP.get(step.name, ())
    yield problems.UPSTREAM_UNREACHABLE
    yield problems.UPSTREAM_TIMEOUT
    yield problems.INTERNAL_ERROR


def _ends(version: Version) -> bool:
    return version.sunset is not None and version.after_sunset != "serve"


def _of_transform(table: Table, route: CompiledRoute, method: str) -> Iterator[ProblemType]:
    transforms = [table.transforms[name] for name in route.versioned.transforms]
    if method in _WITH_BODY and any(one.request.json for one in transforms):
        yield problems.INVALID_JSON
        yield problems.UNSUPPORTED_MEDIA_TYPE
        yield problems.CONTENT_TOO_LARGE
    if any(one.response.json for one in transforms):
        yield problems.UPSTREAM_INVALID


def _fields(table: Table, route: CompiledRoute) -> dict[str, Any]:
    """Header fields that every answer may carry."""
    settings, version = route.versioned.settings, route.version
    names = ["X-Request-Id"]
    if version is not None:
        fields = dict(version.fields)
        names += ["Deprecation"] if "deprecation" in fields else []
        names += ["Sunset"] if "sunset" in fields else []
        names += ["Link"] if version.links or version.successor else []
        names += ["Vary"] if not table.versions.select.path and not settings.cors else []
    names += ["Vary"] if settings.cors else []
    names += ["RateLimit", "RateLimit-Policy"] if settings.rate_limit else []
    names += ["Access-Control-Allow-Origin"] if settings.cors else []
    names += ["Cache-Status"] if settings.cache else []
    return {name: header(name) for name in names}
