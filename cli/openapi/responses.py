"""What an operation may answer: the service's own answers, and each problem of its pipeline."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli.openapi.components import header, problem_content
from cli.openapi.schemas import checked, schema_of
from contract import problems
from contract.problems import ProblemType
from routing.compile import CompiledRoute, Step
from routing.ends import services_of
from routing.limits import limits_of
from routing.table import RouteSettings, Table
from routing.versions import Version

_OF_STEP: Final[dict[str, tuple[ProblemType, ...]]] = {
    "maintenance": (problems.MAINTENANCE,),
    "csrf": (problems.CSRF_REFUSED,),
    "network": (problems.CLIENT_NOT_ALLOWED,),
    "guard": (problems.CONTENT_TOO_LARGE,),
    "websocket": (problems.WEBSOCKET_EXPECTED,),
    "rate_limit": (problems.RATE_LIMITED,),
    "load_shedding": (problems.OVERLOADED,),
    "circuit_breaker": (problems.UPSTREAM_UNAVAILABLE,),
    "bulkhead": (problems.UPSTREAM_BUSY,),
}
"""Problems of the steps that raise the same ones whatever their settings say."""

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_RETRY_AFTER: Final = frozenset(
    {
        "rate-limited",
        "auth-unavailable",
        "upstream-unavailable",
        "maintenance",
        "overloaded",
        "upstream-busy",
        "idempotency-in-progress",
        "idempotency-unavailable",
    }
)


def responses(table: Table, route: CompiledRoute, method: str) -> dict[str, Any]:
    """The responses object."""
    always = _fields(table, route)
    found: dict[str, Any] = _good(route.versioned.settings, always)
    known = checked(route.versioned)
    if "response" in known and "2XX" in found:
        found["2XX"]["content"] = {"application/json": {"schema": schema_of(known["response"])}}
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
    if services_of(route.versioned.settings):
        found["default"] = {"description": "An error of the service.", "headers": always}
    return found


def _good(settings: RouteSettings, always: dict[str, Any]) -> dict[str, Any]:
    """What the end of the route answers where all is well."""
    if settings.redirect is not None:
        fields = {**always, "Location": header("Location")}
        return {str(settings.redirect.status): {"description": "Elsewhere.", "headers": fields}}
    if settings.respond is not None:
        told = {"description": "An answer of the gateway's own.", "headers": always}
        return {str(settings.respond.status): told}
    if settings.aggregate is not None:
        parts = settings.aggregate.parts
        document = {"type": "object", "properties": {name: {} for name in parts}}
        told = {
            "description": f"The answers of several services: {', '.join(parts)}.",
            "headers": always,
            "content": {"application/json": {"schema": document}},
        }
        return {"200": told}
    if settings.websocket:
        return {"101": {"description": "A WebSocket (RFC 6455).", "headers": always}}
    return {"2XX": {"description": "The answer of the service.", "headers": always}}


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
            yield from _of_credentials(step.settings)
        elif step.name == "authorize":
            yield from _of_requirements(step.settings)
        elif step.name in ("carry_up", "transform"):
            yield from _of_transform(table, route, method)
        elif step.name == "validate":
            yield from _of_validation(route, method)
        else:
            yield from _of_step(step, method)
    if services_of(route.versioned.settings):
        yield from _of_services(table, route)
    yield problems.INTERNAL_ERROR


def _of_credentials(settings: Mapping[str, Any]) -> Iterator[ProblemType]:
    yield problems.UNAUTHENTICATED
    yield problems.INVALID_CREDENTIALS
    if settings["scopes"]:
        yield problems.INSUFFICIENT_SCOPE
    yield problems.AUTH_UNAVAILABLE


def _of_requirements(settings: Mapping[str, Any]) -> Iterator[ProblemType]:
    """Of what callers have to be, beside all of some scopes."""
    if "any_scopes" in settings:
        yield problems.INSUFFICIENT_SCOPE
    if settings.keys() - {"any_scopes"}:
        yield problems.ACCESS_DENIED


def _of_step(step: Step, method: str) -> Iterator[ProblemType]:
    if step.name == "idempotency":
        yield from _of_idempotency(step.settings) if method != "GET" else ()
    elif step.name != "guard" or method in _WITH_BODY:
        yield from _OF_STEP.get(step.name, ())


def _of_idempotency(settings: Mapping[str, Any]) -> Iterator[ProblemType]:
    if settings["required"]:
        yield problems.IDEMPOTENCY_KEY_MISSING
    yield problems.IDEMPOTENCY_KEY_REUSED
    yield problems.IDEMPOTENCY_IN_PROGRESS
    yield problems.IDEMPOTENCY_IN_DOUBT
    yield problems.IDEMPOTENCY_NOT_KEPT
    yield problems.IDEMPOTENCY_UNAVAILABLE


def _of_services(table: Table, route: CompiledRoute) -> Iterator[ProblemType]:
    """Of those that the route calls."""
    settings = route.versioned.settings
    if settings.aggregate is not None:
        yield problems.UPSTREAM_INVALID
    if settings.service is None:
        called = [table.services[name] for name in services_of(settings)]
        if any(service.circuit_breaker for service in called):
            yield problems.UPSTREAM_UNAVAILABLE
        if any(service.bulkhead for service in called):
            yield problems.UPSTREAM_BUSY
    yield problems.UPSTREAM_UNREACHABLE
    yield problems.UPSTREAM_TIMEOUT


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


def _of_validation(route: CompiledRoute, method: str) -> Iterator[ProblemType]:
    validation = route.versioned.validation
    if validation is None:
        return
    if validation.settings.body is not None and method in _WITH_BODY:
        yield problems.UNSUPPORTED_MEDIA_TYPE
        yield problems.CONTENT_TOO_LARGE
        yield problems.INVALID_JSON
        yield problems.INVALID_CONTENT
    if validation.settings.response is not None:
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
    names += ["RateLimit", "RateLimit-Policy"] if limits_of(table, settings) else []
    names += ["Access-Control-Allow-Origin"] if settings.cors else []
    names += ["Cache-Status"] if settings.cache else []
    return {name: header(name) for name in names}
