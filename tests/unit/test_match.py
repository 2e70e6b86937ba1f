"""The matcher does what its specification says, agrees with a slow one, and stays cheap."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages import Headers
from routing.match import Asked, Matcher, RouteMatch
from routing.parameters import TYPES
from routing.patterns import PathPattern
from routing.regexes import literal_prefix
from routing.table import RouteSettings
from routing.tree import _Node
from tests.cases import matching
from tests.cases.matching import TOPICS, UUID, expression, outcomes, path, prefix

Table = Mapping[str, Any]


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.rule for topic in TOPICS])
def test_requests_lead_where_the_specification_says(topic: matching.Topic) -> None:
    requests = [request for request, _ in topic.cases]
    met = outcomes(topic.routes, topic.paths, requests)
    assert dict(zip(requests, met, strict=True)) == dict(topic.cases)


def built(routes: Table, *, ignore_case: bool = False) -> Matcher[str]:
    matcher: Matcher[str] = Matcher(ignore_case=ignore_case)
    for name, route in routes.items():
        matcher.add(RouteMatch.of(matching.settings(name, route)), name)
    return matcher


# ---- The slow matcher: filter all routes, sort by precedence, take the first.


def find_slowly(routes: Sequence[RouteSettings], asked: Asked) -> str | None:
    """The name of the route that answers, by comparing `asked` with each of them."""
    fitting = [
        (key, order, route.name)
        for order, route in enumerate(routes)
        if (key := precedence(route, asked)) is not None
        and ("GET" if asked.method == "HEAD" else asked.method) in route.methods
        and all(holds(want, asked.headers.get_all(name)) for name, want in route.headers.items())
        and all(holds(want, asked.query.get(name, [])) for name, want in route.query.items())
    ]
    return min(fitting)[2] if fitting else None


def precedence(route: RouteSettings, asked: Asked) -> tuple[Any, ...] | None:
    """What routes are sorted by, if host and path of `route` match."""
    hosts = [
        -1000 if asked.host == host else -len(host)
        for host in route.hosts
        if asked.host == host or (host[0] == "*" and asked.host.endswith(host[1:]))
    ]
    at = path_precedence(route, asked.path)
    if at is None or (route.hosts and not hosts):
        return None
    return (min(hosts, default=0), *at, -len(route.headers), -len(route.query))


def path_precedence(route: RouteSettings, path: str) -> tuple[Any, ...] | None:
    if route.path_regex is not None:
        fits = re.fullmatch(route.path_regex, path)
        return (2, -len(literal_prefix(route.path_regex)), []) if fits else None
    template = route.path or route.path_prefix or ""
    wanted = template[1:].split("/") if template != "/" or route.path else []
    segments = path[1:].split("/")
    ranks = [rank(*pair) for pair in zip(wanted, segments, strict=False)]
    if None in ranks or len(wanted) > len(segments):
        return None
    if route.path is not None:
        return (0, 0, ranks) if len(wanted) == len(segments) else None
    return (1, -len(wanted), ranks)


def rank(wanted: str, segment: str) -> int | None:
    if not wanted.startswith("{"):
        return 0 if wanted == segment else None
    _, _, type = wanted[1:-1].partition(":")
    fits = TYPES[type].accepts(segment) if type else segment
    return ["int", "uuid", "date", "slug", ""].index(type) + 1 if fits else None


def holds(want: Any, values: Sequence[str]) -> bool:
    exact = want if isinstance(want, str) else want.exact
    if exact is not None:
        return exact in values
    if want.regex is not None:
        return any(re.fullmatch(want.regex, value) for value in values)
    return bool(values) is want.present


# ---- Random tables and requests, from few words so that they meet.

WORDS = ["a", "b", "42", "2026-06-01", UUID, "new"]
PARAMETERS = ["{p}", "{p:int}", "{p:uuid}", "{p:date}", "{p:slug}"]
HOSTS = ["x.example.com", "y.x.example.com", "*.example.com", "*.x.example.com"]
EXPRESSIONS = ["/a.*", "/a/[a-z]+", "/[0-9]+(?:/b)?", "/(?P<x>.+)", "/a/b", "/b(?:/[a-z0-9]+)*"]
CONDITIONS: list[Any] = ["1", {"exact": "2"}, {"regex": "[0-9]"}, {"present": True}]
ABSENT = {"present": False}

methods = st.sampled_from(["GET", "POST", "PUT"])
templates = st.lists(st.sampled_from(WORDS[:3] + PARAMETERS), min_size=1, max_size=4).map(
    # Numbered, as a name must not occur twice.
    lambda parts: (
        "/" + "/".join(part.replace("p", f"p{at}", 1) if part[0] == "{" else part
                       for at, part in enumerate(parts))
    )
)  # fmt: skip
patterns = st.one_of(
    templates.map(path),
    templates.map(path),
    templates.map(prefix),
    st.just(prefix("/")),
    st.sampled_from(EXPRESSIONS).map(expression),
)
conditions = st.dictionaries(
    st.sampled_from(["k", "l"]), st.sampled_from([*CONDITIONS, ABSENT]), max_size=2
)
routes = st.builds(
    lambda pattern, methods, hosts, headers, query: {
        **pattern, "methods": methods, "hosts": hosts, "headers": headers, "query": query
    },
    patterns,
    st.lists(methods, min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(HOSTS), max_size=2),
    st.one_of(st.just({}), conditions),
    st.one_of(st.just({}), conditions),
)  # fmt: skip
tables = st.lists(routes, max_size=14).map(
    lambda chosen: {f"r{number}": route for number, route in enumerate(chosen)}
)
values = st.dictionaries(
    st.sampled_from(["k", "l"]), st.lists(st.sampled_from(["1", "2", "x"]), min_size=1, max_size=2)
)
requests = st.builds(
    lambda method, host, path, query, fields: Asked(
        method,
        host,
        path,
        query,
        Headers((name, value) for name, values in fields.items() for value in values),
    ),
    st.one_of(methods, st.just("HEAD")),
    st.sampled_from(["", "example.com", *(host.lstrip("*.") for host in HOSTS)]),
    st.lists(st.sampled_from([*WORDS, ""]), min_size=1, max_size=5).map(
        lambda parts: "/" + "/".join([part for part in parts[:-1] if part] + parts[-1:])
    ),
    st.one_of(st.just({}), values),
    st.one_of(st.just({}), values),
)


@settings(max_examples=300)
@given(tables, st.lists(requests, min_size=1, max_size=4))
def test_the_matcher_agrees_with_a_comparison_of_all_routes(
    table: Table, several: list[Asked]
) -> None:
    decoded = [matching.settings(name, route) for name, route in table.items()]
    # One after the other, as the tree grows with each.
    matcher = built(table)
    for asked in several:
        found = matcher.find(asked)
        assert (found.target if found else None) == find_slowly(decoded, asked)


@settings(max_examples=100)
@given(tables, requests)
def test_methods_are_those_of_all_routes_at_the_path(table: Table, asked: Asked) -> None:
    decoded = [matching.settings(name, route) for name, route in table.items()]
    expected: set[str] = {
        method for one in decoded if precedence(one, asked) is not None for method in one.methods
    }
    expected |= {"HEAD"} & {"HEAD" for method in expected if method == "GET"}
    expected |= {"OPTIONS"} if expected else set()
    assert built(table).methods(asked) == sorted(expected)


@settings(max_examples=100)
@given(tables, requests)
def test_what_is_considered_is_in_order_and_the_first_that_fits_has_won(
    table: Table, asked: Asked
) -> None:
    decoded = {name: matching.settings(name, route) for name, route in table.items()}
    matcher = built(table)
    listed = matcher.considered(asked)
    found = matcher.find(asked)
    assert [one.target for one in listed if one.won] == ([found.target] if found else [])
    places = [(precedence(decoded[one.target], asked), int(one.target[1:])) for one in listed]
    assert places == sorted(places)
    assert len(listed) == sum(precedence(one, asked) is not None for one in decoded.values())


@settings(max_examples=50)
@given(tables, routes, requests)
def test_a_route_may_come_when_others_have_been_found(
    table: Table, late: Any, asked: Asked
) -> None:
    matcher, whole = built(table), {**table, "r99": late}
    matcher.find(asked)
    matcher.add(RouteMatch.of(matching.settings("r99", late)), "r99")
    assert matcher.find(asked) == built(whole).find(asked)


# ---- The work that a request makes.


def test_no_table_makes_the_search_explode(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 1,024 mixtures of a literal and a parameter, and a path that fits them but for its end.

    A search that goes back and forth between them takes 2^10 times 10 steps, and more where the
    tree has been shared; this one meets each node once.
    """
    depth = 10
    table = {
        f"r{number}": "GET /" + "/".join([*parts, "end"])
        for number, parts in enumerate(product(*([["a", f"{{p{at}}}"] for at in range(depth)])))
    }
    matcher = built(table)
    met = 0
    lead = _Node.lead

    def counting(node: _Node[str], *arguments: Any) -> None:
        nonlocal met
        met += 1
        lead(node, *arguments)

    monkeypatch.setattr(_Node, "lead", counting)
    assert matcher.find(Asked("GET", "", "/" + "a/" * depth + "nothing")) is None
    assert met <= 2 ** (depth + 2)
    met = 0
    assert matcher.find(Asked("GET", "", "/" + "a/" * 2000)) is None
    assert met <= 2 ** (depth + 2)


