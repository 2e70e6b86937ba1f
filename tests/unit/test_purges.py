"""Purges: what ends which entry, judged by sequences; and how an isolate hears of them."""

from typing import Any

import msgspec
import pytest

from admin.purge import PurgeWanted, marks_of
from caching.purger import Purger
from caching.purges import Purges
from caching.settings import CacheRules
from caching.stored import Facts, StoredResponse
from caching.tags import Tags
from contract import change_log
from contract.change_log import ChangeLog
from contract.feed import MAX_MARK, AppendRequest, Entry, Kind, Purge
from memory import Memory
from messages import Exchange, Response
from policies.cache import Cache
from routing.compile import CompiledRoutes
from tests.unit.fakes import NOW, Clock, FakePlatform, FakeStore, exchange, json_response, run
from tests.unit.isolate import FakeFeed, Isolate
from tests.unit.tables import route, table

AT = ("url:h/v1/things/7", "url:h/things/7", "url:h/things/7?a=1")


def stored(known: float = 3.0, *tags: str, at: float = NOW, **facts: Any) -> StoredResponse:
    made = Facts(response_time=at, date=at, lifetime=60.0, known=known, tags=tags, **facts)
    return StoredResponse(status=200, fields=[], facts=made)


def knowing(sequence: int, *marks: str, soft: bool = False, at: float = NOW) -> Purges:
    purges = Purges()
    if marks:
        purges.learn(sequence, Purge(marks=marks, soft=soft), at)
    purges.heard(sequence, NOW)
    return purges


ENDS = [
    # a mark, whether an entry with the tag `thing:7` at AT is gone
    ("tag:thing:7", True),
    ("tag:thing:8", False),
    ("tag:thing", False),
    ("url:h/things/7", True),
    ("url:h/v1/things/7", True),
    ("url:h/things/7?a=1", True),
    ("url:h/things/7?a=2", False),
    ("url:h/things", False),
    ("url:other/things/7", False),
    ("prefix:h/things/", True),
    ("prefix:h/v1", True),
    ("prefix:h/other", False),
    ("prefix:things/7", False),
    ("all", True),
]


@pytest.mark.parametrize(("mark", "gone"), ENDS)
def test_a_later_purge_of_what_an_entry_bears_ends_it(mark: str, gone: bool) -> None:
    purges = knowing(5, mark)
    assert (purges.judge(stored(4.0, "thing:7"), AT, NOW) is None) is gone
    assert purges.judge(stored(5.0, "thing:7"), AT, NOW) is not None, "it knew of the purge"


def test_what_is_purged_softly_is_stale_since_then() -> None:
    purges = knowing(5, "tag:x", soft=True, at=NOW + 20)
    judged = purges.judge(stored(4.0, "x", if_error=30.0), AT, NOW + 25)
    assert judged is not None
    assert (judged.facts.lifetime, judged.facts.if_error) == (20.0, 30.0)
    assert not judged.facts.validate
    purges.learn(6, Purge(marks=("tag:x",)), NOW + 30)
    assert purges.judge(stored(4.0, "x"), AT, NOW + 31) is None, "hard outweighs soft"


def test_what_may_have_been_missed_is_validated() -> None:
    purges = knowing(9)
    purges.distrust(5)
    judged = purges.judge(stored(4.0), AT, NOW)
    assert judged is not None
    assert judged.facts.validate
    fresh = stored(5.0)
    assert purges.judge(fresh, AT, NOW) is fresh


def test_whoever_has_heard_nothing_yet_validates_everything() -> None:
    purges = Purges()
    purges.is_behind = True
    judged = purges.judge(stored(0.0), AT, NOW)
    assert judged is not None
    assert judged.facts.validate
    purges.heard(0, NOW)
    entry = stored(0.0)
    assert purges.judge(entry, AT, NOW) is entry


def test_what_knows_more_than_there_is_comes_from_a_feed_that_is_no_more() -> None:
    purges = knowing(3)
    assert purges.judge(stored(400.0, at=NOW - 60), AT, NOW) is None
    ahead = stored(4.0, at=NOW + 1)
    assert purges.judge(ahead, AT, NOW + 1) is ahead, "another isolate has looked later"


@pytest.mark.parametrize(("kind", "most"), [("tag", "MAX_MARKS"), ("prefix", "MAX_PREFIXES")])
def test_what_is_known_is_bounded_and_what_is_forgotten_is_distrusted(kind: str, most: str) -> None:
    purges = Purges()
    number = getattr(Purges, most)
    for sequence in range(1, number + 11):
        purges.learn(sequence, Purge(marks=(f"{kind}:{sequence}",)), NOW)
    purges.heard(number + 10, NOW)
    assert len(purges._marks) + len(purges._prefixes) == number
    assert purges.floor == 10
    old, new = purges.judge(stored(9.0), AT, NOW), purges.judge(stored(10.0), AT, NOW)
    assert old is not None
    assert new is not None
    assert (old.facts.validate, new.facts.validate) == (True, False)


