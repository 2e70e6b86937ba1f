"""The caching rules that decide whether a response may be stored and for how long.

A cautious part of RFC 9111 for a shared cache: where a rule is not implemented (Vary, validation by
the cache, partial content) the answer is not stored, so that nothing wrong can be served.
"""

import re
from collections.abc import Mapping

from messages import Headers, Request, Response

_DIRECTIVE = re.compile(r'\s*([A-Za-z0-9-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,"]*)))?\s*(?:,|$)')
_MAX_TTL = 31_536_000.0


def cache_control(headers: Headers) -> Mapping[str, str]:
    """The directives of Cache-Control, names in lower case; the first of several wins."""
    directives: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(", ".join(headers.get_all("cache-control"))):
        directives.setdefault(match[1].lower(), match[2] or match[3] or "")
    return directives


def may_look_up(request: Request) -> bool:
    """Whether a stored response may answer `request` (RFC 9111, section 4; 5.2.1)."""
    if request.method not in ("GET", "HEAD") or "range" in request.headers:
        return False
    directives = cache_control(request.headers)
    return "no-cache" not in directives and "no-store" not in directives


def freshness_lifetime(request: Request, response: Response, default: float) -> float:
    """Seconds for which `response` may be stored and used; 0 where it may not be.

    Order of RFC 9111, section 4.2.1, for a shared cache: s-maxage, max-age, then `default`.
    """
    directives = cache_control(response.headers)
    if not _may_store(request, response, directives):
        return 0.0
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return _seconds(directives[name])
    return default


def _may_store(request: Request, response: Response, directives: Mapping[str, str]) -> bool:
    """RFC 9111, section 3, and its section 3.5 for requests with Authorization."""
    if request.method != "GET" or response.status != 200 or "range" in request.headers:
        return False
    if any(word in directives for word in ("no-store", "private", "no-cache")):
        return False
    if "no-store" in cache_control(request.headers):
        return False
    if "set-cookie" in response.headers or _varies(response.headers):
        return False
    return "authorization" not in request.headers or bool(
        {"public", "s-maxage"} & directives.keys()
    )


def _varies(headers: Headers) -> bool:
    """Whether the response depends on more than the key. Encodings are the runtime's business."""
    fields = ",".join(headers.get_all("vary")).lower().split(",")
    return any(field.strip() not in ("", "accept-encoding") for field in fields)


def _seconds(value: str) -> float:
    """Delta-seconds (RFC 9111, section 1.2.2); what is none counts as stale already."""
    return min(float(value), _MAX_TTL) if value.isascii() and value.isdigit() else 0.0


def matches_etag(request: Request, etag: str | None) -> bool:
    """Whether If-None-Match of `request` names `etag`, by weak comparison (RFC 9110, 13.1.2)."""
    field = request.headers.get("if-none-match")
    if field is None or etag is None:
        return False
    if field.strip() == "*":
        return True
    wanted = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") == wanted for tag in field.split(","))
