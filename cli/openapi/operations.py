"""One operation: a route under one method, with what it asks for and what it may answer."""

from collections.abc import Mapping
from typing import Any, Final

from cli.openapi.components import SECURITY, other_schemes
from cli.openapi.paths import PublicPath
from cli.openapi.responses import responses
from cli.openapi.schemas import checked, schema_of
from idempotency.keys import MAX_KEY
from limiting.settings import RateLimitSettings
from routing.compile import CompiledRoute
from routing.ends import end_of
from routing.limits import limits_of
from routing.schemas import Used
from routing.table import AccessSettings, Condition, ConditionSettings, RouteSettings, Table

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


def operation(
    table: Table, route: CompiledRoute, path: PublicPath, method: str, identity: str
) -> dict[str, Any]:
    """The operation object; `identity` is its operationId."""
    settings = route.versioned.settings
    steps = {step.name: step.settings for step in route.steps()}
    found: dict[str, Any] = {"operationId": identity, "tags": [tag_of(settings)]}
    if settings.summary:
        found["summary"] = settings.summary
    if route.version is not None and any(name == "deprecation" for name, _ in route.version.fields):
        found["deprecated"] = True
    known = checked(route.versioned)
    validated = _validated(route, known)
    taken = {(one["in"], one["name"].lower()) for one in validated}
    conditions = [
        one for one in _conditions(settings) if (one["in"], one["name"].lower()) not in taken
    ]
    parameters = [*_of_path(path, known), *_of_version(table, route), *conditions, *validated]
    if "csrf" in steps and method != "GET":
        parameters.append(_token(steps["csrf"]["header"]))
    if "idempotency" in steps and method != "GET":
        parameters.append(_key(required=steps["idempotency"]["required"]))
    if parameters:
        found["parameters"] = parameters
    if method in _WITH_BODY:
        found["requestBody"] = _body(route, known)
    found["responses"] = responses(table, route, method)
    if "authenticate" in steps:
        scopes = list(steps["authenticate"]["scopes"])
        one_of = steps.get("authorize", {}).get("any_scopes") or (None,)
        # Of several requirements one has to be met.
        found["security"] = [
            *({SECURITY: [*scopes, *([one] if one else [])]} for one in one_of),
            *({name: []} for name in other_schemes(settings.access)),
        ]
    if settings.hosts:
        found["servers"] = [_server(host) for host in settings.hosts]
    return found | _extensions(table, route)


def tag_of(settings: RouteSettings) -> str:
    """Operations are told apart by their service, or by the kind of end that they have instead."""
    return settings.service or end_of(settings)


def _body(route: CompiledRoute, known: Mapping[str, Used]) -> dict[str, Any]:
    validation = route.versioned.validation
    if validation is None or "body" not in known:
        return {"content": {"application/json": {"schema": {}}}}
    content = {"application/json": {"schema": schema_of(known["body"])}}
    return {"required": validation.settings.body_required, "content": content}


def _validated(route: CompiledRoute, known: Mapping[str, Used]) -> list[dict[str, Any]]:
    """Parameters of the query and header fields that are checked by a schema."""
    found: list[dict[str, Any]] = []
    validation = route.versioned.validation
    for one in known.values() if validation is not None else ():
        if validation is None or one.part not in ("query", "headers"):
            continue
        name = str(one.path[1])
        place = "header" if one.part == "headers" else "query"
        fold = str.lower if place == "header" else str
        required = fold(name) in map(fold, getattr(validation.settings.required, one.part))
        schema = schema_of(one)
        found.append({"name": name, "in": place, "required": required, "schema": schema})
    return found