def test_of_ten_thousand_entries_with_one_tag_none_is_served_again() -> None:
    store, purges = FakeStore(), Purges()
    cache = Cache(CacheRules(default_ttl=60.0), store, purges=purges, tags=Tags(["all-of-them"]))

    async def service(_: Exchange) -> Response:
        return json_response(b"{}")

    def statuses() -> set[str | None]:
        asked = (exchange("GET", f"/things/{number}") for number in range(10_000))
        return {run(cache(one, service)).headers.get("cache-status") for one in asked}

    miss = {"edge-gateway; fwd=uri-miss; fwd-status=200; stored"}
    assert statuses() == miss
    assert statuses() == {"edge-gateway; hit; ttl=60"}
    purges.learn(1, Purge(marks=("tag:all-of-them",)), NOW)
    purges.heard(1, NOW)
    assert statuses() == miss


def put(log: ChangeLog, *marks: str) -> Entry:
    change = msgspec.Raw(msgspec.json.encode(Purge(marks=marks)))
    entry = log.appended(AppendRequest(kind=Kind.PURGE, change=change), NOW)
    log.take_purge(entry)
    return entry


def test_a_new_isolate_is_told_of_all_purges_that_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "MAX_PURGES", 3)
    log = ChangeLog()
    for tag in "abcda":
        put(log, f"tag:{tag}")
    told = log.since(None)
    assert [entry.sequence for entry in told.entries] == [3, 4, 5], "the same once, and bounded"
    assert (told.sequence, told.purged_before) == (5, 2)
    assert log.since(2).purged_before == 0
    monkeypatch.setattr(change_log, "MAX_ANSWERED", 1)
    assert log.since(2).purged_before == 4


def test_revocations_do_not_push_purges_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "MAX_ENTRIES", 2)
    log = ChangeLog()
    put(log, "tag:a")
    for _ in range(5):
        change = msgspec.Raw(b'{"credential_id":"x"}')
        log.take_entry(log.appended(AppendRequest(kind=Kind.REVOCATION, change=change), NOW))
    told = log.since(0)
    assert told.missed
    assert [entry.kind for entry in told.entries] == [Kind.PURGE]
    assert told.purged_before == 0


def test_an_isolate_hears_of_purges_when_it_looks() -> None:
    isolate = Isolate()
    put(isolate.feed.log, "tag:x")
    run(isolate.tables.look(1.0))
    assert isolate.memory.purges.judge(stored(0.0, "x"), AT, NOW) is None
    put(isolate.feed.log, "tag:y")
    run(isolate.tables.look(1.0))
    assert isolate.memory.purges.judge(stored(1.0, "y"), AT, NOW) is None
    assert isolate.memory.purges.judge(stored(2.0, "y"), AT, NOW) is not None


def test_without_the_feed_a_purge_is_obeyed_here_and_told_later() -> None:
    feed, purges, lines = FakeFeed(Clock()), Purges(), list[dict[str, Any]]()
    purger = Purger(purges, feed, clock=lambda: NOW, log=lines.append)
    feed.down = True
    deferred: list[Any] = []
    purges.heard(4, NOW)
    assert run(purger.purge(["tag:x"], deferred.append)) is None
    assert purges.judge(stored(4.0, "x"), AT, NOW) is None
    after = stored(purges.sequence, "x")
    assert purges.judge(after, AT, NOW) is after
    feed.down = False
    for work in deferred:
        run(work)
    assert [entry.kind for entry in feed.log.since(0).entries] == [Kind.PURGE]
    assert [line["event"] for line in lines] == ["purge_untold"]


@pytest.mark.parametrize("query", ["b=1&a=2&a=1", "a=2&a=1&b=1", "b=1&&a=2&a=1"])
def test_a_url_is_purged_in_whichever_order_its_query_is(query: str) -> None:
    store, purges = FakeStore(), Purges()
    cache = Cache(CacheRules(default_ttl=60.0), store, purges=purges)

    async def service(_exchange: Exchange) -> Response:
        return json_response(b"{}")

    def told() -> str:
        response = run(cache(exchange("GET", "/things", "b=1&a=2&a=1"), service))
        return response.headers.get("cache-status") or ""

    told()
    other = marks_of(PurgeWanted(urls=("https://api.example.com/things?a=1&a=2&b=1",)))
    purges.learn(1, Purge(marks=other), NOW)
    assert "hit" in told(), "several of one name stay in their order"
    marks = marks_of(PurgeWanted(urls=(f"https://api.example.com/things?{query}",)))
    purges.learn(2, Purge(marks=marks), NOW)
    assert "hit" not in told()


LONG_PATH = f"/things/{'a' * MAX_MARK}"


