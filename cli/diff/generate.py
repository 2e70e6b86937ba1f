"""Requests that may show a difference between two tables, the most telling ones first.

Nothing here is random: the same two tables always give the same requests. They come in rounds, so
that a bound cuts off variations and not routes: each route once; what two routes may both match;
then methods, callers, ways to name the version, and spellings of the path.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple
from urllib.parse import quote_plus

from cli.diff.conditions import Extras, variations
from cli.diff.documents import Documents, merged
from cli.diff.paths import paths_of, shared_paths
from cli.diff.routes import Known, OfVersion, routes_of, scopes_of
from cli.diff.selectors import Naming, conflicts, namings
from cli.dry_run.call import DEFAULT_HOST, Call, Caller, make_call
from cli.dry_run.platform import Answer
from routing.table import AccessSettings, RouteSettings, Table

LIMIT: Final = 20_000
"""Requests for one comparison."""

_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_SUBJECT: Final = "somebody"
_WHO_MAY_ALL: Final = Caller(_SUBJECT, ("*",))
"""Stands for a caller with every scope of the tables."""


class Case(NamedTuple):
    """A request, and what the service is to answer if it gets it."""

    call: Call
    answer: Answer


class Generated(NamedTuple):
    """The requests, and whether there would have been more."""

    cases: list[Case]
    cut_off: bool


def generate(a: Table, b: Table, limit: int = LIMIT) -> Generated:
    """Up to `limit` different requests for the routes of both tables."""
    cases: dict[Case, None] = {}
    source = _Source(a, b)
    # Many variations come to the same request; that many of them are worth a look.
    for case in islice(source.rounds(), limit * 20):
        cases.setdefault(case)
        if len(cases) > limit:
            break
    return Generated(list(islice(cases, limit)), len(cases) > limit)


class _Source:
    """Makes the requests for two tables."""

    def __init__(self, a: Table, b: Table) -> None:
        self._tables = (a, b)
        self._versions = list(routes_of(a, b))
        scopes = scopes_of(a, b)
        self._everybody = Caller(_SUBJECT, tuple(scopes))
        self._exact_hosts = sorted(
            {host for table in (a, b) for route in table.routes for host in route.hosts}
        )

    def rounds(self) -> Iterator[Case]:
        """All requests, round by round."""
        for of in self._versions:
            for route in of.routes:
                yield from self._plain(of, route)
        for of in self._versions:
            yield from self._shared(of)
        for of in self._versions:
            for route in of.routes:
                yield from self._varied(of, route)

    def _plain(self, of: OfVersion, route: Known) -> Iterator[Case]:
        """The route as it is meant to be used."""
        naming = self._namings(of)[0]
        path = paths_of(route.settings)[0]
        scopes = {*of.scopes_of(route.settings.name)}
        who = Caller(_SUBJECT, tuple(sorted(scopes))) if scopes else self._everybody
        yield from self._cases(of, naming, path, (route,), route.settings.methods, caller=who)

    def _shared(self, of: OfVersion) -> Iterator[Case]:
        """What two routes may both match, and other paths of each."""
        naming = self._namings(of)[0]
        settings = [route.settings for route in of.routes]
        for route in of.routes:
            for path in paths_of(route.settings):
                yield from self._cases(of, naming, path, (route,), route.settings.methods)
        for path, left, right in shared_paths(settings):
            pair = (of.routes[left], of.routes[right])
            methods = dict.fromkeys((*pair[0].settings.methods, *pair[1].settings.methods))
            yield from self._cases(of, naming, path, pair, tuple(methods))

    def _varied(self, of: OfVersion, route: Known) -> Iterator[Case]:
        """Other methods, callers, namings and spellings."""
        settings = route.settings
        namings = self._namings(of)
        path = paths_of(settings)[0]
        for naming in namings[1:]:
            yield from self._cases(of, naming, path, (route,), settings.methods[:1])
        wrong = next((one for one in _METHODS[3:] if one not in settings.methods), "TRACE")
        yield from self._cases(of, namings[0], path, (route,), ("HEAD", "OPTIONS", wrong))
        for caller in self._callers(settings):
            yield from self._cases(of, namings[0], path, (route,), settings.methods, caller=caller)
        for spelling in (path + "/", path.replace("/", "//", 1), path.upper(), f"/.{path}"):
            yield from self._cases(of, namings[0], spelling, (route,), settings.methods[:1])
        for naming in conflicts(of.version, self._tables):
            yield from self._cases(of, naming, path, (route,), settings.methods[:1])

    def _cases(
        self,
        of: OfVersion,
        naming: Naming,
        path: str,
        routes: Sequence[Known],
        methods: Sequence[str],
        *,
        caller: Caller | None = _WHO_MAY_ALL,
    ) -> Iterator[Case]:
        """Every host and condition of `routes` for one path."""
        looked_at = merged([of.documents_of(route.settings.name) for route in routes])
        who = self._everybody if caller is _WHO_MAY_ALL else caller
        settings = [route.settings for route in routes]
        for host in self._hosts(settings):
            for extras in variations(settings):
                for method in methods:
                    call = _call(method, naming.prefix + path, naming, looked_at, extras)
                    for answer in looked_at.answers():
                        yield Case(call._replace(host=host, caller=who), answer)

    def _namings(self, of: OfVersion) -> list[Naming]:
        return namings(of.version, self._tables)

    def _hosts(self, routes: Sequence[RouteSettings]) -> list[str]:
        """The hosts of some routes, each wildcard as names that it stands for; and no host."""
        hosts: dict[str, None] = {}
        for host in (host for route in routes for host in route.hosts):
            if not host.startswith("*."):
                hosts[host] = None
                continue
            under = [one for one in self._exact_hosts if one.endswith(host[1:]) and one != host]
            for name in (f"any{host[1:]}", f"very.deep{host[1:]}", *under):
                hosts[name.replace("*", "any")] = None
        return [*hosts, DEFAULT_HOST]

    def _callers(self, settings: RouteSettings) -> list[Caller | None]:
        """Nobody, somebody without scopes, and who has just what the route asks for."""
        callers: list[Caller | None] = [None, Caller(_SUBJECT)]
        if isinstance(settings.access, AccessSettings):
            scopes = (*settings.access.scopes, *settings.access.any_scopes[:1])
            callers.append(Caller(_SUBJECT, scopes))
        return callers


def _call(method: str, path: str, naming: Naming, looked_at: Documents, extras: Extras) -> Call:
    pairs = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in looked_at.query]
    query = "&".join(filter(None, (naming.query, extras.query, *pairs)))
    conditions = dict(extras.headers)
    headers = [*naming.headers, *extras.headers]
    headers += [field for field in looked_at.headers if field[0] not in conditions]
    body = looked_at.body() if method in _WITH_BODY else None
    return make_call(method, f"{path}?{query}" if query else path, headers, body)
