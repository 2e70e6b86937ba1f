"""A table in several files, with defaults, policies and environments: what it becomes, and where
its mistakes are said to be."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.compile_table import (
    TableErrors,
    UnknownEnvironment,
    check_source,
    load_source,
    load_table,
)
from cli.expand import MAX_GIVEN
from cli.include import MAX_FILES, TableFiles
from cli.yaml_source import MAX_BYTES, Position

HEAD = """\
versions: { default: v2, supported: { v1: {}, v2: {} } }
services: { data: { binding: DATA, timeout: 5s, circuit_breaker: { probes: 2 } } }
rate_limits: { few: { quota: 2, window: 1m, by: address } }
"""
ROUTE = "{ name: things, path: /things, methods: [GET], service: data, access: public }"


def write(folder: Path, **files: str) -> Path:
    """Files by name, `main` for the table, `teams__a` for teams/a.yaml."""
    for name, text in files.items():
        path = folder / ("routes.yaml" if name == "main" else f"{name.replace('__', '/')}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "routes.yaml"


def first_route(path: Path, environment: str | None = None) -> dict[str, Any]:
    route: dict[str, Any] = msgspec.to_builtins(load_table(path, environment=environment).routes[0])
    return route


def mistakes(path: Path) -> list[tuple[str, int, int, str, str, str]]:
    """File, line, column, path, message and environment of each."""
    with pytest.raises(TableErrors) as refused:
        check_source(path)
    return [(error.file.name, *error[1:5], error.environment) for error in refused.value.errors]


LAYERS: list[tuple[str, str, str, Any]] = [
    # defaults and policies, members of the route, member, its value
    ("defaults: { max_body: 8KiB }", "", "max_body", "8KiB"),
    ("defaults: { max_body: 8KiB }", "max_body: 1KiB", "max_body", "1KiB"),
    ("defaults: { service: data, access: authenticated }", "", "access", "authenticated"),
    ("policies: { a: { max_body: 1KiB } }", "use: [a]", "max_body", "1KiB"),
    ("policies: { a: { max_body: 1KiB } }", "", "max_body", None),
    ("policies: { a: { max_body: 1KiB }, b: { max_body: 2KiB } }", "use: [a, b]",
     "max_body", "2KiB"),
    ("policies: { a: { max_body: 1KiB }, b: { max_body: 2KiB } }", "use: [b, a]",
     "max_body", "1KiB"),
    ("policies: { a: { max_body: 1KiB } }", "use: [a], max_body: 3KiB", "max_body", "3KiB"),
    ("defaults: { max_body: 8KiB }\npolicies: { a: { max_body: 1KiB } }", "use: [a]",
     "max_body", "1KiB"),
    ("policies: { a: { methods: [GET, POST], versions: [v2] } }", "use: [a]",
     "versions", ("v2",)),
    # Members are replaced as a whole, and null takes away what another layer gives.
    ("defaults: { rate_limit: few }", "rate_limit: null", "rate_limit", None),
    ("defaults: { rate_limit: few }\npolicies: { a: { rate_limit: null } }", "use: [a]",
     "rate_limit", None),
    ("defaults: { access: { scopes: [a] } }", "access: { scopes: [b] }",
     "access", {"scopes": ("b",)}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "own", "member", "value"), LAYERS)
def test_what_a_route_gets(tmp_path: Path, given: str, own: str, member: str, value: Any) -> None:
    said = {name: f"{name}: {text}" for name, text in
            {"methods": "[GET]", "service": "data", "access": "authenticated"}.items()
            if f"{name}:" not in f"{given} {own}"}  # fmt: skip
    members = ", ".join(filter(None, ["name: things, path: /things", *said.values(), own]))
    path = write(tmp_path, main=f"{HEAD}{given}\nroutes: [{{ {members} }}]\n")
    assert first_route(path).get(member) == value


OVERLAYS: list[tuple[str, Any]] = [
    # what the environment says; what becomes of (service's timeout, probes, binding, route)
    ("services: { data: { timeout: 1s } }", ("1s", 2, "DATA", None)),
    ("services: { data: { circuit_breaker: { minimum_calls: 9 } } }", ("5s", 2, "DATA", None)),
    ("services: { data: { circuit_breaker: null } }", ("5s", None, "DATA", None)),
    ("services: { data: { binding: null, url: 'http://localhost:1' } }", ("5s", 2, None, None)),
    ("routes: { things: { rate_limit: few } }", ("5s", 2, "DATA", "few")),
    ("defaults: { rate_limit: few }", ("5s", 2, "DATA", "few")),
    ("versions: { default: v1 }", ("5s", 2, "DATA", None)),
    ("{}", ("5s", 2, "DATA", None)),
]


@pytest.mark.parametrize(("overlay", "expected"), OVERLAYS)
def test_what_an_environment_changes(tmp_path: Path, overlay: str, expected: Any) -> None:
    lines = overlay if overlay == "{}" else f"{{ {overlay} }}"
    text = f"{HEAD}environments: {{ dev: {lines} }}\nroutes:\n  - {ROUTE}\n"
    path = write(tmp_path, main=text)
    plain, dev = load_table(path), load_table(path, environment="dev")
    service = dev.services["data"]
    breaker = service.circuit_breaker
    found = (service.timeout, breaker and breaker.probes, service.binding, dev.routes[0].rate_limit)
    assert found == expected
    assert plain.services["data"].timeout == "5s"
    assert plain.routes[0].rate_limit is None


def test_what_an_environment_takes_from_a_route_no_policy_gives_back(tmp_path: Path) -> None:
    text = (
        f"{HEAD}defaults: {{ rate_limit: few }}\npolicies: {{ a: {{ rate_limit: few }} }}\n"
        "environments: { dev: { routes: { things: { rate_limit: null }, more: null } } }\n"
        "routes:\n  - { name: things, path: /things, methods: [GET], service: data,\n"
        "      access: public, use: [a] }\n"
        "  - { name: more, path: /more, methods: [GET], service: data, access: public }\n"
    )
    path = write(tmp_path, main=text)
    assert first_route(path)["rate_limit"] == "few"
    assert "rate_limit" not in first_route(path, "dev")
    assert [route.name for route in load_table(path, environment="dev").routes] == ["things"]


def test_files_are_put_together_in_order(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main=f"include: [teams/b.yaml, teams/*.yaml]\n{HEAD}routes:\n  - {ROUTE}\n",
        teams__a="routes:\n  - { name: a, path: /a, methods: [GET], service: a, access: public }\n"
        "services: { a: { binding: AUTH } }\n",
        teams__b="routes:\n  - { name: b, path: /b, methods: [GET], service: data, use: [open] }\n"
        "policies: { open: { access: public } }\n",
    )
    loaded = load_source(path)
    assert [route.name for route in loaded.table.routes] == ["things", "b", "a"]
    assert list(loaded.table.services) == ["data", "a"]
    assert [file.relative_to(tmp_path) for file in loaded.files] == [
        Path("routes.yaml"), Path("teams/b.yaml"), Path("teams/a.yaml")
    ]  # fmt: skip
    # Every value is known by the place where it was written.
    places = {
        ("routes", 0, "path"): ("routes.yaml", Position(6, 27)),
        ("routes", 1): ("b.yaml", Position(2, 5)),
        ("routes", 1, "access"): ("b.yaml", Position(3, 29)),
        ("routes", 2, "name"): ("a.yaml", Position(2, 13)),
        ("services", "a", "binding"): ("a.yaml", Position(3, 27)),
        ("services", "data", "binding"): ("routes.yaml", Position(3, 30)),
    }
    for place, (name, position) in places.items():
        file, found = loaded.locate(place)
        assert (file.name, found) == (name, position)
    assert loaded.locate(("routes", 1, "access"), key=True)[1] == Position(3, 21)


MISTAKES: list[tuple[str, str, list[tuple[str, int, int, str, str, str]]]] = [
    # what stands above the routes (line 4), what a.yaml holds, the mistakes
    ("defaults: { max_body: 8KB }", "",
     [("routes.yaml", 4, 23, "defaults.max_body", "did you mean `8KiB`?", "")]),
    ("defaults: { access: public }", "",
     [("routes.yaml", 4, 21, "defaults.access", "nothing is public by default", "")]),
    ("defaults: { path: /a }", "",
     [("routes.yaml", 4, 13, "defaults.path", "`path` cannot be in the defaults", "")]),
    ("defaults: { methods: [GET] }", "",
     [("routes.yaml", 4, 13, "defaults.methods", "every route says it itself", "")]),
    ("defaults: { use: [a] }", "",
     [("routes.yaml", 4, 13, "defaults.use", "only a route uses policies", "")]),
    ("defaults: { max_bdy: 1KiB }", "",
     [("routes.yaml", 4, 13, "defaults.max_bdy", "did you mean `max_body`?", "")]),
    ("defaults: { rate_limit: fw }", "",
     [("routes.yaml", 4, 25, "defaults.rate_limit",
       "no rate limit `fw`; did you mean `few`? (known: few) (for the route `things`)", "")]),
    ("defaults: 3", "",
     [("routes.yaml", 4, 11, "defaults", "expected a mapping", "")]),
    ("policies: { a: { name: x, max_body: 1 } }", "",
     [("routes.yaml", 4, 18, "policies.a.name", "cannot be in a policy", ""),
      ("routes.yaml", 4, 37, "policies.a.max_body", "did you mean `1B`?", "")]),
    ("policies: { A: {} }", "",
     [("routes.yaml", 4, 13, "policies.A", "expected a lower-case name", "")]),
    ("policies: { cached: { cache: { ttl: 1s } } }",
     ("routes:\n  - { name: a, path: /a, methods: [GET], service: data, access: public,"
     " use: [cachd] }"),
     [("a.yaml", 2, 79, "routes[0].use[0]", "no policy `cachd`; did you mean `cached`?", "")]),
    ("policies: {}",
     "routes:\n  - { name: a, path: /a, methods: [GET], service: data, access: public, use: x }",
     [("a.yaml", 2, 78, "routes[0].use", "expected a list of policies such as [cached]", "")]),
    ("", "routes:\n  - { name: a, path: /a, methods: [GTE], service: data, access: public }",
     [("a.yaml", 2, 36, "routes[0].methods[0]", "did you mean `GET`?", "")]),
    ("", "routes:\n  - { name: things, path: /a, methods: [GET], service: data, access: public }",
     [("a.yaml", 2, 13, "routes[0].name", "taken by the route in ", "")]),
    ("", "services:\n  data: { binding: AUTH }",
     [("a.yaml", 2, 3, "services.data", "`data` is already set in ", "")]),
    ("", "include: [b.yaml]",
     [("a.yaml", 1, 1, "include", "an included file cannot include others", "")]),
    ("", "versions: {}",
     [("a.yaml", 1, 1, "versions", "there is no member `versions` in an included file", "")]),
    ("", "rotues: []",
     [("a.yaml", 1, 1, "rotues", "did you mean `routes`?", "")]),
    ("", "routes: {}", [("a.yaml", 1, 9, "routes", "expected a list", "")]),
    ("", "services: []", [("a.yaml", 1, 11, "services", "expected a mapping of names", "")]),
    ("", "- a", [("a.yaml", 1, 1, "", "expected a mapping with some of `services`", "")]),
    ("environments: { dev: { services: { dta: { timeout: 1s } } } }", "",
     [("routes.yaml", 4, 36, "environments.dev.services.dta",
       "no service `dta`; did you mean `data`?", "dev")]),
    ("environments: { dev: { routes: { thing: {} } } }", "",
     [("routes.yaml", 4, 34, "environments.dev.routes.thing", "did you mean `things`?", "dev")]),
    ("environments: { dev: { routes: { things: { name: x } } } }", "",
     [("routes.yaml", 4, 44, "environments.dev.routes.things.name", "the same name", "dev")]),
    ("environments: { dev: { services: { data: { timeout: 1 } } } }", "",
     [("routes.yaml", 4, 53, "environments.dev.services.data.timeout", "`1s`?", "dev")]),
    ("environments: { dev: { services: { data: { binding: null } } } }", "",
     [("routes.yaml", 2, 19, "services.data", "exactly one of `binding` and `url`", "dev")]),
    ("environments: { dev: { versions: { supported: { v3: {} } } } }", "",
     [("routes.yaml", 4, 49, "environments.dev.versions.supported.v3", "version `v3`", "dev")]),
    ("environments: { dev: { changes: [] } }", "",
     [("routes.yaml", 4, 24, "environments.dev.changes", "no member `changes` in an env", "dev")]),
    ("environments: { dev: { defaults: { access: public } } }", "",
     [("routes.yaml", 4, 44, "environments.dev.defaults.access", "nothing is public", "dev")]),
    ("environments: { dev: [] }", "",
     [("routes.yaml", 4, 22, "environments.dev", "expected a mapping", "dev")]),
    (("environments: { d1: {}, d2: {}, d3: {}, d4: {}, d5: {}, d6: {}, d7: {}, d8: {}, d9: {},"
     " e1: {}, e2: {} }"), "",
     [("routes.yaml", 4, 15, "environments", "at most 10 environments, found 11", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("above", "included", "expected"), MISTAKES)
def test_where_a_mistake_is_said_to_be(
    tmp_path: Path, above: str, included: str, expected: list[tuple[str, int, int, str, str, str]]
) -> None:
    more = "include: [a.yaml]\n" if included else ""
    text = f"{HEAD}{above}\nroutes:\n  - {ROUTE}\n{more}"
    path = write(tmp_path, main=text, **({"a": included} if included else {}))
    found = mistakes(path)
    assert [(*item[:4], item[5]) for item in found] == [(*item[:4], item[5]) for item in expected]
    for (_, _, _, _, message, _), (_, _, _, _, part, _) in zip(found, expected, strict=True):
        assert part in message


INCLUDES = [
    # the list, the message
    ("[/etc/passwd]", "expected a path relative to this file"),
    ("[../routes.yaml]", "no `..`"),
    ("[teams/../../a.yaml]", "no `..`"),
    ("[~/a.yaml]", "expected a path relative to this file"),
    ("['a\\b.yaml']", "expected a path relative to this file"),
    ("['']", "expected a file of 1 to 200 characters"),
    ("[.]", "expected a file, found a folder"),
    ("['**/a.yaml']", "`**` is not supported"),
    ("[teams/b.yaml]", "there is no file `teams/b.yaml`; did you mean `teams/a.yaml`?"),
    ("[team/*.yaml]", "no file matches `team/*.yaml`"),
    ("[routes.yaml]", "a file cannot include itself"),
    ("[teams]", "the file cannot be read: is a directory"),
    ("[pipe.yaml]", "the file cannot be read: is a pipe"),
    ("[out.yaml]", "`out.yaml` leads out of the folder of the table"),
    ("[outside/x.yaml]", "`outside/x.yaml` leads out of the folder of the table"),
    ("[zero.yaml]", "`zero.yaml` leads out of the folder of the table"),
    ("[loop.yaml]", "leads out of the folder"),
    ("['outside/*.yaml']", "no file matches"),
    ("[3]", "expected a file such as teams/billing.yaml, found the number 3"),
    ("teams/a.yaml", "expected a list of files such as [teams/*.yaml], found `teams/a.yaml`"),
]


@pytest.mark.parametrize(("include", "message"), INCLUDES)
def test_what_is_not_included(tmp_path: Path, include: str, message: str) -> None:
    folder = tmp_path / "table"
    path = write(
        folder, main=f"{HEAD}include: {include}\nroutes:\n  - {ROUTE}\n", teams__a="routes: []\n"
    )
    (tmp_path / "x.yaml").write_text("routes: []\n")
    (folder / "out.yaml").symlink_to(tmp_path / "x.yaml")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "loop.yaml").symlink_to("../table/../loop.yaml")
    os.mkfifo(folder / "pipe.yaml")
    (found,) = mistakes(path)
    assert message in found[4]


def test_a_link_to_a_file_in_the_folder_is_one_more_name(tmp_path: Path) -> None:
    path = write(tmp_path, main=f"{HEAD}include: [b.yaml]\nroutes:\n  - {ROUTE}\n",
                 a="services: { more: { binding: AUTH } }\n")  # fmt: skip
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    assert set(load_table(path).services) == {"data", "more"}


def test_a_pattern_finds_neither_hidden_files_nor_the_table_itself(tmp_path: Path) -> None:
    path = write(
        tmp_path, main=f"{HEAD}include: ['*.yaml']\nroutes:\n  - {ROUTE}\n", a="routes: []"
    )
    (tmp_path / ".b.yaml").write_text("wrong")
    assert [file.name for file in load_source(path).files] == ["routes.yaml", "a.yaml"]


def test_files_have_their_limits_together(tmp_path: Path) -> None:
    names = {f"teams__t{number}": "routes: []\n" for number in range(MAX_FILES + 1)}
    path = write(tmp_path, main=f"include: ['teams/*']\n{HEAD}routes:\n  - {ROUTE}\n", **names)
    assert mistakes(path)[0][4] == f"a table has at most {MAX_FILES} files"
    for number in range(3):
        (tmp_path / f"teams/t{number}.yaml").write_text("#" * (MAX_BYTES // 2))
    assert "a table has at most 8192 KiB" in [mistake[4] for mistake in mistakes(path)]


def test_all_unreadable_files_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, main="include: [a.yaml, b.yaml]\n", a="x: [", b="y: }")
    assert [(name, line) for name, line, *_ in mistakes(path)] == [("a.yaml", 2), ("b.yaml", 1)]


def test_what_policies_give_is_limited(tmp_path: Path) -> None:
    long = "[" + ", ".join(f"s{number}" for number in range(MAX_GIVEN // 100)) + "]"
    routes = "".join(
        f"  - {{ name: r{number}, path: /r{number}, methods: [GET], service: data, use: [a] }}\n"
        for number in range(200)
    )
    text = f"{HEAD}policies: {{ a: {{ access: {{ scopes: {long} }} }} }}\nroutes:\n{routes}"
    found = mistakes(write(tmp_path, main=text))
    assert found[-1][4] == f"defaults and policies give more than {MAX_GIVEN} values in all"


def test_an_environment_has_to_exist(tmp_path: Path) -> None:
    text = f"{HEAD}routes:\n  - {ROUTE}\n"
    with pytest.raises(UnknownEnvironment, match="1 errors"):
        load_table(write(tmp_path, main=text), environment="dev")
    path = write(tmp_path, main=f"{text}environments: {{ staging: {{}} }}\n")
    with pytest.raises(UnknownEnvironment) as refused:
        load_table(path, environment="stagng")
    assert "did you mean `staging`? (known: staging)" in refused.value.errors[0].message
    assert load_source(path, "staging").environment == "staging"
    assert load_source(path).environments == ("staging",)


def test_only_the_chosen_environment_is_loaded_and_all_are_checked(tmp_path: Path) -> None:
    text = f"{HEAD}routes:\n  - {ROUTE}\nenvironments: {{ dev: {{ x: 1 }}, staging: {{}} }}\n"
    path = write(tmp_path, main=text)
    assert load_table(path, environment="staging").routes
    with pytest.raises(TableErrors):
        load_table(path, environment="dev")
    with pytest.raises(TableErrors):
        check_source(path, "staging")


def test_the_files_to_watch_are_looked_up_anew(tmp_path: Path) -> None:
    path = write(tmp_path, main="include: ['teams/*.yaml', b.yaml]\n", teams__a="")
    files = TableFiles(path)
    assert [file.name for file in files] == ["routes.yaml", "a.yaml"]
    write(tmp_path, teams__c="", b="")
    assert [file.name for file in files] == ["routes.yaml", "a.yaml", "c.yaml", "b.yaml"]
    write(tmp_path, main="include: [")
    assert [file.name for file in files] == ["routes.yaml", "a.yaml", "c.yaml", "b.yaml"]
    write(tmp_path, main="a: 1\n")
    assert [file.name for file in files] == ["routes.yaml"]
    path.unlink()
    assert list(files) == [path]
