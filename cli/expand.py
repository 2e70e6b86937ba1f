"""What only the file has and the table does not: `defaults`, `policies` and a route's `use`.

It works on the tree of nodes, before anything is checked against the types of the table, so that
a value that a policy gives to a thousand routes is still known by the place where it was written.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec

from cli.environments import MAX_ENVIRONMENTS, REMOVED, lay_over, unknown
from cli.include import Parts
from cli.located import Mistake
from cli.validate import violations
from cli.wording import found
from cli.yaml_source import Node
from routing.table import RouteSettings
from routing.texts import Name

MAX_GIVEN: Final = 320_000
"""Values that defaults and policies may give to all routes together."""
MAX_USED: Final = 20
"""Policies that one route may use."""

OWN: Final = (
    "name",
    "summary",
    "path",
    "path_prefix",
    "path_regex",
    "upstream_path",
    "redirect",
    "respond",
    "aggregate",
)
"""Members that every route says itself."""
MATCHED: Final = ("hosts", "methods", "headers", "query", "versions")
"""Members that decide which requests a route gets: from a policy, as it is asked for by name, but
not from the defaults, where nobody would look for them."""

FILE_MEMBERS: Final = ("include", "defaults", "policies", "environments")


def _members(title: str, without: tuple[str, ...]) -> type[Any]:
    hints = get_type_hints(RouteSettings, include_extras=True)
    fields = [
        (field.name, hints[field.name], None)
        for field in msgspec.structs.fields(RouteSettings)
        if field.encode_name not in without
    ]
    return msgspec.defstruct(title, fields, forbid_unknown_fields=True, kw_only=True, frozen=True)


DefaultMembers: Final = _members("Defaults", (*OWN, *MATCHED))
PolicyMembers: Final = _members("Policy", OWN)


_GIVEN: Final = frozenset(field.encode_name for field in msgspec.structs.fields(PolicyMembers))


class Expanded(NamedTuple):
    """A table as its types describe it, in one environment or in none."""

    root: Node
    mistakes: list[Mistake]
    complete: bool
    """Whether it went through to the end: what would get too large is not worth a check."""


class Expansion:
    """The files of a table, ready to be expanded for one environment after the other."""

    def __init__(self, parts: Parts) -> None:
        self.mistakes: list[Mistake] = list(parts.mistakes)
        """What is wrong in every environment."""
        self.environments: Mapping[str, Node] = {}
        self._policies: Mapping[str, Node] = {}
        self._defaults: Node | None = None
        self._root = parts.root
        if isinstance(parts.root.content, dict):
            self._root = parts.root.derived()
            self._root.take("include")
            self._defaults = self._root.take("defaults")
            self._policies = self._named(self._root.take("policies"), "policies")
            self.environments = self._named(self._root.take("environments"), "environments")
            self._check()

    def expand(self, environment: str | None) -> Expanded:
        """The table in `environment`, which has to be one of `environments`."""
        mistakes: list[Mistake] = []
        root, defaults = self._root, self._defaults
        if environment is not None:
            overlay = self.environments[environment]
            root, defaults = lay_over(root, defaults, overlay, mistakes)
            if defaults is not self._defaults and defaults is not None:
                mistakes += _check_defaults(defaults)
        given = defaults if defaults is not None and isinstance(defaults.content, dict) else None
        composer = _RouteComposer(given, self._policies, mistakes)
        root = _with_routes(root, composer)
        mistakes = [mistake._replace(environment=environment or "") for mistake in mistakes]
        return Expanded(root, mistakes, not composer.exhausted)

    def _named(self, node: Node | None, name: str) -> Mapping[str, Node]:
        if node is None:
            return {}
        for wrong in violations(node.value, dict[Name, Any]):
            place = node.find(wrong.path, key=wrong.key)
            self.mistakes.append(Mistake(place, wrong.message))
        if not isinstance(node.content, dict):
            return {}
        if name == "environments" and len(node.content) > MAX_ENVIRONMENTS:
            words = f"expected at most {MAX_ENVIRONMENTS} environments, found {len(node.content)}"
            self.mistakes.append(Mistake(node, words))
            return {}
        return dict(node.content)

    def _check(self) -> None:
        if self._defaults is not None:
            self.mistakes += _check_defaults(self._defaults)
        for policy in self._policies.values():
            self.mistakes += _check_members(policy, PolicyMembers, "a policy", OWN)


def _with_routes(root: Node, composer: "_RouteComposer") -> Node:
    routes = root.content.get("routes") if isinstance(root.content, dict) else None
    if routes is None or not isinstance(routes.content, list):
        return root
    composed = routes.derived()
    composed.content = list(composer.routes(routes.content))
    whole = root.derived()
    whole.put("routes", root.keys["routes"], composed)
    return whole


def _check_defaults(defaults: Node) -> Iterator[Mistake]:
    yield from _check_members(defaults, DefaultMembers, "the defaults", (*OWN, *MATCHED))
    access = defaults.child("access")
    if access is not None and access.content == "public":
        message = "nothing is public by default: say `access: public` where it is meant"
        yield Mistake(access, message)


def _check_members(
    node: Node, kind: type[Any], holder: str, refused: tuple[str, ...]
) -> Iterator[Mistake]:
    for wrong in violations(node.value, kind):
        message = wrong.message
        if wrong.key and wrong.path[0] in refused:
            message = f"`{wrong.path[0]}` cannot be in {holder}; every route says it itself"
        elif wrong.key and wrong.path == ("use",):
            message = f"`use` cannot be in {holder}; only a route uses policies"
        yield Mistake(node.find(wrong.path, key=wrong.key), message)


class _RouteComposer:
    """Gives routes what they do not say themselves."""

    def __init__(
        self, defaults: Node | None, policies: Mapping[str, Node], mistakes: list[Mistake]
    ) -> None:
        self._defaults = defaults
        self._policies = policies
        self._mistakes = mistakes
        self._sizes: dict[int, int] = {}
        self._left = MAX_GIVEN
        self.exhausted = False

    def routes(self, routes: list[Node]) -> Iterator[Node]:
        """The routes with all their members, as far as `MAX_GIVEN` reaches."""
        for route in routes:
            if not isinstance(route.content, dict):
                yield route
                continue
            yield self._route(route)
            if self._left < 0:
                self.exhausted = True
                message = f"defaults and policies give more than {MAX_GIVEN} values in all"
                self._mistakes.append(Mistake(route, message))
                return

    def _route(self, route: Node) -> Node:
        used = self._used(route)
        layers = ([self._defaults] if self._defaults is not None else []) + used
        if not layers and "use" not in route.content and not _has_removed(route):
            return route
        given: dict[str, tuple[Node, Node]] = {}
        for layer in layers:
            for name, value in layer.content.items():
                if name not in _GIVEN:
                    continue  # which has been told
                if value.content is None and name in given:
                    del given[name]
                else:
                    given[name] = (layer.keys[name], value)
        whole = route.derived()
        whole.take("use")
        for name, value in route.content.items():
            if value.content is REMOVED or (value.content is None and name in given):
                whole.take(name)
                given.pop(name, None)
        for name, (key, value) in given.items():
            if name not in whole.keys:
                whole.put(name, key, value)
                self._left -= self._size(value)
        return whole

    def _used(self, route: Node) -> list[Node]:
        use = route.content.get("use")
        if use is None or use.content is REMOVED:
            return []
        if not isinstance(use.content, list):
            message = f"expected a list of policies such as [cached], found {found(use.value)}"
            self._mistakes.append(Mistake(use, message))
            return []
        if len(use.content) > MAX_USED:
            message = f"expected at most {MAX_USED} policies, found {len(use.content)}"
            self._mistakes.append(Mistake(use, message))
            return []
        used = []
        for item in use.content:
            name = item.content
            if not isinstance(name, str):
                words = f"expected the name of a policy, found {found(item.value)}"
                self._mistakes.append(Mistake(item, words))
            elif name not in self._policies:
                self._mistakes.append(Mistake(item, unknown("policy", name, self._policies)))
            elif isinstance(self._policies[name].content, dict):
                used.append(self._policies[name])
        return used

    def _size(self, node: Node) -> int:
        if id(node) not in self._sizes:
            content = node.content
            inside = content.values() if isinstance(content, dict) else content
            sizes = map(self._size, inside) if isinstance(content, (dict, list)) else ()
            self._sizes[id(node)] = 1 + sum(sizes)
        return self._sizes[id(node)]


def _has_removed(route: Node) -> bool:
    return any(value.content is REMOVED for value in route.content.values())
