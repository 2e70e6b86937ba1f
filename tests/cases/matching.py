"""What answers what: the specification of matching, as routes, requests and the outcome of each.

A route is `METHODS path`, or its settings where it has more than that (GET where it names no
method). A request is `METHOD path?query`, with `@host` before the path and `| Name: value` behind
it for each header field. The outcome is the route's name with the parameters and, for a prefix,
`+` and the rest of the path; or 404; or 405 with the methods for Allow; or 400.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import msgspec

from contract.problems import Problem
from messages import Headers
from routing.match import Asked, Matcher, RouteMatch
from routing.paths import PathNormaliser
from routing.table import PathsSettings, RouteSettings


class Topic(NamedTuple):
    """A rule in a sentence, a table, and requests with their outcome."""

    rule: str
    routes: Mapping[str, Any]
    cases: Sequence[tuple[str, str]]
    paths: Mapping[str, str] = {}
    """The table's settings for paths."""


def prefix(path: str, *methods: str, **more: Any) -> dict[str, Any]:
    return {"path_prefix": path, "methods": methods or ("GET",), **more}


def expression(pattern: str, *methods: str, **more: Any) -> dict[str, Any]:
    return {"path_regex": pattern, "methods": methods or ("GET",), **more}


def path(text: str, *methods: str, **more: Any) -> dict[str, Any]:
    return {"path": text, "methods": methods or ("GET",), **more}


UUID: Final = "6f1d4c3a-9b2e-4f70-8a51-0c9d2e7b6a18"

