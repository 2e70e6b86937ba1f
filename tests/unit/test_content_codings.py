"""Whatever the service, the runtime and the clients do: nobody gets bytes that are not what they
are said to be, or in a coding that he does not accept."""

import gzip
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caching.codings import accepted, codings_of
from caching.entries import Mislabelled
from caching.flight import Flights
from caching.memory_tier import MemoryTier
from caching.settings import CacheRules
from contract.cache_lease import Outcome
from messages import Exchange, Headers, Response
from policies.cache import Cache
from routing.compile import CompiledRoutes
from tests.unit.fakes import NOW, FakeLeases, FakePlatform, FakeStore, exchange, run
from tests.unit.tables import route, table

PLAIN: Final = b"plain"
CODED: Final = {"gzip": gzip.compress(PLAIN, mtime=0), "br": b"\x0b\x02\x80plain\x03"}
OF_THE_BODY: Final = ("content-encoding", "content-length")
UNDONE: Final = ("gzip", "br")
"""What runtimes decode, where they are not told to leave it."""


@dataclass
class Service:
    """What answers behind a runtime."""

    varies: bool = True
    insists: str = ""
    """A coding that it answers in, whatever it is asked for."""
    obeys: bool = True
    """Whether the runtime leaves codings alone when it is told to."""
    admits: bool = True
    """Whether one that does not says so."""
    tells_length: bool = True

    def __post_init__(self) -> None:
        self.given: list[str | None] = []

    async def __call__(self, asked: Exchange) -> Response:
        headers = asked.request.headers
        said = headers.get("accept-encoding")
        self.given.append(said)
        offered = accepted(said).codings
        coding = self.insists or (offered[0] if offered else "")
        fields = [("etag", f'"{coding}"'), ("cache-control", "max-age=60")]
        fields += [("vary", "accept-encoding")] if self.varies else []
        if not coding:
            return Response(200, Headers(fields), PLAIN)
        fields.append(("content-encoding", coding))
        body = CODED.get(coding, b"bytes in another coding")
        fields += [("content-length", str(len(body)))] if self.tells_length else []
        if headers.get("if-none-match") == f'"{coding}"':
            return Response(304, Headers([one for one in fields if one[0] not in OF_THE_BODY]))
        stays = asked.request.keeps_coding and self.obeys
        is_coded = asked.request.keeps_coding and (self.obeys or not self.admits)
        seen = body if stays or coding not in UNDONE else PLAIN
        # What the runtime knows of it stays with the answer, whatever we take it for.
        return Response(200, Headers(fields), seen, origin=stays, is_coded=is_coded)


def on_the_wire(response: Response) -> bytes:
    """The bytes that the runtime sends of `response`."""
    assert isinstance(response.body, bytes)
    coding = response.headers.get("content-encoding")
    stays = response.is_coded if response.origin is None else response.origin
    if stays or coding not in UNDONE:
        return response.body
    assert response.body == PLAIN
    return CODED[coding]


