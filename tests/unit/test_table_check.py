"""Mistakes that the types of the table cannot see: parts that do not fit together."""

from typing import Any

import pytest

from routing.check import MAX_FINDINGS, Finding, check_table
from tests.unit.tables import route, table


def versions(**v1: Any) -> dict[str, Any]:
    return {"default": "v2", "supported": {"v1": v1, "v2": {}}}


def change(**members: Any) -> dict[str, Any]:
    return {"name": "one", "date": "2026-06-01", "from": "v1", "to": "v2"} | members


EARLY, LATE, NAIVE = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-01-01T00:00:00"
KEYS: dict[str, Any] = {"name": "keys", "path": "/keys", "versions": None}


def limited(**members: Any) -> dict[str, Any]:
    limit = {"quota": 2, "window": "1m", "by": "address", **members}
    return {"rate_limits": {"few": limit}}


MISTAKES: list[tuple[list[dict[str, Any]], dict[str, Any], str, str]] = [
    # routes, other members of the table, where, part of the message
    ([], {"versions": versions() | {"default": "v3"}}, "versions.default", "no version `v3`"),
    ([], {"versions": versions(successor="v9")}, "versions.supported.v1.successor", "`v9`"),
    ([], {"versions": versions(successor="v1")}, "versions.supported.v1.successor", "itself"),
    ([], {"versions": versions(deprecated=LATE, sunset=EARLY)},
     "versions.supported.v1.sunset", "before the deprecation"),
    ([], {"versions": versions(deprecated=NAIVE)},
     "versions.supported.v1.deprecated", "time zone"),
    ([], {"versions": versions(deprecated=LATE, sunset=NAIVE)},
     "versions.supported.v1.sunset", "time zone"),
    ([], {"services": {"data": {}}}, "services.data", "exactly one"),
    ([], {"services": {"data": {"binding": "DATA", "url": "https://example.com"}}},
     "services.data", "exactly one"),
    ([route(service="dta")], {}, "routes.0.service", "did you mean `data`?"),
    ([route(versions=["v2", "v7"])], {}, "routes.0.versions.1", "no version `v7`"),
    ([route(rate_limit="many")], {}, "routes.0.rate_limit", "known: few"),
    ([route(rate_limit="many")], {"rate_limits": {}}, "routes.0.rate_limit", "known: none"),
    ([route(rate_limit=["few", "many"])], {}, "routes.0.rate_limit.1", "known: few"),
    ([route(rate_limit=["few", "few"])], {}, "routes.0.rate_limit.1", "named twice"),
    ([route(cost=2)], {}, "routes.0.cost", "has no limit"),
    ([route(cost_header="X-Cost")], {}, "routes.0.cost_header", "has no limit"),
    ([route(rate_limit="few", cost=3)], {}, "routes.0.cost", "`few` never admits that"),
    ([], limited(tiers={"plans": {"pro": {"quota": 9, "burst": 9}}}),
     "rate_limits.few.tiers.plans.pro.burst", "token_bucket"),
    ([route(rate_limit="few", cost=2)],
     limited(tiers={"plans": {"least": {"quota": 1}}}), "routes.0.cost", "it has 1 at once"),
    ([], limited(by="nobody"), "rate_limits.few.by", "claim:NAME"),
    ([], limited(by=["address", "route"]), "rate_limits.few.by.1", "stands alone"),
    ([], limited(by=["address", "address"]), "rate_limits.few.by.1", "named twice"),
    ([], limited(penalty={"refusals": 5}, by="route"), "rate_limits.few.penalty", "everybody"),
    ([], limited(penalty={"refusals": 5}, enforce=False), "rate_limits.few.penalty", "nobody"),
    ([], limited(penalty={"refusals": 5, "max": "1s"}), "rate_limits.few.penalty.max", "`ban`"),
    ([], limited(window=None), "rate_limits.few", "expected a `window`"),
    ([], limited(window="50ms"), "rate_limits.few.window", "100ms"),
    ([], limited(algorithm="calendar", window=None), "rate_limits.few", "`period`"),
    ([], limited(algorithm="calendar", period="day"), "rate_limits.few.window", "in place of"),
    ([], limited(period="day"), "rate_limits.few.period", "only `algorithm: calendar`"),
    ([], limited(time_zone="Asia/Tokyo"), "rate_limits.few.time_zone", "only `algorithm"),
    ([], limited(burst=3), "rate_limits.few.burst", "only `algorithm: token_bucket`"),
    ([], limited(shards=3), "rate_limits.few.shards", "part of the quota"),
    ([], limited(shards=2, mode="exact"), "rate_limits.few.shards", "one object"),
    ([], limited(shards=2, algorithm="token_bucket", burst=1), "rate_limits.few.shards", "burst"),
    ([], limited(fallback={"fail": "closed"}),
     "rate_limits.few.fallback.fail", "only `mode: exact`"),
    ([], limited(algorithm="concurrency", quota=2000), "rate_limits.few.quota", "1024"),
    ([route(transform="new")], {}, "routes.0.transform", "no transform `new`"),
    ([route(transform="old", max_body="unlimited")], {}, "routes.0.max_body", "limit"),
    (
        [route(cache={"ttl": "1m", "key": {"claim": "sub"}})],
        {},
        "routes.0.cache.key.claim",
        "public",
    ),
    (
        [route(cache={"ttl": "1m", "key": {"headers": ["Cookie"]}})],
        {},
        "routes.0.cache.key.headers.0",
        "credential",
    ),
    ([route(cache={"ttl": "1m", "tags": ["x:{no}"]})], {}, "routes.0.cache.tags.0", "no"),
    ([route(methods=["PUT"], purge=["x:{claim.no}"])], {}, "routes.0.purge.0", "no"),
    ([route(purge=["x"])], {}, "routes.0.purge", "changes"),
    ([route(path="/a/{x}/{x}")], {}, "routes.0.path", "twice"),
    ([route(path="/a/{x}", upstream_path="/b/{y}")], {}, "routes.0.upstream_path", "`y`"),
    ([route(path="/a", upstream_path="/../b")], {}, "routes.0.upstream_path", "`..`"),
    ([route(path="/a/./b")], {}, "routes.0.path", "`.`"),
    ([route(path="/healthz")], {}, "routes.0.path", "gateway itself"),
    ([route(path="/problems/mine")], {}, "routes.0.path", "gateway itself"),
    ([route(path="/-/tables")], {}, "routes.0.path", "gateway itself"),
    ([route(path="/v2/things")], {}, "routes.0.path", "no part of the path"),
    ([route(), route(path="/other")], {}, "routes.1.name", "taken by routes[0]"),
    ([route(), route(name="other", path="/things/{key}")], {},
     "routes.1.path", "already leads to the route `thing`"),
    ([route(methods=["GET", "GET"])], {}, "routes.0.methods.1", "twice"),
    ([], {"versions": versions(after_sunset="gone")},
     "versions.supported.v1.after_sunset", "no `sunset`"),
    ([], {"versions": versions(sunset=LATE, after_sunset="redirect")},
     "versions.supported.v1.after_sunset", "needs a `successor`"),
    ([], {"versions": {"default": "v1", "supported": {"v1": {"preview": "x"}, "v2": {}}}},
     "versions.default", "cannot be a preview"),
    ([], {"versions": {"default": "v2", "supported": {
        "v1": {"released": "2026-01-01"}, "v2": {"released": "2026-01-01"}}}},
     "versions.supported.v2.released", "`v1` was released"),
    ([], {"versions": versions() | {"select": {"path": False, "header": None}}},
     "versions.select", "no part of a request"),
    ([], {"versions": versions() | {"select": {"header": "Accept"}}},
     "versions.select.header", "another meaning"),
    ([route(path=None)], {}, "routes.0", "exactly one of `path`"),
    ([route(path_prefix="/a")], {}, "routes.0", "exactly one of `path`"),
    ([route(path=None, path_prefix="/healthz")], {}, "routes.0.path_prefix", "gateway itself"),
    ([route(path="/a/{x}/{x:int}")], {}, "routes.0.path", "twice"),
    ([route(path=None, path_regex="/a/(?P<x>[0-9]+)", upstream_path="/b/{y}")], {},
     "routes.0.upstream_path", "known: x"),
    ([route(headers={"X-A": {}})], {}, "routes.0.headers.X-A", "exactly one of `exact`"),
    ([route(query={"a": {"exact": "1", "present": True}})], {}, "routes.0.query.a", "exactly one"),
    ([route(headers={"X-A": "1", "x-a": "2"})], {}, "routes.0.headers.x-a", "twice"),
    ([route(path="/a/{x:int}"), route(name="b", path="/a/{y:int}")], {},
     "routes.1.path", "already leads to the route `thing` in v2"),
    ([route(path="/a/b"), route(name="b", path="/A/b")], {"paths": {"case": "insensitive"}},
     "routes.1.path", "already leads"),
    ([route(headers={"X-A": "1"}), route(name="b", headers={"x-a": {"exact": "1"}})], {},
     "routes.1.path", "already leads"),
    ([route(hosts=["a.example.com"]), route(name="b", hosts=["b.example.com", "a.example.com"])],
     {}, "routes.1.path", "already leads"),
    ([], {"changes": [change(to="v3")]}, "changes.0.to", "no version `v3`"),
    ([], {"changes": [change(**{"from": "v0"})]}, "changes.0.from", "no version `v0`"),
    ([], {"changes": [change(), change(name="b", **{"from": "v2", "to": "v1"})]},
     "changes", "circles"),
    ([], {"changes": [change(to="v1")]}, "changes", "circles"),
    ([], {"changes": [change(transforms=[{"routes": ["thing"], "transform": "odl"}])]},
     "changes.0.transforms.0.transform", "did you mean `old`?"),
    ([], {"changes": [change(transforms=[{"routes": ["thin"], "transform": "old"}])]},
     "changes.0.transforms.0.routes.0", "route of v2 called `thin`; did you mean `thing`?"),
    ([route(versions=["v1", "v2"])],
     {"changes": [change(transforms=[{"routes": ["thing"], "transform": "old"}])]},
     "changes.0.transforms.0.routes.0", "v1 has a route of its own"),
    ([], {"changes": [change(added=["thing"],
                             transforms=[{"routes": ["thing"], "transform": "old"}])]},
     "changes.0.transforms.0.routes.0", "it is `added`"),
    ([], {"changes": [change(added=["thong"])]}, "changes.0.added.0", "did you mean `thing`?"),
    ([], {"changes": [change(paths={"/olds/{a}": "/things/{id}"})]},
     "changes.0.paths./olds/{a}", "same parameters"),
    ([], {"changes": [change(paths={"/olds": "/thingies"})]},
     "changes.0.paths./olds", "no route of v2 has a path under /thingies"),
    ([], {"changes": [change()], "versions": {"default": "v2", "supported": {
        "v1": {}, "v2": {"released": "2026-06-02"}}}},
     "changes.0.date", "expected 2026-06-02"),
    ([route(), route(name="own", path="/olds/{key}", versions=["v1"])],
     {"changes": [change(paths={"/olds": "/things"})]},
     "routes.1.path", "`GET /olds/{key}` already leads to the route `thing` in v1"),
    ([route(max_body="unlimited")],
     {"changes": [change(transforms=[{"routes": ["thing"], "transform": "old"}])]},
     "routes.0.max_body", "limit"),
    ([], {"changes": [change(lossless=True,
                             transforms=[{"routes": ["thing"], "transform": "lossy"}])],
          "transforms": {"lossy": {"request": {"json": [{"op": "remove", "path": "/a"}]}}}},
     "changes.0.transforms.0.transform", "claims to be lossless, but"),
    ([], {"transforms": {"bad": {"request": {"json": [{"op": "set", "path": "/a"}]}}}},
     "transforms.bad.request.json.0", "`value`"),
    ([route(transform="x")],
     {"transforms": {"x": {"request": {"path": "/y/${path.key}"}}}},
     "transforms.x.request.path", "never has a value on the route `thing` (parameters: id)"),
    ([route(transform="x")],
     {"transforms": {"x": {"request": {"headers": [
         {"op": "set", "name": "X-A", "template": "${claim.sub}"}]}}}},
     "transforms.x.request.headers", "which is public"),
    ([route(path=None, path_regex="/(a+)+")], {}, "routes.0.path_regex", ""),
    ([route(headers={"X-A": {"regex": "(a"}})], {}, "routes.0.headers.X-A.regex", ""),
    ([route(**KEYS), route(**KEYS | {"name": "more"})], {}, "routes.1.path", "already leads"),
]  # fmt: skip


