"""`environments`: the values of an environment, laid over the table.

A mapping is laid over a mapping member by member; everything else takes the place of what was
there, and `null` takes it away. Only what the table has by name can be laid over.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from cli.located import Mistake
from cli.wording import did_you_mean, found, shortened
from cli.yaml_source import Node

MAX_ENVIRONMENTS: Final = 10

BY_NAME: Final = ("services", "rate_limits", "roles", "cors", "transforms")
OPTIONAL: Final = ("address_guard", "request_limits", "load_shedding", "security_headers")
"""What has values where the table says nothing of it."""
MEMBERS: Final = ("versions", *BY_NAME, *OPTIONAL, "routes", "defaults")
"""What an environment may lay something over."""

_MAX_LISTED: Final = 20


class _Removed:
    """The content of a node that an environment takes away."""


REMOVED: Final = _Removed()


class Laid(NamedTuple):
    """A table with an environment laid over it. A route's member that was taken away is a node
    with the content `REMOVED`, so that no policy and no default brings it back."""

    root: Node
    defaults: Node | None


def lay_over(root: Node, defaults: Node | None, overlay: Node, mistakes: list[Mistake]) -> Laid:
    """Lay `overlay`, the values of an environment, over the table."""
    if not isinstance(overlay.content, dict):
        mistakes.append(Mistake(overlay, f"expected a mapping, found {found(overlay.value)}"))
        return Laid(root, defaults)
    root = root.derived()
    for name, value in overlay.content.items():
        key = overlay.keys[name]
        if name not in MEMBERS:
            hint = did_you_mean(name, MEMBERS) or f" (known: {', '.join(MEMBERS)})"
            message = f"there is no member `{shortened(name)}` in an environment{hint}"
            mistakes.append(Mistake(key, message))
        elif not isinstance(value.content, dict):
            mistakes.append(Mistake(value, f"expected a mapping, found {found(value.value)}"))
        elif name == "defaults":
            defaults = value if defaults is None else _merged(defaults, value)
        elif name == "routes":
            routes = root.content.get("routes")
            if routes is not None and isinstance(routes.content, list):
                root.put(name, root.keys[name], _merged_routes(routes, value, mistakes))
        else:
            _lay_over_member(root, name, key, value, mistakes)
    return Laid(root, defaults)


def _lay_over_member(
    root: Node, name: str, key: Node, value: Node, mistakes: list[Mistake]
) -> None:
    base = root.content.get(name)
    if base is None and name in OPTIONAL:
        root.put(name, key, value)
        return
    if base is None or not isinstance(base.content, dict):
        if base is None:
            mistakes.append(Mistake(key, f"the table has no `{name}` to lay this over"))
        return
    named = (base, value) if name in BY_NAME else _both(base, value, "supported")
    if named is not None:
        mistakes.extend(_strangers(named[1], named[0].content, _NOUNS[name]))
    root.put(name, root.keys[name], _merged(base, value))


_NOUNS: Final = {
    "services": "service",
    "rate_limits": "rate limit",
    "roles": "role",
    "cors": "CORS policy",
    "transforms": "transform",
    "versions": "version",
    "routes": "route",
}


def _both(base: Node, value: Node, name: str) -> tuple[Node, Node] | None:
    one, other = base.content.get(name), value.content.get(name)
    if one is None or other is None:
        return None
    return (one, other) if _are_mappings(one, other) else None


def _strangers(overlay: Node, known: Collection[str], noun: str) -> Iterator[Mistake]:
    for name, key in overlay.keys.items():
        if name not in known:
            yield Mistake(key, unknown(noun, name, known))


def unknown(noun: str, name: str, known: Iterable[str]) -> str:
    """That there is no such name, the one that may have been meant, and what there is."""
    names = sorted(known)
    listed = ", ".join(map(shortened, names[:_MAX_LISTED])) or "none"
    if len(names) > _MAX_LISTED:
        listed += f" and {len(names) - _MAX_LISTED} more"
    return f"there is no {noun} `{shortened(name)}`{did_you_mean(name, names)} (known: {listed})"


def _merged(base: Node, overlay: Node) -> Node:
    merged = base.derived()
    for name, value in overlay.content.items():
        _lay_member(merged, name, overlay.keys[name], value)
    return merged


def _lay_member(merged: Node, name: str, key: Node, value: Node) -> None:
    before = merged.content.get(name)
    if value.content is None and before is not None:
        merged.take(name)
    elif (
        before is not None and isinstance(before.content, dict) and isinstance(value.content, dict)
    ):
        merged.put(name, merged.keys[name], _merged(before, value))
    else:
        merged.put(name, key, value)


def _are_mappings(*nodes: Node) -> bool:
    return all(isinstance(node.content, dict) for node in nodes)


def _merged_routes(routes: Node, overlay: Node, mistakes: list[Mistake]) -> Node:
    positions: dict[str, int] = {}
    for position, route in enumerate(routes.content):
        name = route.content.get("name") if isinstance(route.content, dict) else None
        if name is not None and isinstance(name.content, str):
            positions.setdefault(name.content, position)
    mistakes.extend(_strangers(overlay, positions, "route"))
    merged = routes.derived()
    for name, value in overlay.content.items():
        if name not in positions:
            continue
        position = positions[name]
        if value.content is None:
            merged.content[position] = None
        elif not isinstance(value.content, dict):
            message = f"expected a mapping, found {found(value.value)}"
            mistakes.append(Mistake(value, message))
        else:
            merged.content[position] = _merged_route(merged.content[position], value, mistakes)
    merged.content = [route for route in merged.content if route is not None]
    return merged


def _merged_route(route: Node, overlay: Node, mistakes: list[Mistake]) -> Node:
    merged = route.derived()
    for name, value in overlay.content.items():
        key = overlay.keys[name]
        if name == "name":
            mistakes.append(Mistake(key, "a route has the same name in every environment"))
        elif value.content is None:
            merged.put(name, key, Node(value.file, value.line, value.column, REMOVED))
        else:
            _lay_member(merged, name, key, value)
    return merged
