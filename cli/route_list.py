"""The routes of a table as rows: what a request has to be, where it goes, what happens to it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from cli.explain.report import path_of
from ends.settings import MirrorSettings
from routing.changes import VersionedRoute, VersionedRoutes
from routing.ends import destinations, services_of, told_end
from routing.limits import limits_of
from routing.schemas import used
from routing.table import AccessSettings, RouteSettings, Table


class Listed(Struct):
    """A route of one version."""

    version: str | None
    name: str
    methods: tuple[str, ...]
    path: str
    """As clients see it: with the version where that stands in the path."""
    hosts: tuple[str, ...]
    headers: tuple[str, ...]
    """Names of fields on which there are conditions; `query` likewise."""
    query: tuple[str, ...]
    service: str | None
    """The one that answers; None where there are several, or none."""
    end: str
    """What happens at its end, in a few words; of a route with one service its name."""
    services: tuple[str, ...]
    """Every service that it calls."""
    mirror: str | None
    upstream_path: str | None
    access: str
    scopes: tuple[str, ...]
    requirements: tuple[str, ...]
    """What else callers have to be, in words."""
    rate_limit: str | None
    cors: str | None
    cache: str | None
    changes: tuple[str, ...]
    transforms: tuple[str, ...]
    validates: tuple[str, ...]
    """Parts of requests and answers that are checked by a schema: `query`, `body`, …"""
    plugin: str | None
    max_body: str
    maintenance: bool
    preview: str | None
    summary: str


def listed(table: Table) -> Iterator[Listed]:
    """Every route of every version: those without one first, then as the versions stand."""
    versioned = VersionedRoutes(table)
    for version in (None, *table.versions.supported):
        for route in versioned.of(version):
            yield _listed(table, route)


def public_path(table: Table, route: VersionedRoute) -> str:
    """The path with the version in front of it, where the table has it there."""
    path = path_of(route.settings)
    if route.version is None or not table.versions.select.path:
        return path
    prefix = f"/{route.version}"
    return f"~{prefix}{path[1:]}" if path.startswith("~") else prefix + path


def _listed(table: Table, route: VersionedRoute) -> Listed:
    settings = route.settings
    access = settings.access
    scopes = access.scopes if isinstance(access, AccessSettings) else ()
    preview = table.versions.supported[route.version].preview if route.version else None
    return Listed(
        version=route.version,
        name=settings.name,
        methods=settings.methods,
        path=public_path(table, route),
        hosts=settings.hosts,
        headers=tuple(settings.headers),
        query=tuple(settings.query),
        service=settings.service,
        end=told_end(settings),
        services=tuple(services_of(settings)),
        mirror=_told_mirror(settings.mirror),
        upstream_path=settings.upstream_path if any(destinations(settings)) else None,
        access="scopes" if isinstance(access, AccessSettings) else access,
        scopes=scopes,
        requirements=tuple(_requirements(settings)),
        rate_limit=", ".join(limits_of(table, settings)) or None,
        cors=settings.cors,
        cache=settings.cache.ttl if settings.cache else None,
        changes=route.changes,
        transforms=route.transforms,
        validates=_validates(route),
        plugin=settings.plugin,
        max_body=settings.max_body,
        maintenance=settings.maintenance is not False,
        preview=preview,
        summary=settings.summary,
    )


def _told_mirror(mirror: MirrorSettings | None) -> str | None:
    return None if mirror is None else f"{mirror.service} {mirror.percent:g} %"


def _requirements(settings: RouteSettings) -> Iterator[str]:
    access, network = settings.access, settings.network
    if isinstance(access, AccessSettings):
        if access.any_scopes:
            yield " or ".join(access.any_scopes)
        if access.permissions:
            yield f"permission {', '.join(access.permissions)}"
        if access.any_permissions:
            yield f"permission {' or '.join(access.any_permissions)}"
        yield from (f"claim {name}" for name in access.claims)
    if network is not None:
        yield "network"


def show(routes: Sequence[Listed], terminal: Console) -> None:
    """One table for each version."""
    for version in dict.fromkeys(route.version for route in routes):
        own = [route for route in routes if route.version == version]
        preview = f" (preview: needs {own[0].preview})" if own[0].preview else ""
        title = f"{version or 'without a version'}{preview}"
        terminal.print(Text(f"{title}: {len(own)} route{'' if len(own) == 1 else 's'}", "bold"))
        grid = Grid(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        grid.add_column("route", overflow="fold")
        for title in ("request", "access", "goes to", "policies"):
            grid.add_column(title, overflow="fold")
        chains = [chain for chain in dict.fromkeys(route.changes for route in own) if chain]
        for route in own:
            note = f" ({chains.index(route.changes) + 1})" if route.changes else ""
            grid.add_row(Text(route.name, "bold").append(note, "not bold dim"), *_cells(route))
        terminal.print(grid)
        for number, chain in enumerate(chains, 1):
            terminal.print(Text(f" ({number}) through {' → '.join(chain)}\n", "dim"))


def _validates(route: VersionedRoute) -> tuple[str, ...]:
    if route.validation is None:
        return ()
    parts = used(route.validation.owner, route.validation.settings)
    return tuple(dict.fromkeys(one.part for one in parts))


def _cells(route: Listed) -> tuple[Text, ...]:
    request = Text(",".join(route.methods), "cyan").append(f" {route.path}", "default")
    conditions = [f"host {host}" for host in route.hosts]
    conditions += [f"header {name}" for name in route.headers]
    conditions += [f"query {name}" for name in route.query]
    if conditions:
        request.append(f"\n{', '.join(conditions)}", "dim")
    wanted = [*route.scopes, *route.requirements]
    if route.access != "scopes":
        wanted = [route.access, *route.requirements]
    access = Text(", ".join(wanted))
    if route.access == "public":
        access.stylize("yellow")
    to = Text(f"{route.end} ").append(route.upstream_path or "", "dim")
    if route.mirror is not None:
        to.append(f"\nmirrored to {route.mirror}", "dim")
    return request, access, to, _policies(route)


def _policies(route: Listed) -> Text:
    told = [
        ("limit", route.rate_limit),
        ("cors", route.cors),
        ("cache", route.cache),
        ("validate", ", ".join(route.validates)),
        ("transform", ", ".join(route.transforms)),
        ("plugin", route.plugin),
        ("body", route.max_body if route.max_body != "1MiB" else None),
    ]
    text = Text("\n".join(f"{name} {value}" for name, value in told if value))
    if route.maintenance:
        text.append("\n" if text.plain else "").append("maintenance", "bold red")
    return text
