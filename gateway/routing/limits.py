"""Which limits a route has: those that it names, and those that every route has."""

from routing.table import RouteSettings, Table


def named_by(route: RouteSettings) -> tuple[str, ...]:
    """The limits that the route names itself."""
    if route.rate_limit is None:
        return ()
    return (route.rate_limit,) if isinstance(route.rate_limit, str) else route.rate_limit


def limits_of(table: Table, route: RouteSettings) -> tuple[str, ...]:
    """The names of all its limits, its own ones first."""
    own = named_by(route)
    shared = [name for name, limit in table.rate_limits.items() if limit.every_route]
    return own + tuple(name for name in shared if name not in own)