def test_a_mark_that_is_too_long_for_the_feed_keeps_no_other_from_it() -> None:
    feed, purges, lines = FakeFeed(Clock()), Purges(), list[dict[str, Any]]()
    purger = Purger(purges, feed, clock=lambda: NOW, log=lines.append)
    deferred: list[Any] = []
    assert run(purger.purge([f"url:h{LONG_PATH}", "tag:x"], deferred.append)) == 1
    assert purges.judge(stored(0.0, "x"), AT, NOW) is None
    assert run(purger.purge([f"url:h{LONG_PATH}"], deferred.append)) is None
    assert (len(feed.log.since(0).entries), deferred, lines) == (1, [], [])


def test_what_no_purge_could_name_is_not_stored() -> None:
    store = FakeStore()
    for path, is_stored in ((LONG_PATH, False), (LONG_PATH[:900], True)):
        asked = exchange("GET", path)

        async def service(own: Exchange) -> Response:
            own.request.path = "/elsewhere"
            return json_response(b"{}")

        run(Cache(CacheRules(default_ttl=60.0), store)(asked, service))
        assert (asked.log.get("not_stored"), bool(store.entries)) == (
            None if is_stored else "tags",
            is_stored,
        )


def test_without_the_feed_a_purge_ends_what_a_busier_isolate_has_stored_before() -> None:
    """Each counts its own purges, and both were told as much by the feed."""
    feed, clock = FakeFeed(Clock()), Clock()
    feed.down = True
    busy, own = Purges(), Purges()
    for purges, times in ((busy, 5), (own, 1)):
        purges.heard(4, NOW)
        purger = Purger(purges, feed, clock=lambda: clock.now)
        for _ in range(times):
            deferred: list[Any] = []
            run(purger.purge(["tag:x"], deferred.append))
            deferred[0].close()
        clock.now += 1
        if purges is busy:
            entry = stored(purges.sequence, "x")
            assert purges.judge(entry, AT, NOW) is entry
    assert own.judge(entry, AT, NOW) is None


CHANGING = [
    # method, path, status, whether the answers to GET /things/7?page=1 of v1 and v2 are gone
    ("PATCH", "/things/7", 200, True),
    ("DELETE", "/things/7", 204, True),
    ("PATCH", "/things/7", 409, False),
    ("PATCH", "/things/8", 200, False),
    ("POST", "/tagged/7", 200, True),
    ("POST", "/tagged/8", 200, False),
    ("POST", "/others/7", 200, False),
]


@pytest.mark.parametrize(("method", "path", "status", "gone"), CHANGING)
def test_what_a_route_changes_ends_what_other_routes_have_stored(
    method: str, path: str, status: int, gone: bool
) -> None:
    both = ["v1", "v2"]
    made = table(
        route(
            name="read",
            path="/things/{id}",
            versions=both,
            cache={"ttl": "1m", "tags": ["thing:{id}"]},
        ),
        route(name="write", path="/things/{key}", methods=["PATCH", "DELETE"], versions=["v2"]),
        route(name="tagged", path="/tagged/{id}", methods=["POST"], purge=["thing:{id}"]),
        route(name="others", path="/others/{id}", methods=["POST"]),
    )
    platform, memory = FakePlatform(), Memory()
    routes = CompiledRoutes(made, platform, memory)

    def send(method: str, path: str, version: str = "") -> Response:
        asked: Exchange = exchange(method, f"/{version}{path}" if version else path, "page=1")
        found = routes.resolve(asked.request)
        asked.request.path, asked.route, asked.version = found.path, found.target, found.version
        asked.version_in_path, asked.parameters = found.version_in_path, found.parameters

        async def answer() -> Response:
            return await found.target.handle(asked)

        return run(answer())

    for service in ("DATA",):
        platform.binding(service).answer = lambda request: json_response(
            b"{}", 200 if request.method == "GET" else status
        )
    for version in both:
        send("GET", "/things/7", version)
        assert "hit" in (send("GET", "/things/7", version).headers.get("cache-status") or "")
    send(method, path, "v2" if path.startswith("/things") else "")
    for version in both:
        told = send("GET", "/things/7", version).headers.get("cache-status") or ""
        assert ("hit" not in told) is gone


def test_only_a_route_that_could_change_something_stored_pays_for_it() -> None:
    made = table(
        route(name="read", path="/things/{id}", cache={"ttl": "1m"}),
        route(name="write", path="/things/{key}", methods=["PATCH"]),
        route(name="list", path="/things", methods=["POST"]),
        route(name="below", path_prefix="/things", path=None, methods=["PUT"]),
    )
    routes = CompiledRoutes(made, FakePlatform())
    having = {one.name for one in routes.all() if any(s.name == "invalidate" for s in one.steps())}
    assert having == {"write", "below"}