@pytest.mark.parametrize(("routes", "members", "where", "message"), MISTAKES)
def test_a_mistake_is_found_where_it_is(
    routes: list[dict[str, Any]], members: dict[str, Any], where: str, message: str
) -> None:
    findings = check_table(table(*routes, **members))
    assert [".".join(map(str, finding.path)) for finding in findings] == [where]
    assert message in findings[0].message


# fmt: off
FITTING: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([], {}),
    ([], {"versions": versions(deprecated=EARLY, sunset=EARLY)}),
    ([route(versions=["v1"]), route(name="new", versions=["v2"])], {}),
    ([route(versions=["v1", "v2"], methods=["GET"]), route(name="put", methods=["PUT"])], {}),
    ([route(path="/things/{id}"), route(name="latest", path="/things/latest")], {}),
    ([route(path="/a/{x}/{y}", upstream_path="/b/{y}")], {}),
    ([route(versions=None), route(name="same-path-in-v2")], {}),
    ([route(max_body="unlimited")], {}),
    ([route(path="/.well-known/x")], {}),
    ([route(path="/a/{x:int}"), route(name="b", path="/a/{x}")], {}),
    ([route(path="/a/b"), route(name="b", path="/A/b")], {}),
    ([route(), route(name="b", headers={"X-Beta": "on"})], {}),
    ([route(), route(name="b", hosts=["b.example.com"])], {}),
    ([route(), route(name="b", path=None, path_prefix="/things/{id}")], {}),
    ([route(path="/x/things/{id}"), route(name="own", path="/olds/{id}", versions=["v1"])],
     {"changes": [change(paths={"/olds": "/x/things"}, added=["thing"])]}),
]
# fmt: on


