"""Whether two routes can be asked for the same path. May say yes where they cannot, never no where
they can."""

from routing.paths import PathTemplate
from routing.table import RouteSettings


def may_meet(one: RouteSettings, other: RouteSettings) -> bool:
    """Whether there may be a path that both match."""
    if one.path_regex is not None or other.path_regex is not None:
        return True
    first, second = _segments(one), _segments(other)
    if one.path is not None and other.path is not None and len(first) != len(second):
        return False
    return all(
        mine is None or theirs is None or mine == theirs
        for mine, theirs in zip(first, second, strict=False)
    )


def _segments(route: RouteSettings) -> list[str | None]:
    """The segments, in lower case as a table may not tell cases apart; None for parameters."""
    template = PathTemplate(route.path or route.path_prefix or "/")
    if template.text == "/" and route.path_prefix is not None:
        return []
    return [None if part.startswith("{") else part.lower() for part in template.segments]
