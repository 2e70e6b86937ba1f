"""Request paths that show which of several routes takes precedence.

A path is interesting where two routes could take it. So for every two routes of a version there is
a path that both match as far as that can be: what one of them has literally stands where the other
has a parameter.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from typing import Final

from routing.changes import without_types
from routing.parameters import examples as parameter_examples
from routing.regexes import examples as regex_examples
from routing.table import RouteSettings

MAX_PAIRS: Final = 200_000
"""Pairs of routes of one version that are looked at."""

_REST: Final = "/rest/of-it"
"""Behind a prefix, where nothing else suggests itself."""


class Shape:
    """A route's path as segments; `prefix` where more may follow, none for an expression."""

    __slots__ = ("literals", "prefix", "segments")

    def __init__(self, settings: RouteSettings) -> None:
        text = settings.path or settings.path_prefix
        self.segments = text[1:].split("/") if text is not None else []
        self.prefix = settings.path is None
        self.literals = [segment[:1] != "{" for segment in self.segments]


def paths_of(settings: RouteSettings) -> list[str]:
    """Paths that the route matches: the plainest first, then with other values for parameters."""
    if settings.path_regex is not None:
        return regex_examples(settings.path_regex)
    shape = Shape(settings)
    values = [_values(segment) for segment in shape.segments]
    plain = [choices[0] for choices in values]
    found = [plain]
    for place, choices in enumerate(values):
        found += [[*plain[:place], other, *plain[place + 1 :]] for other in choices[1:]]
    paths = ["/" + "/".join(segments) for segments in found]
    return [*paths, paths[0] + _REST] if shape.prefix else paths


def shared_paths(routes: Sequence[RouteSettings]) -> Iterator[tuple[str, int, int]]:
    """A path for each two of `routes` that could both match it, and their places in `routes`."""
    shapes = [Shape(settings) for settings in routes]
    whole = [place for place, shape in enumerate(shapes) if shape.segments]
    for left, right in islice(combinations(whole, 2), MAX_PAIRS):
        path = _shared(shapes[left], shapes[right])
        if path is not None:
            yield path, left, right


def _shared(a: Shape, b: Shape) -> str | None:
    """A path that both match, if one does."""
    short, long = (a, b) if len(a.segments) <= len(b.segments) else (b, a)
    if len(short.segments) < len(long.segments) and not short.prefix:
        return None
    segments = []
    for place, segment in enumerate(long.segments):
        if place >= len(short.segments) or not short.literals[place]:
            segments.append(segment if long.literals[place] else _value(segment, short, place))
        elif not long.literals[place] or segment == short.segments[place]:
            segments.append(short.segments[place])
        else:
            return None
    return "/" + "/".join(segments)


def _value(segment: str, other: Shape, place: int) -> str:
    """Of two parameters the typed one says what stands there."""
    if ":" not in segment and place < len(other.segments):
        segment = other.segments[place]
    return _values(segment)[0]


def _values(segment: str) -> Sequence[str]:
    """What may stand for a segment; a literal stands for itself."""
    if not segment.startswith("{"):
        return (segment,)
    return parameter_examples(segment[1:-1].partition(":")[2])


def public_path(settings: RouteSettings) -> str:
    """The path of a route without types, for people."""
    return without_types(settings.path or settings.path_prefix or settings.path_regex or "")