@pytest.mark.parametrize(("routes", "members"), FITTING)
def test_what_fits_together_is_left_alone(
    routes: list[dict[str, Any]], members: dict[str, Any]
) -> None:
    assert check_table(table(*routes, **members)) == []


def test_one_mistake_does_not_hide_another() -> None:
    supported = {"v1": {"deprecated": NAIVE}, "v2": {"sunset": NAIVE, "successor": "v2"}}
    findings = check_table(
        table(
            route(service="x", transform="y", rate_limit="z"),
            versions={"default": "v2", "supported": supported},
        )
    )
    assert [finding.path[-1] for finding in findings] == [
        "deprecated",
        "successor",
        "sunset",
        "rate_limit",
        "transform",
        "service",
    ]
    assert all(isinstance(finding, Finding) for finding in findings)


def test_a_flood_of_mistakes_is_cut_off_and_so_is_the_list_of_known_names() -> None:
    services = {f"service-{number}": {"binding": "DATA"} for number in range(50)}
    routes = [route(name=f"r{n}", path=f"/r{n}", service="x") for n in range(MAX_FINDINGS + 9)]
    findings = check_table(table(*routes, services=services))
    assert len(findings) == MAX_FINDINGS
    assert findings[0].message.endswith("service-25, service-26 and 30 more)")