@pytest.mark.parametrize("count", [10, 1_000])
def test_the_work_does_not_grow_with_the_table(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {f"r{number}": f"GET /s{number}/{{id:int}}/parts" for number in range(count)}
    matcher = built(table)
    grown: list[int] = []
    grow = _Node.grow

    def counting(node: _Node[str], *, ignore_case: bool) -> None:
        grown.append(len(node.waiting))
        grow(node, ignore_case=ignore_case)

    monkeypatch.setattr(_Node, "grow", counting)
    found = matcher.find(Asked("GET", "", "/s7/1/parts"))
    assert found == ("r7", {"id": "1"}, "")
    # The root shares out its routes once; what nobody asks for stays as it is.
    assert grown == [count]
    matcher.find(Asked("GET", "", "/s8/1/parts"))
    assert grown == [count]


def test_only_expressions_whose_beginning_fits_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {f"r{number}": expression(f"/s{number}/(?P<x>[a-z]+)") for number in range(500)}
    matcher = built(table)
    tried: list[str] = []
    compiled = PathPattern.expression

    def counting(pattern: PathPattern, *, ignore_case: bool = False) -> re.Pattern[str]:
        tried.append(pattern.text)
        return compiled(pattern, ignore_case=ignore_case)

    monkeypatch.setattr(PathPattern, "expression", counting)
    assert matcher.find(Asked("GET", "", "/s17/abc")) == ("r17", {"x": "abc"}, "")
    assert tried == ["/s17/(?P<x>[a-z]+)"]


@pytest.mark.parametrize("host", ["x" * 300 + ".example.com", "." * 16_000, "a." * 8_000])
def test_a_host_name_that_is_too_long_is_no_host_of_the_table(host: str) -> None:
    matcher = built({"any": "GET /x", "wide": path("/x", hosts=["*.example.com", "*.a"])})
    found = matcher.find(Asked("GET", host, "/x"))
    assert found is not None
    assert found.target == "any"


# ---- What it says about itself.

EXPLAINED = {
    "new": path("/users/new", "POST"),
    "beta": path("/users/new", headers={"X-Beta": "yes"}),
    "paged": path("/users/new", query={"page": {"regex": "[0-9]+"}}),
    "host": path("/users/{id}", hosts=["api.example.com"]),
    "wild": path("/users/{id}", hosts=["*.example.com"]),
    "slug": path("/users/{name:slug}"),
    "plain": path("/users/{name}"),
    "again": path("/users/{name:slug}"),
    "twice": path("/users/{name:slug}", headers={"X-Beta": {"present": False}}),
    "tree": prefix("/users"),
    "all": prefix("/"),
    "late": expression("/users/.*"),
    "later": expression("/.*"),
}


def explained(asked: Asked) -> dict[str, str]:
    return {one.target: one.reason for one in built(EXPLAINED).considered(asked)}


def test_every_route_at_the_path_says_why_it_lost() -> None:
    asked = Asked("GET", "www.example.com", "/users/new", {"page": ["x"]}, Headers())
    assert explained(asked) == {
        "wild": "won",
        "beta": "header X-Beta is missing",
        "paged": "query parameter page is `x`, expected a match of `[0-9]+`",
        "new": "method is POST",
        "twice": "less specific: any host where `/users/{id}` is for host *.example.com",
        "slug": "less specific: any host where `/users/{id}` is for host *.example.com",
        "again": "less specific: any host where `/users/{id}` is for host *.example.com",
        "plain": "less specific: any host where `/users/{id}` is for host *.example.com",
        "tree": "less specific: any host where `/users/{id}` is for host *.example.com",
        "all": "less specific: any host where `/users/{id}` is for host *.example.com",
        "late": "less specific: any host where `/users/{id}` is for host *.example.com",
        "later": "less specific: any host where `/users/{id}` is for host *.example.com",
    }


def test_the_difference_that_decided_is_named() -> None:
    reasons = explained(Asked("GET", "", "/users/ada", {}, Headers([("x-beta", "no")])))
    assert reasons == {
        "twice": "header X-Beta is there",
        "slug": "won",
        "again": "later in the table than the same `/users/{name:slug}`",
        "plain": "less specific: parameter {name} where `/users/{name:slug}` has the typed "
        "parameter `{name:slug}`",
        "tree": "less specific: a prefix where `/users/{name:slug}` is a whole path",
        "all": "less specific: a prefix where `/users/{name:slug}` is a whole path",
        "late": "less specific: a regular expression where `/users/{name:slug}` is a whole path",
        "later": "less specific: a regular expression where `/users/{name:slug}` is a whole path",
    }
    literal = explained(Asked("GET", "", "/users/new", {"page": ["1"]}, Headers()))
    assert literal["slug"] == (
        "less specific: parameter {name:slug} where `/users/new` has the literal `new`"
    )
    without = built({"plain": "GET /x", "more": path("/x", headers={"A": {"present": False}})})
    assert [one.reason for one in without.considered(Asked("GET", "", "/x"))] == [
        "won",
        "less specific: 0 conditions on the header where the winner has 1",
    ]


def test_prefixes_and_expressions_name_their_difference_too() -> None:
    reasons = explained(Asked("GET", "", "/users/Ada/x", {}, Headers()))
    assert reasons == {
        "tree": "won",
        "all": "less specific: 0 segments where `/users` has 1",
        "late": "less specific: a regular expression where `/users` is a prefix",
        "later": "less specific: a regular expression where `/users` is a prefix",
    }
    only = built({"a": expression("/.*"), "b": expression("/a.*")})
    assert [one.reason for one in only.considered(Asked("GET", "", "/ab"))] == [
        "won",
        "less specific: begins with `/` where `/a.*` begins with `/a`",
    ]


def test_the_names_that_conditions_look_at_are_known() -> None:
    matcher = built(EXPLAINED)
    assert matcher.header_names == {"x-beta"}
    assert matcher.query_names == {"page"}
    assert built({"a": "GET /a"}).header_names == frozenset()


@pytest.mark.parametrize(
    ("one", "two", "collide"),
    [
        (path("/a/{x}"), path("/a/{y}"), True),
        (path("/a/{x}"), path("/a/{x:int}"), False),
        (path("/a/{x}"), prefix("/a/{x}"), False),
        (path("/a", "GET", "PUT"), path("/a", "PUT", "POST"), True),
        (path("/a", "GET"), path("/a", "PUT"), False),
        (path("/a", hosts=["x.y"]), path("/a"), False),
        (path("/a", hosts=["x.y", "z.y"]), path("/a", hosts=["z.y"]), True),
        (path("/a", headers={"K": "1"}), path("/a", headers={"k": {"exact": "1"}}), True),
        (path("/a", headers={"K": "1"}), path("/a", headers={"K": "2"}), False),
        (path("/a", headers={"K": "1"}), path("/a", query={"k": "1"}), False),
        (path("/a", query={"K": "1"}), path("/a", query={"k": "1"}), False),
        (expression("/a+"), expression("/a+"), True),
    ],
)
def test_routes_that_nobody_can_tell_apart_share_a_key(one: Any, two: Any, collide: bool) -> None:
    first, second = (
        set(RouteMatch.of(matching.settings(name, route)).keys())
        for name, route in (("one", one), ("two", two))
    )
    assert bool(first & second) is collide


def test_another_path_takes_the_place_of_the_tables() -> None:
    route = matching.settings("r", prefix("/new/{id}", "GET", headers={"K": "1"}))
    match = RouteMatch.of(route, path="/old/{id}")
    assert (match.pattern.kind, match.pattern.text) == ("path_prefix", "/old/{id}")
    assert len(match.headers) == 1
