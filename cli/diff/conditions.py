"""Header fields and query parameters with which conditions of routes hold, or do not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote_plus

from routing.conditions import Condition
from routing.table import Condition as Settings
from routing.table import RouteSettings

_WRONG = "something-else"


class Extras(NamedTuple):
    """What a request has besides method, host and path."""

    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""


def variations(routes: Sequence[RouteSettings]) -> Iterator[Extras]:
    """Nothing at all; then for each route what fulfils it, and what fails one condition of it."""
    yield Extras()
    for settings in routes:
        headers = _values(settings.headers)
        query = _values(settings.query)
        if not headers and not query:
            continue
        yield _extras(headers, query)
        for name in headers:
            yield _extras(_without(headers, name), query)
            yield _extras({**headers, name: _WRONG}, query)
        for name in query:
            yield _extras(headers, _without(query, name))
            yield _extras(headers, {**query, name: _WRONG})
    if len(routes) > 1:
        headers = {name: one for route in routes for name, one in _values(route.headers).items()}
        query = {name: one for route in routes for name, one in _values(route.query).items()}
        if headers or query:
            yield _extras(headers, query)


def _values(conditions: Mapping[str, Settings]) -> dict[str, str | None]:
    """For each name a value with which its condition holds; None where it has to be absent."""
    return {name: Condition(name, settings).examples()[0] for name, settings in conditions.items()}


def _without(values: Mapping[str, str | None], name: str) -> dict[str, str | None]:
    """With nothing under `name`; or with something, where nothing is what is wanted."""
    return {**values, name: None if values[name] is not None else "1"}


def _extras(headers: Mapping[str, str | None], query: Mapping[str, str | None]) -> Extras:
    fields = tuple((name.lower(), value) for name, value in headers.items() if value is not None)
    pairs = [
        f"{quote_plus(name)}={quote_plus(value)}"
        for name, value in query.items()
        if value is not None
    ]
    return Extras(fields, "&".join(pairs))
