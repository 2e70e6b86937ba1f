"""Purges over HTTP, with isolates that share tiers and feed: what was purged is never served again,
wherever it is kept and whoever has stored it."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from caching.entries import text_of
from caching.stored import Facts
from cli.compile_table import load_table
from cli.main import main
from contract.cache import FACTS, ORIGIN, STATUS, STORED_AT, TTL
from routing.compile import CompiledRoutes
from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from store.entry import entry_of, envelope_head, kv_key
from tests.consumer import SECRETS, Consumer, Operator, admin_url, mint, problem, unique
from tests.eventually import eventually
from tests.plan import ORIGIN as SERVICE
from tests.publishing import (
    EDGES,
    FAULT,
    MAX_AGE,
    UNREACHED,
    Publisher,
    compiled,
    marks,
    write_table,
)
from tests.unit.fakes import FakePlatform
from tests.worker.conftest import Caller

SOONER = 30.0
"""Seconds: long enough for a machine that is busy, far less than entries are fresh."""
ENTRIES = int(os.environ.get("PURGE_ENTRIES", "1000"))
"""In each tier; `make soak`: 10,000."""
STEP = 10
"""One in so many is looked at, at the isolates in turn."""
AT_ONCE = 100
MANY = "many.test"

Purge = Callable[..., httpx.Response]
Options = dict[str, Any]


@pytest.fixture
def isolates(edges: LocalRuntime) -> Iterator[list[Consumer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Consumer(edges.url(edge))) for edge in EDGES]


@pytest.fixture
def purge(edges: LocalRuntime) -> Iterator[Purge]:
    with Operator(edges.url(EDGES[0]), "gateway:purge") as operator:
        yield lambda **what: operator.post("/-/purge", json=what)


def is_hit(response: httpx.Response) -> bool:
    assert response.status_code == 200, response.text
    return "; hit" in response.headers["cache-status"]


def fill(isolates: list[Consumer], path: str, **options: Any) -> None:
    """Have it stored, and found by every isolate."""
    for isolate in isolates:
        eventually(lambda isolate=isolate: is_hit(isolate.get(path, **options)), SOONER)  # type: ignore[misc]


def obeyed(isolates: list[Consumer], path: str, old: str, **options: Any) -> float:
    """Seconds until the last isolate has asked the service."""
    began = time.monotonic()
    for isolate in isolates:
        eventually(lambda isolate=isolate: isolate.get(path, **options).text != old, SOONER)  # type: ignore[misc]
    return time.monotonic() - began


PURGES: list[Callable[[str, str], dict[str, Any]]] = [
    lambda host, path: {"tags": [f"stored:{path.rpartition('/')[2]}"]},
    lambda host, path: {"urls": [f"http://{host}{path}"]},
    lambda host, path: {"urls": [f"http://{host}{path}?n=1"]},
    lambda host, path: {"prefixes": [f"http://{host}{path}"]},
    lambda host, path: {"all": True},
]


@pytest.mark.parametrize("what", PURGES, ids=["tag", "url", "url with query", "prefix", "all"])
def test_no_isolate_serves_what_was_purged(
    isolates: list[Consumer],
    purge: Purge,
    capsys: pytest.CaptureFixture[str],
    what: Callable[[str, str], dict[str, Any]],
) -> None:
    path, host = f"/v1/stored/{unique('x')}", "api.test"
    options: Options = {"params": {"n": "1"}, "headers": {"host": host}}
    fill(isolates, path, **options)
    olds = {isolate.get(path, **options).json()["headers"]["x-request-id"] for isolate in isolates}
    purged = purge(**what(host, path))
    assert purged.status_code == 200, purged.text
    assert purged.json()["within"] == MAX_AGE
    began = time.monotonic()
    for isolate in isolates:

        def is_new(isolate: Consumer = isolate) -> bool:
            answered = isolate.get(path, **options).json()
            return answered["headers"]["x-request-id"] not in olds

        eventually(is_new, SOONER)
    with capsys.disabled():
        took = time.monotonic() - began
        print(f"\nthe last of {len(EDGES)} isolates obeyed after {took:.2f} s (T = {MAX_AGE:g} s)")
    # And none goes back: what was stored before is gone from every tier.
    for isolate in isolates:
        assert isolate.get(path, **options).json()["headers"]["x-request-id"] not in olds


@pytest.mark.parametrize("filler", [0, 1], ids=["where it is purged", "elsewhere"])
@pytest.mark.parametrize("tiers", ["stored", "in-memory", "near", "far"])
def test_a_purge_while_an_answer_comes_in_slowly(
    isolates: list[Consumer], purge: Purge, edges: LocalRuntime, tiers: str, filler: int
) -> None:
    """What was asked for before the purge is not served after it, although it is stored later, in
    whichever tier, and by an isolate that has not heard of it yet."""
    own, gate = unique("slow"), unique("gate")
    path = f"/v1/{tiers}/{own}"
    options: Options = {"params": {"gate": gate}, "headers": {"host": "slow.test"}}
    with isolates[filler].stream("GET", path, **options) as slow:
        assert slow.headers["cache-status"].endswith("; stored")
        parts = slow.iter_text()
        first = next(parts)
        assert purge(tags=[f"stored:{own}"]).status_code == 200
        httpx.post(f"{edges.url(SERVICE)}/-/open", params={"gate": gate}).raise_for_status()
        old = first + "".join(parts)
    assert isolates[0].get(path, **options).text != old
    obeyed(isolates, path, old, **options)
    for isolate in isolates * 2:
        assert isolate.get(path, **options).text != old
    # What came after the purge is kept as ever.
    fill(isolates, path, **options)


def test_a_purge_that_is_soft_leaves_it_to_be_validated(
    isolates: list[Consumer], purge: Purge
) -> None:
    path = f"/v1/stored/{unique('soft')}"
    query = {"header": ['ETag: "1"', "Cache-Control: max-age=600"], "validate": "", "body": "x"}
    fill(isolates, path, params=query)
    assert purge(urls=[f"http://{isolates[0].base_url.netloc.decode()}{path}"], soft=True).json()[
        "soft"
    ]
    told = eventually(
        lambda: (
            said
            if "fwd=stale" in (said := isolates[0].get(path, params=query).headers["cache-status"])
            else None
        ),
        SOONER,
    )
    assert "fwd-status=304; stored" in told


WRITES = [("PATCH", "/v1/stored/"), ("POST", "/v1/elsewhere/")]


@pytest.mark.parametrize(("method", "where"), WRITES)
def test_a_write_is_seen_at_once_here_and_soon_by_all(
    isolates: list[Consumer], method: str, where: str
) -> None:
    own = unique("written")
    path = f"/v1/stored/{own}"
    options: Options = {"headers": {"host": "api.test"}}
    fill(isolates, path, **options)
    old = isolates[0].get(path, **options).text
    changed = isolates[0].request(method, f"{where}{own}", content=b"{}", **options)
    assert changed.status_code == 200
    assert isolates[0].get(path, **options).text != old, "its writer reads what it wrote"
    obeyed(isolates, path, old, **options)


def test_without_the_feed_a_write_is_seen_here_all_the_same(edges: LocalRuntime) -> None:
    with Consumer(edges.url(UNREACHED)) as alone:
        path = f"/v1/stored/{unique('alone')}"
        fill([alone], path)
        old = alone.get(path).text
        httpx.post(f"{edges.url(FAULT)}/-/fault", content="throw").raise_for_status()
        try:
            assert alone.patch(path, content=b"{}").status_code == 200
            assert alone.get(path).text != old
        finally:
            httpx.post(f"{edges.url(FAULT)}/-/fault", content="none").raise_for_status()


@pytest.mark.timeout(240 + ENTRIES // 20)
def test_thousands_of_entries_with_one_tag(
    edges: LocalRuntime,
    isolates: list[Consumer],
    purge: Purge,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In each tier that isolates share, and a tenth of them in the memory of isolates."""
    # A table of its own, so that it does not matter which ones were published before.
    folder, mark = tmp_path_factory.mktemp("seed"), unique("seeded")
    publisher = Publisher(edges)
    publisher.publish(*compiled(folder, mark))
    publisher.close()
    for isolate in isolates:
        eventually(lambda one=isolate: marks(one.get("/marked")) == {mark}, MAX_AGE + SOONER)  # type: ignore[misc]
    tag = unique("many")
    sequence = max(purge(tags=["nothing"]).json()["sequence"], 1)
    seed(edges, write_table(folder, mark), tag, sequence)
    some = range(0, ENTRIES, STEP)
    firsts = some[: len(isolates)]
    asked = {
        "memory": (f"/v1/in-memory/{tag}-", {"header": f"Cache-Tag: {tag}"}),
        "Cache API": (f"/v1/near/{tag}-", {}),
        "KV": (f"/v1/far/{tag}-", {}),
    }

    def ask(tier: str, number: int) -> bool:
        """Whether this entry is a hit, at the isolate that the test asks for it."""
        path, query = asked[tier]
        options: Options = {"params": query, "headers": {"host": MANY}}
        return is_hit(isolates[number // STEP % len(isolates)].get(f"{path}{number}", **options))

    for number in some:
        eventually(lambda number=number: ask("memory", number))  # type: ignore[misc]
        assert ask("Cache API", number)
        assert ask("KV", number)
    assert purge(tags=[tag]).status_code == 200
    began = time.monotonic()

    def obeys(tier: str, number: int) -> float:
        eventually(lambda: not ask(tier, number), SOONER)
        return time.monotonic() - began

    with ThreadPoolExecutor(len(asked) * len(isolates)) as pool:
        waited = {tier: [pool.submit(obeys, tier, number) for number in firsts] for tier in asked}
        took = {tier: max(one.result() for one in those) for tier, those in waited.items()}
    for tier in asked:
        for number in some[len(firsts) :]:
            assert not ask(tier, number)
    with capsys.disabled():
        told = ", ".join(f"{tier} {seconds:.2f} s" for tier, seconds in took.items())
        print(
            f"\n{ENTRIES} entries in the Cache API, {ENTRIES} in KV, {len(some)} in memory:"
            f" the last of {len(EDGES)} isolates obeyed after: {told} (T = {MAX_AGE:g} s)"
        )


def seed(edges: LocalRuntime, table: Path, tag: str, sequence: int) -> None:
    """Put entries that bear `tag` into the Cache API, and as many others into KV."""
    now = time.time()
    facts = Facts(response_time=now, date=now, lifetime=600.0, known=sequence, tags=(tag,))
    fields = {
        "content-type": "text/plain",
        STORED_AT: f"{now:.3f}",
        TTL: "600",
        FACTS: text_of(facts),
    }
    routes = {one.name: one for one in CompiledRoutes(load_table(table), FakePlatform()).all()}

    def url(name: str, path: str) -> str:
        made_by = routes[name]._builder._made_by(routes[name])
        return f"{ORIGIN}http:{MANY}/v1/{name}~{made_by}/{path}/{tag}-"

    near, far = url("stored-near", "near"), url("stored-far", "far")
    entry = entry_of([*fields.items(), (STATUS, "200")])
    assert entry is not None
    content = envelope_head(entry).decode() + "seeded"
    in_near = {**fields, "cache-control": "public, max-age=600"}
    caller = Caller(edges)
    for first in range(0, ENTRIES, AT_ONCE):
        caller.ask("seed", url=near, first=first, count=AT_ONCE, headers=in_near, body="seeded")
        keys = [kv_key(f"{far}{number}") for number in range(first, first + AT_ONCE)]
        caller.ask("kv-many", binding="CACHE_KV", keys=keys, value=content)
    caller.close()


WRONG = [
    {},
    {"tags": ["with, comma"]},
    {"tags": [f"t{number}" for number in range(33)]},
    {"urls": ["/v1/stored/x"]},
    {"urls": ["http://h/a/../b/%2f"]},
    {"prefixes": ["http://h/a?b"]},
    {"all": False},
    {"keys": ["x"]},
]


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_purge_is_refused(purge: Purge, what: dict[str, Any]) -> None:
    problem(purge(**what), 422, "invalid-content")


def test_it_takes_the_scope_and_is_written_down(edges: LocalRuntime) -> None:
    with Operator(edges.url(GATEWAY), "gateway:keys") as other:
        problem(other.post("/-/purge", json={"all": True}), 403, "insufficient-scope")
    tag = unique("noted")
    with Operator(edges.url(GATEWAY)) as operator:
        sequence = operator.post("/-/purge", json={"tags": [tag]}).json()["sequence"]
        entries = operator.get("/-/audit", params={"limit": 200}).json()["entries"]
    intent, outcome = [one["record"] for one in entries if one["record"]["action"] == "purge"][-2:]
    assert intent["parameters"] == {"tags": msgspec.json.encode([tag]).decode()}
    assert outcome["result"] == {"sequence": str(sequence)}


def test_the_command_purges(
    edges: LocalRuntime, isolates: list[Consumer], capsys: pytest.CaptureFixture[str]
) -> None:
    own = unique("commanded")
    path = f"/v1/stored/{own}"
    fill(isolates, path)
    old = isolates[0].get(path).text
    token = mint("", ("gateway:purge",))
    SECRETS.add(token)
    remote = ["--url", admin_url(edges.url(EDGES[0])), "--token", token]
    assert main(["cache", "purge", *remote, "--tag", f"stored:{own}"]) == 0
    assert f"gone in every isolate within {MAX_AGE:g} s" in capsys.readouterr().out
    obeyed(isolates, path, old)
    assert main(["cache", "purge", *remote]) == 2
    assert "say what" in capsys.readouterr().err