class Gateway:
    """One route, and a client's view of it."""

    def __init__(self, service: Service, *, keeps: bool = True) -> None:
        self.service = service
        ignored = frozenset() if keeps else frozenset({"accept-encoding"})
        rules = CacheRules(ignore_vary=ignored)
        self.cache = Cache(rules, FakeStore(), keeps_codings=keeps)
        self.refused: list[str] = []

    def ask(self, accepts: str | None, later: float = 0, **fields: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        if accepts is not None:
            named["accept-encoding"] = accepts
        deferred: list[Coroutine[Any, Any, None]] = []
        asked = exchange(headers=named, now=NOW + later, deferred=deferred)
        response = run(self.cache(asked, self.service))
        for work in deferred:
            try:
                run(work)
            except Mislabelled as broken:
                self.refused.append(str(broken))
        return response

    def hit(self, accepts: str | None, later: float = 0, **fields: str) -> Response:
        response = self.ask(accepts, later, **fields)
        assert "; hit" in (response.headers.get("cache-status") or "")
        return response


CHECKED: Final = {"schema": {"type": "object"}}
RENAMED: Final = [{"op": "rename", "name": "a", "to": "b"}]
TRANSFORMS: Final = {
    "asking": {"request": {"query": RENAMED}},
    "answering": {"response": {"headers": [{"op": "remove", "name": "X-Own"}]}},
    "failing": {"errors": {"status": {"422": 400}}},
}
KEPT: Final[list[tuple[dict[str, Any], bool]]] = [
    # what else a route has, whether answers are stored in their coding
    ({}, True),
    ({"validate": {"query": {"a": {"type": "integer"}}}}, True),
    ({"validate": {"response": CHECKED}}, False),
    ({"transform": "asking"}, True),
    ({"transform": "answering"}, False),
    ({"transform": "failing"}, False),
    ({"plugin": "pricing.add_tax"}, False),
]


@pytest.mark.parametrize(("members", "kept"), KEPT)
def test_a_coding_is_kept_where_nobody_reads_the_body(members: dict[str, Any], kept: bool) -> None:
    cached = route(cache={"ttl": "1m"}, versions=None, **members)
    (found,) = CompiledRoutes(table(cached, transforms=TRANSFORMS), FakePlatform()).all()
    (step,) = [step for step in found.steps() if step.name == "cache"]
    assert step.settings["codings"] == ("kept" if kept else "decoded")


def test_of_an_older_version_whose_answers_differ_they_are_stored_decoded() -> None:
    change = {
        "name": "renamed",
        "date": "2026-06-01",
        "from": "v1",
        "to": "v2",
        "transforms": [{"routes": ["thing"], "transform": "answering"}],
    }
    all_versions = table(route(cache={"ttl": "1m"}), transforms=TRANSFORMS, changes=[change])
    found = {
        one.version.name: step.settings["codings"]
        for one in CompiledRoutes(all_versions, FakePlatform()).all()
        for step in one.steps()
        if one.version is not None and step.name == "cache"
    }
    assert found == {"v1": "decoded", "v2": "kept"}


FIELDS: Final = [None, "gzip", "gzip", "br", "gzip, br", "gzip, identity;q=0", "zstd"]
services = st.builds(
    Service,
    varies=st.booleans(),
    insists=st.sampled_from(["", "", "gzip", "br"]),
    obeys=st.booleans(),
    admits=st.booleans(),
    tells_length=st.booleans(),
)
steps = st.lists(
    st.tuples(
        st.sampled_from(FIELDS),
        st.sampled_from([0.0, 0.0, 30.0, 61.0]),
        st.sampled_from([{}, {}, {"cache_control": "max-age=0"}, {"range": "bytes=0-1"}]),
        services,
    ),
    min_size=1,
    max_size=12,
)


@given(steps, st.booleans())
def test_all_bytes_are_what_they_are_said_to_be(steps: list[Any], keeps: bool) -> None:
    gateway, time = Gateway(steps[0][3], keeps=keeps), 0.0
    for accepts, later, fields, service in steps:
        time += later
        gateway.cache, gateway.service = gateway.cache, service
        response = gateway.ask(accepts, time, **fields)
        (coding,) = codings_of(response.headers) or ("",)
        assert coding == "" or coding in accepted(accepts).codings
        whole = CODED[coding] if coding else PLAIN
        if response.status == 206:
            whole = whole[:2]
        assert on_the_wire(response) == whole
        is_hit = "; hit" in (response.headers.get("cache-status") or "")
        assert coding or accepted(accepts).plain or not is_hit
        tag = response.headers.get("etag") or ""
        # Where others are in its place, the tag of encoded bytes is none of theirs.
        assert tag == f'"{coding}"' or (coding == "" and tag.startswith("W/"))


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("admits", [True, False])
@pytest.mark.parametrize("tells_length", [True, False])
def test_a_runtime_that_decodes_all_the_same_is_found_out(
    coding: str, admits: bool, tells_length: bool
) -> None:
    gateway = Gateway(Service(obeys=False, admits=admits, tells_length=tells_length))
    assert on_the_wire(gateway.ask(coding)) == CODED[coding]
    if admits:
        hit = gateway.hit(coding)
        assert (hit.body, hit.is_coded) == (PLAIN, False)
        assert hit.headers.get("etag") == f'W/"{coding}"'
    else:
        assert len(gateway.refused) == 1
        assert "hit" not in (gateway.ask(coding).headers.get("cache-status") or "")
        assert len(gateway.service.given) == 2


def test_a_service_is_asked_again_only_for_what_it_should_not_have_sent() -> None:
    gateway = Gateway(Service(insists="br"))
    assert on_the_wire(gateway.ask("gzip")) == PLAIN
    assert gateway.service.given == ["gzip", "identity"]
    assert gateway.hit("gzip").headers.get("etag") == 'W/"br"'
    assert on_the_wire(gateway.ask("br")) == CODED["br"]
    assert on_the_wire(gateway.ask(None)) == PLAIN
    assert gateway.service.given == ["gzip", "identity", "br", "identity"]


def test_what_nobody_can_undo_is_not_stored() -> None:
    gateway = Gateway(Service(insists="zstd"))
    for _ in range(2):
        response = gateway.ask("gzip, zstd")
        assert on_the_wire(response) == b"bytes in another coding"
        assert response.headers.get("content-encoding") == "zstd"
    assert gateway.service.given == ["gzip", "gzip"]


def test_variants_stay_apart_when_a_plain_one_comes_without_vary() -> None:
    gateway = Gateway(Service(varies=False))
    for accepts in ("gzip", "br", "identity"):
        gateway.ask(accepts)
    for accepts, tag in [("gzip", '"gzip"'), ("br", '"br"'), ("identity", '""')]:
        assert gateway.hit(accepts).headers.get("etag") == tag
    assert gateway.service.given == ["gzip", "br", "identity"]


@pytest.mark.parametrize("accepts", ["gzip", "br"])
def test_validation_keeps_the_coding(accepts: str) -> None:
    gateway = Gateway(Service())
    gateway.ask(accepts)
    validated = gateway.ask(accepts, 61)
    assert "fwd-status=304" in (validated.headers.get("cache-status") or "")
    for response in (validated, gateway.hit(accepts, 62)):
        assert (response.body, response.is_coded) == (CODED[accepts], True)
        assert response.headers.get("etag") == f'"{accepts}"'


def test_a_part_of_encoded_bytes_goes_out_as_it_is() -> None:
    gateway = Gateway(Service())
    gateway.ask("gzip")
    part = gateway.hit("gzip", range="bytes=0-1", if_range='"gzip"')
    assert (part.status, part.is_coded, part.body) == (206, True, CODED["gzip"][:2])
    assert part.headers.get("content-encoding") == "gzip"


def test_a_plain_answer_is_no_hit_for_who_refuses_it() -> None:
    gateway = Gateway(Service(varies=False))
    gateway.ask(None)
    assert on_the_wire(gateway.hit("gzip")) == PLAIN
    assert on_the_wire(gateway.ask("gzip, identity;q=0")) == CODED["gzip"]
    assert gateway.service.given == ["identity", "gzip, identity;q=0"]


def test_a_hit_takes_one_call_once_it_is_known_what_answers_vary_with() -> None:
    """Also on a route that holds no answers in memory."""
    store, service = FakeStore(), Service()
    cache = Cache(CacheRules(), store, keeps_codings=True, memory=MemoryTier(), remembers=False)
    for later in (0.0, 1.0, 2.0):
        before = store.asked
        asked = exchange(headers={"accept-encoding": "gzip"}, now=NOW + later)
        response = run(cache(asked, service))
        assert ("; hit" in (response.headers.get("cache-status") or "")) == (later > 0)
        assert store.asked == before + 1
    assert service.given == ["gzip"]


def test_nobody_waits_for_what_is_not_stored_as_it_is_not_what_it_says() -> None:
    leases = FakeLeases()
    flights = Flights(leases, wait=2.0, lease=1.0, region="local")
    cache = Cache(CacheRules(), FakeStore(), keeps_codings=True, flights=flights)
    deferred: list[Coroutine[Any, Any, None]] = []
    asked = exchange(headers={"accept-encoding": "gzip"}, deferred=deferred)
    run(cache(asked, Service(obeys=False, admits=False)))
    with pytest.raises(Mislabelled, match="gzip"):
        run(deferred[0])
    assert leases.outcomes == [Outcome.UNSTORABLE]
