"""Rules about who may do what: open writes, missing limits and scopes, bodies, caches, hosts."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

import msgspec

from cli.audit.rules import Audited, Noticed, rule
from routing.limits import limits_of
from routing.table import AccessSettings, RouteSettings
from routing.units import seconds

_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_THE_CALLER: Final = re.compile(r"\$\{(header|claim)\.")
_CLOSE: Final = 0.8
_HALF_A_YEAR: Final = 182 * 86_400.0


def _routes(audited: Audited) -> Iterator[tuple[int, RouteSettings]]:
    return iter(enumerate(audited.table.routes))


def _writes(route: RouteSettings) -> list[str]:
    return [method for method in route.methods if method in _UNSAFE]


def _is_unlimited(audited: Audited, route: RouteSettings) -> bool:
    return route.access == "public" and not any(
        audited.table.rate_limits[name].enforce for name in limits_of(audited.table, route)
    )


@rule("public-write-without-limit", "high", "give it a `rate_limit`, by address")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in _routes(audited):
        if _is_unlimited(audited, route) and _writes(route):
            methods = ", ".join(_writes(route))
            yield Noticed(
                ("routes", position), f"`{route.name}` takes {methods} from anybody, unlimited"
            )


@rule("public-without-limit", "medium", "give it a `rate_limit`, by address")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in _routes(audited):
        if _is_unlimited(audited, route) and not _writes(route):
            yield Noticed(("routes", position), f"`{route.name}` answers anybody, unlimited")


@rule("write-without-scopes", "medium", "say which scopes a caller needs")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in _routes(audited):
        if route.access == "authenticated" and _writes(route):
            message = f"`{route.name}` takes {', '.join(_writes(route))} from every verified caller"
            yield Noticed(("routes", position, "access"), message)


@rule("public-body-unlimited", "high", "set `max_body` to what clients really send")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in _routes(audited):
        if route.access == "public" and route.max_body == "unlimited":
            message = f"`{route.name}` takes bodies of any size from anybody"
            yield Noticed(("routes", position, "max_body"), message)


@rule("preview-of-public-route", "info", "leave it out of the preview, or mean it")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, version in audited.table.versions.supported.items():
        if version.preview is None:
            continue
        for route in audited.versioned.of(name):
            if route.settings.access == "public":
                message = (
                    f"`{route.settings.name}` is public, but in the preview {name} it asks for the "
                    f"scope {version.preview}"
                )
                yield Noticed(("routes", route.position, "access"), message)


@rule("cached-by-caller", "high", "do not cache it, or do not use fields of the request in it")
def _(audited: Audited) -> Iterator[Noticed]:
    """What is shared must not depend on who asked first."""
    for version in (None, *audited.table.versions.supported):
        for route in audited.versioned.of(version):
            texts = {
                name: msgspec.json.encode(audited.table.transforms[name]).decode()
                for name in route.transforms
            }
            for name, text in texts.items():
                if route.settings.cache is not None and _OF_THE_CALLER.search(text):
                    message = (
                        f"`{route.settings.name}` is cached, and its transform `{name}` puts in "
                        "what a request has in its header"
                    )
                    yield Noticed(("routes", route.position, "cache"), message)


@rule("plain-http", "high", "use https://")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, service in audited.table.services.items():
        if service.url is not None and service.url.startswith("http://"):
            host = urlsplit(service.url).hostname or ""
            if host not in _LOOPBACK:
                message = f"requests to `{name}` and their identities travel without encryption"
                yield Noticed(("services", name, "url"), message)


@rule("wildcard-host", "low", "name the hosts")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in _routes(audited):
        for place, host in enumerate(route.hosts):
            if host.startswith("*."):
                message = f"`{route.name}` answers on every name under {host[2:]}"
                yield Noticed(("routes", position, "hosts", place), message)


@rule("cors-plain-http", "high", "use https://")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, cors in audited.table.cors.items():
        for place, origin in enumerate(cors.origins):
            if origin.startswith("http://") and urlsplit(origin).hostname not in _LOOPBACK:
                message = f"who is between `{name}` and its pages reads what they may read"
                yield Noticed(("cors", name, "origins", place), message)


@rule("cors-any-origin", "low", "name the origins")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, route in _routes(audited):
        cors = audited.table.cors[route.cors] if route.cors is not None else None
        if cors is not None and "*" in cors.origins and route.access != "public":
            message = f"any page can use a credential for `{route.name}` that it has got hold of"
            yield Noticed(("routes", position, "cors"), message)


@rule("no-hsts", "medium", "leave `hsts` as it is, or give it a `max_age` of months")
def _(audited: Audited) -> Iterator[Noticed]:
    hsts = audited.table.security_headers.hsts
    if hsts is None or seconds(hsts.max_age) < _HALF_A_YEAR:
        message = "browsers may come by http, where others read and change what they get"
        yield Noticed(("security_headers", "hsts"), message)


@rule("encoded-slashes", "medium", "use `refuse`, unless identifiers have slashes in them")
def _(audited: Audited) -> Iterator[Noticed]:
    if audited.table.paths.encoded_slashes == "keep":
        message = "services get %2F in paths, which some take for a slash"
        yield Noticed(("paths", "encoded_slashes"), message)


@rule("lonely-scope", "low", "check the spelling")
def _(audited: Audited) -> Iterator[Noticed]:
    """A scope of one route that looks like another one may be a slip."""
    uses: dict[str, list[tuple[int, int]]] = {}
    for position, route in _routes(audited):
        if isinstance(route.access, AccessSettings):
            for place, scope in enumerate(route.access.scopes):
                uses.setdefault(scope, []).append((position, place))
    for scope, places in uses.items():
        others = [other for other, used in uses.items() if len(used) > 1 and other != scope]
        close = get_close_matches(scope, others, n=1, cutoff=_CLOSE) if len(places) == 1 else []
        if close:
            position, place = places[0]
            yield Noticed(
                ("routes", position, "access", "scopes", place),
                f"the scope {scope} occurs once, and looks like {close[0]}",
            )
