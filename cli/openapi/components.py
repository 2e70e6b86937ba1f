"""What every operation refers to: the problem document, header fields, the security scheme."""

from typing import Any, Final

from contract.problems import MEDIA_TYPE, Category, ProblemType, registry
from contract.sessions import SESSION_COOKIE
from routing.table import AccessSettings

SECURITY: Final = "bearer"

HEADERS: Final = {
    "X-Request-Id": "Finds the request in the gateway's logs.",
    "RateLimit": "What is left of the quota (IETF httpapi draft).",
    "RateLimit-Policy": "The quota (IETF httpapi draft).",
    "Retry-After": "Seconds after which to try again (RFC 9110).",
    "Deprecation": "Since when the version is deprecated (RFC 9745).",
    "Sunset": "When the version goes away (RFC 8594).",
    "Link": "The documentation of deprecation and sunset, and the same resource in the successor.",
    "Cache-Status": "Whether the gateway's cache has answered (RFC 9211).",
    "Vary": "Header fields on which the answer depends.",
    "Access-Control-Allow-Origin": "The origin whose pages may read the answer (Fetch standard).",
    "WWW-Authenticate": "How to authenticate (RFC 6750).",
    "Location": "Where the resource is.",
}


def components() -> dict[str, Any]:
    """The components of every document."""
    return {
        "schemas": {"Problem": _problem()},
        "headers": {
            name: {"description": told, "schema": {"type": "string"}}
            for name, told in HEADERS.items()
        },
        "securitySchemes": {
            SECURITY: {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "An access token or an API key.",
            }
        },
    }


def other_schemes(access: object) -> dict[str, dict[str, str]]:
    """The security schemes of a route that takes credentials elsewhere than behind `Bearer`."""
    if not isinstance(access, AccessSettings):
        return {}
    places = access.api_key
    named = {"header": places.header, "query": places.query} if places is not None else {}
    if access.session:
        named["cookie"] = SESSION_COOKIE
    return {
        f"{place}.{name}": {"type": "apiKey", "in": place, "name": name}
        for place, name in named.items()
        if name is not None
    }


def header(name: str) -> dict[str, str]:
    """A reference to a header field."""
    return {"$ref": f"#/components/headers/{name}"}


def problem_content(problems: list[ProblemType]) -> dict[str, Any]:
    """The content of an answer that is one of `problems`."""
    codes = {"properties": {"code": {"enum": [one.code for one in problems]}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, codes]}
    return {MEDIA_TYPE: {"schema": schema}}


def _problem() -> dict[str, Any]:
    """RFC 9457, with the members that the gateway adds."""
    text = {"type": "string"}
    members: dict[str, Any] = {
        "type": {"type": "string", "format": "uri-reference"},
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "code": {"type": "string", "examples": list(registry())[:3]},
        "category": {"type": "string", "enum": [category.value for category in Category]},
        "retryable": {"type": "boolean"},
    }
    required = list(members)
    members["request_id"] = text
    members["errors"] = {
        "type": "array",
        "description": "All that does not fit, where parameters or a body are checked.",
        "items": {
            "type": "object",
            "properties": {
                "in": {"enum": ["path", "query", "header", "body"]},
                "pointer": {"type": "string", "description": "A JSON Pointer as a fragment."},
                "detail": text,
                "schema": text,
            },
            "required": ["in", "pointer", "detail"],
        },
    }
    return {"type": "object", "properties": members, "required": required}
