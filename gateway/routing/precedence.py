"""Why of two routes that both fit a request the one is less specific: a sentence for `explain`."""

from routing.parameters import LITERAL_RANK
from routing.patterns import PathPattern
from routing.route_match import RouteMatch

_KINDS = {
    "path": "a whole path",
    "path_prefix": "a prefix",
    "path_regex": "a regular expression",
}


def why_less_specific(host: str, match: RouteMatch, winner_host: str, winner: RouteMatch) -> str:
    """Why `match`, by its `host`, comes after `winner`, by its own; `""` is any host."""
    here, there = match.pattern, winner.pattern
    if host != winner_host:
        return f"less specific: {_host(host)} where `{there.text}` is for {_host(winner_host)}"
    if here.kind != there.kind:
        return f"less specific: {_KINDS[here.kind]} where `{there.text}` is {_KINDS[there.kind]}"
    return (
        (_prefix(here, there) if here.kind == "path_regex" else _segment(here, there))
        or _conditions(match, winner)
        or f"later in the table than the same `{there.text}`"
    )


def _host(host: str) -> str:
    return f"host {host}" if host else "any host"


def _prefix(here: PathPattern, there: PathPattern) -> str:
    one, two = here.literal_prefix(), there.literal_prefix()
    if len(one) == len(two):
        return ""
    return f"less specific: begins with `{one}` where `{there.text}` begins with `{two}`"


def _segment(here: PathPattern, there: PathPattern) -> str:
    """The difference that decided, if a path's segments did."""
    if here.depth != there.depth:
        return f"less specific: {here.depth} segments where `{there.text}` has {there.depth}"
    for number, (one, two) in enumerate(zip(here.ranks, there.ranks, strict=True)):
        if one != two:
            kind = "literal" if two == LITERAL_RANK else "typed parameter"
            return (
                f"less specific: parameter {here.template.segments[number]} where `{there.text}` "
                f"has the {kind} `{there.template.segments[number]}`"
            )
    return ""


def _conditions(match: RouteMatch, winner: RouteMatch) -> str:
    counts = (
        ("header", len(match.headers), len(winner.headers)),
        ("query", len(match.query), len(winner.query)),
    )
    for part, here, there in counts:
        if here != there:
            return f"less specific: {here} conditions on the {part} where the winner has {there}"
    return ""
