"""Checks of what routes do at their end, and of what goes with a call to a service."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import UNSET

from ends.aggregate import ERRORS
from ends.respond import templates_of
from ends.settings import HeaderEdits, PartSettings, RedirectSettings, RespondSettings
from resilience.repeating import IDEMPOTENT
from routing.changes import without_types
from routing.check.finding import Finding, Path, known
from routing.ends import ENDS, given_ends
from routing.paths import PathTemplate
from routing.regexes import group_names
from routing.table import RouteSettings, Table
from transforms.check import header_objections
from transforms.fields import is_owned, is_protected
from transforms.fields import templates_of as templates_in
from transforms.percent import encode_for_field
from transforms.target import Target
from transforms.templates import Placeholder, TemplateError

_BODILESS: Final = frozenset({204, 205, 304})
_NAMED: Final = ("header", "cookie")


def check_ends(table: Table) -> Iterator[Finding]:
    """What is wrong with the end of each route."""
    for position, route in enumerate(table.routes):
        at: Path = ("routes", position)
        given = given_ends(route)
        if len(given) != 1:
            listed = f"{', '.join(f'`{name}`' for name in ENDS[:-1])} and `{ENDS[-1]}`"
            found = " and ".join(f"`{name}`" for name in given) or "none"
            yield Finding(at, f"expected exactly one of {listed}, found {found}")
            continue
        if route.service is not None:
            yield from known(route.service, table.services, "service", (*at, "service"))
        yield from _check_backends(table, route, at)
        if route.redirect is not None:
            yield from _check_redirect(route, route.redirect, (*at, "redirect"))
        if route.respond is not None:
            yield from _check_respond(route, route.respond, (*at, "respond"))
        if route.aggregate is not None:
            yield from _check_aggregate(table, route, at)
        yield from _check_calls(table, route, given[0], at)


def parameters_of(route: RouteSettings) -> tuple[str, ...]:
    """The parameters that the path of `route` has; none where the path is wrong."""
    if route.path_regex is not None:
        try:
            return group_names(route.path_regex)
        except ValueError:
            return ()
    path = route.path or route.path_prefix
    return PathTemplate(without_types(path)).parameters if path is not None else ()


def _check_path(route: RouteSettings, path: str | None, at: Path) -> Iterator[Finding]:
    """Of a path that is filled in with the parameters of the route."""
    if path is None:
        return
    if any(segment in (".", "..") for segment in path.split("/")):
        yield Finding(at, "a path has no segments `.` and `..`")
    for name in PathTemplate(path).parameters:
        yield from known(name, parameters_of(route), "parameter", at)


def _check_backends(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    for place, backend in enumerate(route.backends):
        here: Path = (*at, "backends", place)
        yield from known(backend.service, table.services, "service", (*here, "service"))
        yield from _check_path(route, backend.upstream_path, (*here, "upstream_path"))
        for name, edits in (("request", backend.request), ("response", backend.response)):
            yield from _check_edits(route, edits, (*here, name, "headers"))
    if route.backends and not any(backend.weight for backend in route.backends):
        yield Finding((*at, "backends"), "every weight is 0, so no backend gets any request")
    sticky = route.sticky
    if sticky is None:
        return
    here = (*at, "sticky")
    if not route.backends:
        yield Finding(here, "there are no `backends` to choose from")
    if sticky.by in _NAMED and sticky.name is None:
        yield Finding(here, f"expected the `name` of the {sticky.by}")
    if sticky.by not in _NAMED and sticky.name is not None:
        yield Finding((*here, "name"), f"a client's {sticky.by} has no name")
    if sticky.by == "subject" and route.access == "public":
        yield Finding((*here, "by"), "callers of a route with `access: public` are not known")
    if route.cache is not None:
        yield Finding((*at, "cache"), "a cached answer is the same for all clients of `sticky`")


def _check_edits(route: RouteSettings, edits: HeaderEdits, at: Path) -> Iterator[Finding]:
    wrong = list(header_objections(edits.headers, at))
    yield from (Finding(path, message) for path, message in wrong)
    if not wrong:
        placeholders = [
            one for template in templates_in(edits.headers) for one in template.placeholders
        ]
        yield from _check_placeholders(route, placeholders, at)


def _check_placeholders(
    route: RouteSettings, placeholders: Sequence[Placeholder], at: Path
) -> Iterator[Finding]:
    for source, name in placeholders:
        if source == "body":
            yield Finding(at, "no body is read here, so `${body.…}` has no value")
        elif source == "path":
            yield from known(name, parameters_of(route), "parameter", at)
        elif source == "claim" and route.access == "public":
            yield Finding(at, "callers of a route with `access: public` are not known")


def _check_redirect(
    route: RouteSettings, redirect: RedirectSettings, at: Path
) -> Iterator[Finding]:
    told = (redirect.scheme, redirect.host, redirect.port, redirect.path, redirect.path_prefix)
    if not any(told):
        yield Finding(at, "it leads to where it came from: say what becomes different")
    if redirect.path is not None and redirect.path_prefix is not None:
        yield Finding(at, "expected at most one of `path` and `path_prefix`")
    if redirect.path_prefix is not None and route.path_prefix is None:
        yield Finding((*at, "path_prefix"), "the route has no `path_prefix` that it could replace")
    if (redirect.scheme or redirect.port) and redirect.host is None and not route.hosts:
        yield Finding(
            at,
            "a `scheme` or `port` needs a host in front: name it in `host`, or name the `hosts` of "
            "the route; what the client says is not enough",
        )
    yield from _check_path(route, redirect.path, (*at, "path"))
    yield from _check_path(route, redirect.path_prefix, (*at, "path_prefix"))


def _check_respond(route: RouteSettings, respond: RespondSettings, at: Path) -> Iterator[Finding]:
    has_json, has_text = respond.json is not UNSET, respond.text is not None
    if has_json and has_text:
        yield Finding(at, "expected at most one of `json` and `text`")
    if (has_json or has_text) and respond.status in _BODILESS:
        yield Finding((*at, "status"), f"an answer with the status {respond.status} has no body")
    if 300 <= respond.status < 400 and respond.status != 304:
        yield Finding((*at, "status"), "use `redirect` for that")
    yield from _check_fields(respond, (*at, "headers"))
    try:
        templates = templates_of(respond)
    except TemplateError as error:
        yield Finding((*at, "json" if has_json else "text"), str(error))
        return
    placeholders = [one for template in templates for one in template.placeholders]
    part: Path = (*at, "json" if has_json else "text")
    yield from _check_placeholders(route, placeholders, part)
    media_type = _media_type(respond)
    if has_text and placeholders and media_type != "text/plain":
        # Nothing is escaped there, so in HTML a client could put scripts into the answer.
        yield Finding(part, f"placeholders are for text/plain and `json`, not for {media_type}")


def _check_fields(respond: RespondSettings, at: Path) -> Iterator[Finding]:
    names: set[str] = set()
    for name, value in respond.headers.items():
        here = (*at, name)
        if is_owned(name) or is_protected(name):
            yield Finding(here, f"`{name}` belongs to HTTP or the gateway")
        if name.lower() in names:
            yield Finding(here, "the field is named twice, in other letters")
        names.add(name.lower())
        if encode_for_field(value) != value:
            yield Finding(here, "expected printable ASCII characters without a space at either end")


def _media_type(respond: RespondSettings) -> str:
    """That of a text."""
    for name, value in respond.headers.items():
        if name.lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return "text/plain"


def _check_aggregate(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    if route.aggregate is None:
        return
    if route.methods != ("GET",):
        yield Finding((*at, "methods"), "an aggregation asks its parts with GET: expected `[GET]`")
    for name, part in route.aggregate.parts.items():
        here: Path = (*at, "aggregate", "parts", name)
        if name == ERRORS:
            yield Finding(here, f"`{ERRORS}` is where the answer says which parts are missing")
        yield from known(part.service, table.services, "service", (*here, "service"))
        yield from _check_part(route, part, (*here, "path"))


def _check_part(route: RouteSettings, part: PartSettings, at: Path) -> Iterator[Finding]:
    try:
        target = Target(part.path)
    except TemplateError as error:
        yield Finding(at, str(error))
        return
    yield from (Finding(at, message) for message in target.objections())
    yield from _check_placeholders(route, target.template.placeholders, at)


def _check_calls(table: Table, route: RouteSettings, end: str, at: Path) -> Iterator[Finding]:
    """Of what goes with the call of a service: there has to be one, and it has to allow it."""
    calls = end in ("service", "backends")
    for name in (
        "mirror",
        "timeouts",
        "retries",
        "fallback",
        "faults",
        "upstream_host",
        "upstream_path",
        "websocket",
    ):
        if getattr(route, name) and not calls:
            yield Finding((*at, name), f"a route with `{end}` sends no request on")
    if calls:
        yield from _check_sending(table, route, at)


def _check_sending(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    own = [route.service] if route.service else [one.service for one in route.backends]
    if route.mirror is not None:
        here: Path = (*at, "mirror", "service")
        yield from known(route.mirror.service, table.services, "service", here)
        if route.mirror.service in own:
            yield Finding(here, f"`{route.mirror.service}` gets the requests already")
    if route.upstream_host is not None:
        for name in own:
            service = table.services.get(name)
            if service is not None and service.url is not None:
                yield Finding(
                    (*at, "upstream_host"),
                    f"`{name}` has a `url`, whose host is the one that fetch sends; put it there",
                )
    timeouts = route.timeouts
    if timeouts is not None and not (timeouts.headers or timeouts.total or timeouts.idle):
        yield Finding((*at, "timeouts"), "expected `headers`, `total` or `idle`")
    if route.retries is not None and not IDEMPOTENT & set(route.methods):
        told = ", ".join(sorted(IDEMPOTENT))
        yield Finding((*at, "retries"), f"only {told} may be sent again, and it has none of them")
    yield from _check_fallback(table, route, (*at, "fallback"))
    if route.websocket:
        yield from _check_websocket(route, at)


def _check_fallback(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    fallback = route.fallback
    if fallback is None:
        return
    if (fallback.respond is None) == (fallback.service is None):
        yield Finding(at, "expected exactly one of `respond` and `service`")
        return
    if fallback.respond is not None:
        yield from _check_respond(route, fallback.respond, (*at, "respond"))
        if fallback.upstream_path is not None:
            yield Finding((*at, "upstream_path"), "there is no `service` that it could be for")
        return
    here: Path = (*at, "service")
    yield from known(fallback.service or "", table.services, "service", here)
    yield from _check_path(route, fallback.upstream_path, (*at, "upstream_path"))
    if fallback.service == route.service:
        yield Finding(here, "it is the one that has failed: use `retries`")
    if not IDEMPOTENT & set(route.methods):
        told = ", ".join(sorted(IDEMPOTENT))
        yield Finding(here, f"only {told} may be sent again, and the route has none of them")


def _check_websocket(route: RouteSettings, at: Path) -> Iterator[Finding]:
    if route.methods != ("GET",):
        yield Finding((*at, "methods"), "a WebSocket begins with GET: expected `[GET]`")
    for name in ("cache", "mirror", "transform", "retries", "fallback"):
        if getattr(route, name) is not None:
            yield Finding((*at, name), "there is nothing of this in a WebSocket")
    if route.timeouts is not None:
        for name in ("total", "idle"):
            if getattr(route.timeouts, name) is not None:
                told = "a WebSocket has no end to wait for"
                yield Finding((*at, "timeouts", name), told)