TOPICS: Final[Sequence[Topic]] = (
    Topic(
        "A path is matched segment by segment, and as a whole.",
        {
            "list": "GET /plans",
            "one": "GET /plans/{id}",
            "steps": "GET /plans/{id}/steps",
            "step": "GET /plans/{plan}/steps/{step}",
        },
        [
            ("GET /plans", "list"),
            ("GET /plans/7", "one id=7"),
            ("GET /plans/a%20b", "one id=a%20b"),
            ("GET /plans/%61b", "one id=ab"),
            ("GET /plans/7/steps", "steps id=7"),
            ("GET /plans/7/steps/8", "step plan=7 step=8"),
            ("GET /", "404"),
            ("GET /plan", "404"),
            ("GET /plansx", "404"),
            ("GET /Plans", "404"),
            ("GET /plans/", "404"),
            ("GET /plans/7/", "404"),
            ("GET /plans/7/steps/8/9", "404"),
            ("GET /x/plans", "404"),
        ],
    ),
    Topic(
        "A literal segment goes before a parameter, from the left.",
        {
            "any": "GET /{a}/{b}",
            "second": "GET /{a}/new",
            "first": "GET /users/{b}",
            "both": "GET /users/new",
        },
        [
            ("GET /users/new", "both"),
            ("GET /users/7", "first b=7"),
            ("GET /teams/new", "second a=teams"),
            ("GET /teams/7", "any a=teams b=7"),
        ],
    ),
    Topic(
        "Where the more specific path has no route for the rest, the search goes back.",
        {
            "deep": "GET /a/b/c/d",
            "middle": "GET /a/{x}/c/e",
            "wide": "GET /{x}/{y}/{z}/f",
        },
        [
            ("GET /a/b/c/d", "deep"),
            ("GET /a/b/c/e", "middle x=b"),
            ("GET /a/b/c/f", "wide x=a y=b z=c"),
            ("GET /a/b/c/g", "404"),
            ("GET /a/b/c", "404"),
        ],
    ),
    Topic(
        "The type int accepts an optional minus and up to 18 digits.",
        {"number": "GET /n/{id:int}"},
        [
            ("GET /n/0", "number id=0"),
            ("GET /n/-17", "number id=-17"),
            ("GET /n/007", "number id=007"),
            ("GET /n/123456789012345678", "number id=123456789012345678"),
            ("GET /n/1234567890123456789", "404"),
            ("GET /n/-", "404"),
            ("GET /n/+1", "404"),
            ("GET /n/1.5", "404"),
            ("GET /n/1e3", "404"),
            ("GET /n/%31", "number id=1"),
            ("GET /n/%D9%A1", "404"),
            ("GET /n/", "404"),
        ],
    ),
    Topic(
        "The type uuid accepts 8-4-4-4-12 hexadecimal digits in any case.",
        {"thing": "GET /t/{id:uuid}"},
        [
            (f"GET /t/{UUID}", f"thing id={UUID}"),
            (f"GET /t/{UUID.upper()}", f"thing id={UUID.upper()}"),
            (f"GET /t/{UUID[:-1]}", "404"),
            (f"GET /t/{UUID}0", "404"),
            (f"GET /t/{UUID.replace('-', '')}", "404"),
            (f"GET /t/{UUID[:-1]}g", "404"),
        ],
    ),
    Topic(
        "The type date accepts the days of the calendar, as YYYY-MM-DD.",
        {"day": "GET /d/{day:date}"},
        [
            ("GET /d/2026-06-01", "day day=2026-06-01"),
            ("GET /d/2024-02-29", "day day=2024-02-29"),
            ("GET /d/2026-02-29", "404"),
            ("GET /d/2026-13-01", "404"),
            ("GET /d/2026-6-1", "404"),
            ("GET /d/20260601", "404"),
            ("GET /d/0000-01-01", "404"),
            ("GET /d/2026-06-01T00", "404"),
        ],
    ),
    Topic(
        "The type slug accepts small letters, digits and hyphens.",
        {"page": "GET /p/{slug:slug}"},
        [
            ("GET /p/new-plan-2", "page slug=new-plan-2"),
            ("GET /p/7", "page slug=7"),
            ("GET /p/New", "404"),
            ("GET /p/a_b", "404"),
            ("GET /p/a.b", "404"),
        ],
    ),
    Topic(
        "At one place a literal is tried first, then int, uuid, date, slug, then no type.",
        {
            "plain": "GET /x/{v}",
            "slug": "GET /x/{v:slug}",
            "date": "GET /x/{v:date}",
            "uuid": "GET /x/{v:uuid}",
            "int": "GET /x/{v:int}",
            "literal": "GET /x/42",
        },
        [
            ("GET /x/42", "literal"),
            ("GET /x/43", "int v=43"),
            (f"GET /x/{UUID}", f"uuid v={UUID}"),
            ("GET /x/2026-06-01", "date v=2026-06-01"),
            ("GET /x/2026-02-30", "slug v=2026-02-30"),
            ("GET /x/Hello", "plain v=Hello"),
        ],
    ),
    Topic(
        "An earlier segment decides before a later one, typed or not.",
        {"left": "GET /{a:int}/{b}", "right": "GET /{a}/fixed"},
        [
            ("GET /1/fixed", "left a=1 b=fixed"),
            ("GET /x/fixed", "right a=x"),
            ("GET /x/y", "404"),
        ],
    ),
    Topic(
        "A prefix ends where a segment ends; the rest goes on.",
        {"files": prefix("/files"), "user": prefix("/users/{id:int}/files")},
        [
            ("GET /files", "files"),
            ("GET /files/", "files + /"),
            ("GET /files/a", "files + /a"),
            ("GET /files/a/b/", "files + /a/b/"),
            ("GET /files/a%20b", "files + /a%20b"),
            ("GET /filesystem", "404"),
            ("GET /file", "404"),
            ("GET /users/7/files/x", "user id=7 + /x"),
            ("GET /users/7/files", "user id=7"),
            ("GET /users/me/files/x", "404"),
            ("GET /users/7", "404"),
        ],
    ),
    Topic(
        "Whole paths go before prefixes; of prefixes the one with more segments goes first.",
        {
            "short": prefix("/a"),
            "long": prefix("/a/{x}/c"),
            "middle": prefix("/a/b"),
            "typed": prefix("/a/{x:int}"),
            "whole": "GET /{x}/{y}/{z}",
        },
        [
            ("GET /a/b/c", "whole x=a y=b z=c"),
            ("GET /a/b/c/d", "long x=b + /d"),
            ("GET /a/b/e/d", "middle + /e/d"),
            ("GET /a/7/e/d", "typed x=7 + /e/d"),
            ("GET /a/x/e/d", "short + /x/e/d"),
            ("GET /a", "short"),
            ("GET /a/b", "middle"),
        ],
    ),
    Topic(
        "Of prefixes with as many segments the more specific goes first.",
        {"plain": prefix("/{x}/b"), "typed": prefix("/{x:int}/b"), "fixed": prefix("/1/{y}")},
        [
            ("GET /1/b/c", "fixed y=b + /c"),
            ("GET /2/b/c", "typed x=2 + /c"),
            ("GET /x/b/c", "plain x=x + /c"),
        ],
    ),
    Topic(
        "The prefix / is the beginning of every path.",
        {"rest": prefix("/"), "a": "GET /a"},
        [
            ("GET /", "rest + /"),
            ("GET /a", "a"),
            ("GET /a/", "rest + /a/"),
            ("GET /b/c", "rest + /b/c"),
        ],
    ),
    Topic(
        "Regular expressions come last, the one with the longest literal beginning first.",
        {
            "html": expression(r"/legacy/(?P<id>[0-9]+)\.html"),
            "legacy": expression(r"/legacy/(?P<any>.*)"),
            "digits": expression(r"/[0-9]+"),
            "letters": expression(r"/[a-z0-9]+"),
            "optional": expression(r"/opt(?:/(?P<tail>[a-z]+))?"),
            "new": "GET /legacy/new",
            "tree": prefix("/legacy/tree"),
        },
        [
            ("GET /legacy/7.html", "html id=7"),
            ("GET /legacy/7.htm", "legacy any=7.htm"),
            ("GET /legacy/", "legacy any="),
            ("GET /legacy/x/y", "legacy any=x/y"),
            ("GET /legacy/new", "new"),
            ("GET /legacy/tree/1.html", "tree + /1.html"),
            ("GET /12", "digits"),
            ("GET /12a", "letters"),
            ("GET /12A", "404"),
            ("GET /opt", "optional tail="),
            ("GET /opt/x", "optional tail=x"),
        ],
    ),
    Topic(
        "HEAD follows GET; 405 names the methods of the path, with HEAD and OPTIONS.",
        {
            "read": "GET /things",
            "make": "POST /things",
            "drop": "DELETE /things/{id}",
            "put": "PUT PATCH /only",
        },
        [
            ("HEAD /things", "read"),
            ("POST /things", "make"),
            ("PUT /things", "405 GET, HEAD, OPTIONS, POST"),
            ("OPTIONS /things", "405 GET, HEAD, OPTIONS, POST"),
            ("GET /things/7", "405 DELETE, OPTIONS"),
            ("HEAD /things/7", "405 DELETE, OPTIONS"),
            ("GET /only", "405 OPTIONS, PATCH, PUT"),
            ("get /things", "405 GET, HEAD, OPTIONS, POST"),
            ("BREW /things", "405 GET, HEAD, OPTIONS, POST"),
            ("PUT /nothing", "404"),
        ],
    ),
    Topic(
        "A route for another method is as if it were not there; Allow has those of all routes.",
        {
            "latest": "GET /docs/latest",
            "one": "DELETE /docs/{id}",
            "tree": prefix("/docs", "PUT"),
            "odd": expression("/docs/[a-z]+", "PATCH"),
        },
        [
            ("GET /docs/latest", "latest"),
            ("DELETE /docs/latest", "one id=latest"),
            ("PUT /docs/latest", "tree + /latest"),
            ("PATCH /docs/latest", "odd"),
            ("POST /docs/latest", "405 DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
            ("POST /docs/7", "405 DELETE, OPTIONS, PUT"),
            ("POST /docs", "405 OPTIONS, PUT"),
        ],
    ),
    Topic(
        "An exact host goes before a wildcard, a longer wildcard before a shorter one.",
        {
            "any": "GET /x",
            "wide": path("/x", hosts=["*.example.com"]),
            "narrow": path("/x", hosts=["*.eu.example.com"]),
            "exact": path("/x", hosts=["api.eu.example.com", "api.example.com"]),
        },
        [
            ("GET @api.eu.example.com /x", "exact"),
            ("GET @api.example.com /x", "exact"),
            ("GET @www.eu.example.com /x", "narrow"),
            ("GET @a.b.eu.example.com /x", "narrow"),
            ("GET @www.example.com /x", "wide"),
            ("GET @eu.example.com /x", "wide"),
            ("GET @a.b.c.example.com /x", "wide"),
            ("GET @example.com /x", "any"),
            ("GET @notexample.com /x", "any"),
            ("GET @api.example.com.evil.net /x", "any"),
            ("GET /x", "any"),
        ],
    ),
    Topic(
        "The host decides before the path; where it has no route, the less specific is asked.",
        {
            "any-new": "GET /users/new",
            "any-post": "POST /users/{id}",
            "host-id": path("/users/{id}", hosts=["api.example.com"]),
            "wild-tree": prefix("/teams", hosts=["*.example.com"]),
        },
        [
            ("GET @api.example.com /users/new", "host-id id=new"),
            ("POST @api.example.com /users/new", "any-post id=new"),
            ("GET @www.example.com /users/new", "any-new"),
            ("GET @api.example.com /teams/7", "wild-tree + /7"),
            ("GET @example.com /teams/7", "404"),
            ("PUT @api.example.com /users/7", "405 GET, HEAD, OPTIONS, POST"),
            ("PUT @example.com /users/7", "405 OPTIONS, POST"),
        ],
    ),
    Topic(
        "A route for a host is for no other; not even its methods are told.",
        {"inside": path("/admin", "GET", hosts=["admin.example.com"])},
        [
            ("GET @admin.example.com /admin", "inside"),
            ("GET @api.example.com /admin", "404"),
            ("POST @api.example.com /admin", "404"),
            ("POST @admin.example.com /admin", "405 GET, HEAD, OPTIONS"),
        ],
    ),
    Topic(
        "Conditions on header fields: the text, an expression for the whole value, presence.",
        {
            "exact": path("/e", headers={"X-Stage": "beta"}),
            "regex": path("/r", headers={"X-Tenant": {"regex": "[a-z]+-[0-9]+"}}),
            "present": path("/p", headers={"X-Debug": {"present": True}}),
            "absent": path("/a", headers={"X-Debug": {"present": False}}),
        },
        [
            ("GET /e | X-Stage: beta", "exact"),
            ("GET /e | x-stage: beta", "exact"),
            ("GET /e | X-Stage: Beta", "404"),
            ("GET /e | X-Stage: beta2", "404"),
            ("GET /e", "404"),
            ("GET /r | X-Tenant: acme-7", "regex"),
            ("GET /r | X-Tenant: acme-7x", "404"),
            ("GET /r | X-Tenant: x acme-7", "404"),
            ("GET /p | X-Debug: 1", "present"),
            ("GET /p | X-Debug:", "present"),
            ("GET /p", "404"),
            ("GET /a", "absent"),
            ("GET /a | X-Debug: 1", "404"),
        ],
    ),
    Topic(
        "Of several values of a field one has to fit, in lines of its own or in one list.",
        {
            "beta": path("/x", headers={"X-Stage": "beta"}),
            "list": path("/y", headers={"X-Stage": "a, b"}),
            "other": "GET /x",
        },
        [
            ("GET /x | X-Stage: alpha | X-Stage: beta", "beta"),
            ("GET /x | X-Stage: alpha, beta", "beta"),
            ("GET /x | X-Stage: alpha,beta ,gamma", "beta"),
            ("GET /x | X-Stage: alpha", "other"),
            ("GET /x | X-Stage: betas, alphabeta", "other"),
            ("GET /y | X-Stage: a, b", "list"),
        ],
    ),
    Topic(
        "Conditions on query parameters look at the decoded values.",
        {
            "exact": path("/e", query={"kind": "a b"}),
            "regex": path("/r", query={"page": {"regex": "[0-9]+"}}),
            "present": path("/p", query={"debug": {"present": True}}),
            "absent": path("/a", query={"debug": {"present": False}}),
        },
        [
            ("GET /e?kind=a%20b", "exact"),
            ("GET /e?kind=a+b", "exact"),
            ("GET /e?kind=x&kind=a+b", "exact"),
            ("GET /e?Kind=a+b", "404"),
            ("GET /e?kind=ab", "404"),
            ("GET /r?page=12", "regex"),
            ("GET /r?page=12%0A", "404"),
            ("GET /r?page=", "404"),
            ("GET /p?debug", "present"),
            ("GET /p?debug=1", "present"),
            ("GET /p?other=1", "404"),
            ("GET /a?other=1", "absent"),
            ("GET /a?debug=1", "404"),
        ],
    ),
    Topic(
        "More conditions on the header go first, then more on the query, then the table's order.",
        {
            "plain": "GET /x",
            "later": "GET /x",
            "query": path("/x", query={"q": "1", "r": "1"}),
            "one": path("/x", headers={"A": "1"}),
            "one-query": path("/x", headers={"B": "1"}, query={"q": "1"}),
            "two": path("/x", headers={"A": "1", "B": "1"}),
        },
        [
            ("GET /x", "plain"),
            ("GET /x?q=1&r=1", "query"),
            ("GET /x?q=1&r=1 | A: 1", "one"),
            ("GET /x?q=1 | A: 1 | B: 1", "two"),
            ("GET /x?q=1 | B: 1", "one-query"),
            ("GET /x?q=2 | B: 1", "plain"),
        ],
    ),
    Topic(
        "Conditions do not outweigh a more specific path.",
        {
            "conditional": path("/x/{id}", headers={"A": "1"}, query={"q": "1"}),
            "literal": "GET /x/new",
            "beta": path("/x/old", headers={"A": "1"}),
        },
        [
            ("GET /x/new?q=1 | A: 1", "literal"),
            ("GET /x/old?q=1 | A: 1", "beta"),
            ("GET /x/7?q=1 | A: 1", "conditional id=7"),
        ],
    ),
    Topic(
        "Failed conditions are 404; 405 is for a method that no route at the path has.",
        {
            "beta": path("/x", "GET", headers={"X-Beta": "yes"}),
            "write": "POST /x",
            "only": path("/y", "PUT", headers={"X-Beta": "yes"}),
        },
        [
            ("GET /x | X-Beta: yes", "beta"),
            ("HEAD /x | X-Beta: yes", "beta"),
            ("GET /x", "404"),
            ("HEAD /x", "404"),
            ("DELETE /x", "405 GET, HEAD, OPTIONS, POST"),
            ("GET /y", "405 OPTIONS, PUT"),
            ("PUT /y", "404"),
        ],
    ),
    Topic(
        "Where conditions fail, the search goes on to prefixes, expressions and other hosts.",
        {
            "host": path("/x/{id}", hosts=["a.example.com"], headers={"K": "1"}),
            "whole": path("/x/{id}", headers={"K": "2"}),
            "tree": prefix("/x", headers={"K": "3"}),
            "last": expression("/x/[a-z]+"),
        },
        [
            ("GET @a.example.com /x/b | K: 1", "host id=b"),
            ("GET @a.example.com /x/b | K: 2", "whole id=b"),
            ("GET @a.example.com /x/b | K: 3", "tree + /b"),
            ("GET @a.example.com /x/b", "last"),
            ("GET @a.example.com /x/7", "404"),
        ],
    ),
    Topic(
        "By default no spelling of a path slips past a rule.",
        {"admin": "GET /admin/{x}", "open": prefix("/")},
        [
            ("GET /%61dmin/1", "admin x=1"),
            ("GET /admin/%7Ex", "admin x=~x"),
            ("GET /admin/%2e%2e", "400"),
            ("GET /x/%2E./admin/1", "400"),
            ("GET /x/../admin/1", "400"),
            ("GET //admin/1", "400"),
            ("GET /admin//1", "400"),
            ("GET /admin%2F1", "400"),
            ("GET /admin%5c1", "400"),
            ("GET /admin%c0%af1", "400"),
            ("GET /x/..;/admin/1", "400"),
            ("GET /admin/%252e%252e", "admin x=%252e%252e"),
        ],
    ),
    Topic(
        "A trailing slash may be ignored, two slashes merged, and dot segments resolved.",
        {"one": "GET /a/{x}", "rest": prefix("/")},
        [
            ("GET /a/1/", "one x=1"),
            ("GET //a///1//", "one x=1"),
            ("GET /b/../a/./1", "one x=1"),
            ("GET /a/1/..", "rest + /a"),
            ("GET /a//../b", "rest + /b"),
            ("GET /", "rest + /"),
            ("GET /a/../..", "400"),
            ("GET /../a/1", "400"),
            ("GET /a/%2e%2e/a/1", "one x=1"),
        ],
        {"trailing_slash": "ignore", "duplicate_slashes": "merge", "dot_segments": "resolve"},
    ),
    Topic(
        "An encoded slash may be kept, as a character of its segment.",
        {"project": "GET /projects/{id}/issues"},
        [
            ("GET /projects/group%2fname/issues", "project id=group%2Fname"),
            ("GET /projects/group/name/issues", "404"),
            ("GET /projects/..%2f..%2Fname/issues", "400"),
            ("GET /projects/group%5Cname/issues", "400"),
        ],
        {"encoded_slashes": "keep"},
    ),
    Topic(
        "Literals may match in any case; parameters keep theirs, and types stay what they are.",
        {
            "user": "GET /Users/{name}",
            "me": "GET /users/ME",
            "page": "GET /pages/{slug:slug}",
            "tree": prefix("/Files"),
            "old": expression("/Old/(?P<id>[a-z]+)"),
        },
        [
            ("GET /users/Ada", "user name=Ada"),
            ("GET /USERS/Me", "me"),
            ("GET /files/A/b", "tree + /A/b"),
            ("GET /FILES/A/b", "tree + /A/b"),
            ("GET /pages/New", "404"),
            ("GET /PAGES/new", "page slug=new"),
            ("GET /oLD/Xy", "old id=Xy"),
        ],
        {"case": "insensitive"},
    ),
)


def outcomes(routes: Mapping[str, Any], paths: Mapping[str, str], requests: list[str]) -> list[str]:
    """What becomes of each of `requests`, in the words of the cases."""
    normalise = PathNormaliser(msgspec.convert(paths, PathsSettings))
    matcher: Matcher[str] = Matcher(ignore_case=paths.get("case") == "insensitive")
    for name, route in routes.items():
        matcher.add(RouteMatch.of(settings(name, route)), name)
    return [_outcome(matcher, normalise, request) for request in requests]


def settings(name: str, route: Any) -> RouteSettings:
    """The settings of a route of the cases."""
    if isinstance(route, str):
        *methods, text = route.split(" ")
        route = {"path": text, "methods": methods}
    needed = {"name": name, "service": "upstream", "access": "public"}
    return msgspec.convert({**needed, **route}, RouteSettings)


def asked(request: str, normalise: PathNormaliser) -> Asked:
    """A request of the cases as the matcher sees it. Raises `Problem`."""
    line, *fields = request.split(" | ")
    method, *host, target = line.split(" ")
    raw, _, query = target.partition("?")
    named = (field.partition(":") for field in fields)
    return Asked(
        method,
        host[0][1:] if host else "",
        normalise(raw),
        parse_qs(query, keep_blank_values=True),
        Headers((name.lower(), value.strip()) for name, _, value in named),
    )


def _outcome(matcher: Matcher[str], normalise: PathNormaliser, request: str) -> str:
    try:
        seen = asked(request, normalise)
    except Problem as problem:
        return str(problem.type.status)
    found = matcher.find(seen)
    if found is None:
        allowed = matcher.methods(seen)
        # OPTIONS is answered by whoever asks the matcher, not by a route.
        known = seen.method in allowed and seen.method != "OPTIONS"
        return f"405 {', '.join(allowed)}" if allowed and not known else "404"
    parameters = [f"{name}={value}" for name, value in found.parameters.items()]
    return " ".join([found.target, *parameters, *(["+", found.rest] if found.rest else [])])
