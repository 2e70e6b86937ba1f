"""Redirects, and the path and host that a service is asked at: routes, requests, outcomes.

Plain values, so that the same cases run under CPython and, as a table of a gateway, in workerd. An
outcome is a status with its Location, or `→` with the host, if the case is about it, and the target
as the service got it; or a status and a problem's code.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

HOST: Final = "api.example.com"
"""The host of a request that names none."""

VERSIONS: Final = {"default": "v2", "supported": {"v1": {}, "v2": {}}}
SERVICES: Final = {
    "one": {"binding": "ORIGIN"},
    "other": {"binding": "ORIGIN"},
}


class Case(NamedTuple):
    """A request: its method, its URL without scheme, if it has a host, and its fields."""

    method: str
    url: str
    outcome: str
    headers: Mapping[str, str] = {}


def _route(name: str, path: str, **members: Any) -> dict[str, Any]:
    kind = "path"
    if path.endswith("/*"):
        kind, path = "path_prefix", path[:-2] or "/"
    elif path.startswith("~"):
        kind, path = "path_regex", path[1:]
    usual = {"methods": ["GET", "POST"], "access": "public", "name": name, kind: path}
    return usual | members


ROUTES: Final = [
    # Redirects: where the path leads.
    _route("r-path", "/r/path", redirect={"path": "/elsewhere"}),
    _route("r-root", "/r/root", redirect={"path": "/"}),
    _route("r-parameter", "/r/parameter/{id}", redirect={"path": "/things/{id}/now"}),
    _route("r-two", "/r/two/{a}/{b:int}", redirect={"path": "/{b}/{a}"}),
    _route("r-dropped", "/r/dropped/{id}", redirect={"path": "/all"}),
    _route("r-regex", "~/r/regex/(?P<page>[a-z]+)[.]html", redirect={"path": "/pages/{page}"}),
    _route("r-under", "/r/under/*", redirect={"path": "/one-place"}),
    _route("r-prefix", "/r/prefix/*", redirect={"path_prefix": "/new/place"}),
    _route("r-prefix-root", "/r/prefix-root/*", redirect={"path_prefix": "/"}),
    _route("r-prefix-of", "/r/of/{team}/*", redirect={"path_prefix": "/teams/{team}"}),
    # Redirects: status codes.
    *(
        _route(f"r-{status}", f"/r/{status}", redirect={"path": "/x", "status": status})
        for status in (301, 302, 303, 307, 308)
    ),
    # Redirects: scheme, host and port.
    _route("r-host", "/r/host/{id}", redirect={"host": "www.example.org"}),
    _route("r-host-port", "/r/host-port", redirect={"host": "www.example.org", "port": 8443}),
    _route("r-host-path", "/r/host-path", redirect={"host": "www.example.org", "path": "/x"}),
    _route("r-https", "/r/https", redirect={"scheme": "https", "host": "www.example.org"}),
    _route(
        "r-https-443",
        "/r/https-443",
        redirect={"scheme": "https", "host": "www.example.org", "port": 443},
    ),
    _route(
        "r-https-80",
        "/r/https-80",
        redirect={"scheme": "https", "host": "www.example.org", "port": 80},
    ),
    _route("r-http", "/r/http", redirect={"scheme": "http", "host": "www.example.org", "port": 80}),
    _route("r-own", "/r/own", hosts=["api.example.com"], redirect={"scheme": "https"}),
    _route("r-wild", "/r/wild", hosts=["*.example.com"], redirect={"scheme": "https"}),
    _route("r-port", "/r/port", hosts=["api.example.com"], redirect={"port": 9443}),
    # Redirects in versions.
    _route("r-same", "/r/same/{id}", versions=["v1", "v2"], redirect={"host": "www.example.org"}),
    _route("r-out", "/r/out/{id}", versions=["v1"], redirect={"path": "/v2/in/{id}"}),
    # The path at the service.
    _route("s-as-it-is", "/s/as-it-is/{id}", service="one"),
    _route("s-path", "/s/path/{id}", service="one", upstream_path="/things/{id}"),
    _route("s-fixed", "/s/fixed/{id}", service="one", upstream_path="/all"),
    _route("s-swapped", "/s/swapped/{a}/{b}", service="one", upstream_path="/{b}/{a}"),
    _route("s-prefix", "/s/prefix/*", service="one", upstream_path="/files"),
    _route("s-prefix-root", "/s/prefix-root/*", service="one", upstream_path="/"),
    _route("s-prefix-same", "/s/prefix-same/*", service="one"),
    _route("s-regex", "~/s/regex/(?P<page>[a-z]+)", service="one", upstream_path="/p/{page}"),
    _route("s-regex-same", "~/s/regex-same/[a-z]+", service="one"),
    _route("s-version", "/s/version/{id}", versions=["v1", "v2"], service="one"),
    # The host at the service.
    _route("h-own", "/h/own", service="one", upstream_host="inner.example.net"),
    _route(
        "h-path",
        "/h/path/{id}",
        service="one",
        upstream_host="inner.example.net",
        upstream_path="/{id}",
    ),
    # Paths of backends.
    _route(
        "b-path",
        "/b/path/{id}",
        backends=[
            {"service": "one", "weight": 0},
            {"service": "other", "upstream_path": "/new/{id}"},
        ],
    ),
    _route("b-same", "/b/same/{id}", backends=[{"service": "other"}], upstream_path="/old/{id}"),
    _route(
        "b-host",
        "/b/host",
        backends=[{"service": "one"}, {"service": "other", "weight": 0}],
        upstream_host="inner.example.net",
    ),
    _route(
        "b-prefix",
        "/b/prefix/*",
        backends=[{"service": "one", "upstream_path": "/deep/down"}],
    ),
]

CASES: Final = [
    Case("GET", "/r/path", "302 /elsewhere"),
    Case("GET", "/r/path?a=1", "302 /elsewhere?a=1"),
    Case("GET", "/r/path?a=%2F%2Fevil.com&b", "302 /elsewhere?a=%2F%2Fevil.com&b"),
    Case("POST", "/r/path", "302 /elsewhere"),
    Case("GET", "/r/root?x", "302 /?x"),
    Case("GET", "/r/parameter/7", "302 /things/7/now"),
    Case("GET", "/r/parameter/a%20b", "302 /things/a%20b/now"),
    Case("GET", "/r/parameter/%C3%A4", "302 /things/%C3%A4/now"),
    Case("GET", "/r/parameter/%41", "302 /things/A/now"),
    Case("GET", "/r/parameter/a@b:c", "302 /things/a@b:c/now"),
    Case("GET", "/r/parameter/https:%2F%2Fevil.com", "400 malformed-request"),
    Case("GET", "/r/parameter/%5Cevil.com", "400 malformed-request"),
    Case("GET", "/r/parameter/a%0D%0ASet-Cookie:x", "400 malformed-request"),
    Case("GET", "/r/two/x/5?q=1", "302 /5/x?q=1"),
    Case("GET", "/r/two/x/y", "404 not-found"),
    Case("GET", "/r/dropped/7?keep=1", "302 /all?keep=1"),
    Case("GET", "/r/regex/start.html", "302 /pages/start"),
    Case("GET", "/r/regex/Start.html", "404 not-found"),
    Case("GET", "/r/under/a/b/c", "302 /one-place"),
    Case("GET", "/r/under", "302 /one-place"),
    Case("GET", "/r/prefix/a/b?x=1", "302 /new/place/a/b?x=1"),
    Case("GET", "/r/prefix", "302 /new/place"),
    Case("GET", "/r/prefix/a%20b", "302 /new/place/a%20b"),
    Case("GET", "/r/prefix//evil.com", "400 malformed-request"),
    Case("GET", "/r/prefix-root/a/b", "302 /a/b"),
    Case("GET", "/r/prefix-root", "302 /"),
    Case("GET", "/r/prefix-root//evil.com/x", "400 malformed-request"),
    Case("GET", "/r/prefix-root/%2Fevil.com/x", "400 malformed-request"),
    Case("GET", "/r/of/red/a", "302 /teams/red/a"),
    Case("GET", "/r/301", "301 /x"),
    Case("GET", "/r/302", "302 /x"),
    Case("POST", "/r/303", "303 /x"),
    Case("POST", "/r/307?a", "307 /x?a"),
    Case("POST", "/r/308", "308 /x"),
    Case("GET", "/r/host/7?a=1", "302 http://www.example.org/r/host/7?a=1"),
    Case("GET", "evil.com/r/host/7", "302 http://www.example.org/r/host/7"),
    Case("GET", "api.example.com:8080/r/host/7", "302 http://www.example.org:8080/r/host/7"),
    Case("GET", "/r/host-port", "302 http://www.example.org:8443/r/host-port"),
    Case("GET", "api.example.com:8080/r/host-port",
         "302 http://www.example.org:8443/r/host-port"),
    Case("GET", "/r/host-path?q", "302 http://www.example.org/x?q"),
    Case("GET", "/r/https", "302 https://www.example.org/r/https"),
    Case("GET", "api.example.com:8080/r/https", "302 https://www.example.org/r/https"),
    Case("GET", "/r/https-443", "302 https://www.example.org/r/https-443"),
    Case("GET", "/r/https-80", "302 https://www.example.org:80/r/https-80"),
    Case("GET", "/r/http", "302 http://www.example.org/r/http"),
    Case("GET", "/r/own?a", "302 https://api.example.com/r/own?a"),
    Case("GET", "api.example.com:8080/r/own", "302 https://api.example.com/r/own"),
    Case("GET", "evil.com/r/own", "404 not-found"),
    Case("GET", "a.b.example.com/r/wild", "302 https://a.b.example.com/r/wild"),
    Case("GET", "example.com.evil.com/r/wild", "404 not-found"),
    Case("GET", "/r/port", "302 http://api.example.com:9443/r/port"),
    Case("GET", "/r/port", "302 http://api.example.com:9443/r/port",
         {"x-forwarded-host": "evil.com", "forwarded": "host=evil.com"}),
    Case("GET", "/v1/r/same/7?a", "302 http://www.example.org/v1/r/same/7?a"),
    Case("GET", "/r/same/7", "302 http://www.example.org/r/same/7", {"api-version": "1"}),
    Case("GET", "/v1/r/out/7", "302 /v2/in/7"),
    Case("GET", "/r/out/7", "302 /v2/in/7", {"api-version": "1"}),
    Case("GET", "/s/as-it-is/7?a=1&a=2", "→ /s/as-it-is/7?a=1&a=2"),
    Case("GET", "/s/as-it-is/a%20b", "→ /s/as-it-is/a%20b"),
    Case("GET", "/s/path/7", "→ /things/7"),
    Case("POST", "/s/path/%C3%A4?x", "→ /things/%C3%A4?x"),
    Case("GET", "/s/path/a%2Fb", "400 malformed-request"),
    Case("GET", "/s/path/%2e%2e", "400 malformed-request"),
    Case("GET", "/s/fixed/7?a", "→ /all?a"),
    Case("GET", "/s/swapped/1/2", "→ /2/1"),
    Case("GET", "/s/prefix/a/b", "→ /files/a/b"),
    Case("GET", "/s/prefix", "→ /files"),
    Case("GET", "/s/prefix-root/a", "→ /a"),
    Case("GET", "/s/prefix-root", "→ /"),
    Case("GET", "/s/prefix-same/a", "→ /s/prefix-same/a"),
    Case("GET", "/s/prefixed", "404 not-found"),
    Case("GET", "/s/regex/abc?d", "→ /p/abc?d"),
    Case("GET", "/s/regex-same/abc", "→ /s/regex-same/abc"),
    Case("GET", "/v1/s/version/7", "→ /s/version/7"),
    Case("GET", "/s/version/7", "→ /s/version/7", {"api-version": "v1"}),
    Case("GET", "/h/own?a", "→ inner.example.net /h/own?a"),
    Case("GET", "other.example.com/h/own", "→ inner.example.net /h/own"),
    Case("GET", "/h/own", "→ inner.example.net /h/own", {"x-forwarded-host": "evil.com"}),
    Case("GET", "/h/path/7", "→ inner.example.net /7"),
    Case("GET", "/b/path/7?a", "→ /new/7?a"),
    Case("GET", "/b/same/7", "→ /old/7"),
    Case("GET", "/b/host", "→ inner.example.net /b/host"),
    Case("GET", "/b/prefix/x/y", "→ /deep/down/x/y"),
]  # fmt: skip

TABLE: Final = {"versions": VERSIONS, "services": SERVICES, "routes": ROUTES}


def outcome_of(case: Case, status: int, location: str | None, code: str | None, asked: Any) -> str:
    """What came of `case` in its own words. `asked`: host and target at the service."""
    if code is not None:
        return f"{status} {code}"
    if asked is None:
        return f"{status} {location}"
    host, target = asked
    return f"→ {host} {target}" if case.outcome.count(" ") == 2 else f"→ {target}"