def _of_path(path: PublicPath, known: Mapping[str, Used]) -> list[dict[str, Any]]:
    found = []
    for name, schema in path.parameters.items():
        if f"path.{name}" in known:
            schema = schema_of(known[f"path.{name}"])  # noqa: PLW2901
            found.append({"name": name, "in": "path", "required": True, "schema": schema})
            continue
        plain = {key: value for key, value in schema.items() if key != "description"}
        parameter = {"name": name, "in": "path", "required": True, "schema": plain}
        if "description" in schema:
            parameter["description"] = schema["description"]
        found.append(parameter)
    return found


def _of_version(table: Table, route: CompiledRoute) -> list[dict[str, Any]]:
    """What names the version, where the path does not."""
    versions = table.versions
    if route.version is None or versions.select.path:
        return []
    name = route.version.name
    required = name != versions.default
    schema = {"type": "string", "enum": [name, name[1:]]}
    place = {"in": "header", "name": versions.select.header}
    if versions.select.header is None:
        if versions.select.query is None:
            return []
        place = {"in": "query", "name": versions.select.query}
    return [{**place, "required": required, "schema": schema}]


def _token(field: str) -> dict[str, Any]:
    """What shows that a request is no other page's doing; only those with a cookie need it."""
    told = "With a cookie: the token against cross-site request forgery."
    schema = {"type": "string"}
    return {"name": field, "in": "header", "required": False, "description": told, "schema": schema}


def _key(*, required: bool) -> dict[str, Any]:
    """What makes a request take effect once, however often it is sent."""
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": required,
        "description": "A text of its own for each request, the same one when it is repeated.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 2 * MAX_KEY + 2},
    }


def _conditions(settings: RouteSettings) -> list[dict[str, Any]]:
    """Header fields and parameters that a request has to carry for this route."""
    found = []
    for place, conditions in (("header", settings.headers), ("query", settings.query)):
        for name, condition in conditions.items():
            schema = _schema(condition)
            if schema is not None:
                found.append({"name": name, "in": place, "required": True, "schema": schema})
    return found


def _schema(condition: Condition) -> dict[str, Any] | None:
    """What a value has to be; None where there must be none."""
    if isinstance(condition, str):
        condition = ConditionSettings(exact=condition)
    if condition.exact is not None:
        return {"type": "string", "const": condition.exact}
    if condition.regex is not None:
        return {"type": "string", "pattern": f"^(?:{condition.regex})$"}
    return {"type": "string"} if condition.present else None


def _server(host: str) -> dict[str, Any]:
    if not host.startswith("*."):
        return {"url": f"https://{host}"}
    variables = {"name": {"default": "www", "description": "Any name, of one or more parts."}}
    return {"url": f"https://{{name}}{host[1:]}", "variables": variables}


def _limit(name: str, limit: RateLimitSettings) -> dict[str, Any]:
    return {
        "policy": name,
        "quota": limit.quota,
        **({"window": limit.window} if limit.window is not None else {}),
        **({"period": limit.period} if limit.period is not None else {}),
        "by": limit.by if isinstance(limit.by, str) else list(limit.by),
    }


def _extensions(table: Table, route: CompiledRoute) -> dict[str, Any]:
    """What OpenAPI has no member for."""
    settings = route.versioned.settings
    found: dict[str, Any] = {"x-gateway-max-body": settings.max_body}
    limits = [_limit(name, table.rate_limits[name]) for name in limits_of(table, settings)]
    if limits:
        found["x-gateway-rate-limit"] = limits[0] if len(limits) == 1 else limits
    if isinstance(settings.access, AccessSettings):
        for member in ("permissions", "any_permissions"):
            if wanted := getattr(settings.access, member):
                found[f"x-gateway-{member.replace('_', '-')}"] = list(wanted)
    if settings.cors is not None:
        cors = table.cors[settings.cors]
        found["x-gateway-cors"] = {
            "policy": settings.cors,
            "origins": list(cors.origins),
            "credentials": cors.credentials,
        }
    if settings.cache is not None:
        found["x-gateway-cache-ttl"] = settings.cache.ttl
    if settings.maintenance is not False:
        found["x-gateway-maintenance"] = True
    return found
