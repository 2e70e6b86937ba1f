"""One fetch for all: what leads, what waits, and what those do who have waited in vain."""

from collections.abc import Coroutine
from typing import Any

import pytest

from caching.flight import Flights
from caching.settings import CacheRules
from contract.cache import MAX_BODY
from contract.cache_lease import Outcome, Turn
from contract.problems import UPSTREAM_UNREACHABLE, Problem
from messages import Exchange, Headers, Response
from policies.cache import Cache
from ports import Unavailable
from tests.unit.fakes import (
    NOW,
    FakeLeases,
    FakeStore,
    FakeStream,
    exchange,
    json_response,
    run,
)

RULES = CacheRules(default_ttl=60.0)


class Client:
    """A cache with leases in front of a service that answers with `answer`."""

    def __init__(self, rules: CacheRules = RULES) -> None:
        self.store, self.leases = FakeStore(), FakeLeases()
        flights = Flights(self.leases, wait=2.0, lease=1.0, region="local")
        self.cache = Cache(rules, self.store, flights=flights)
        self.answer: Response | Problem = json_response(b'"fresh"')
        self.asked = 0
        self.log: dict[str, Any] = {}

    async def service(self, _exchange: Exchange) -> Response:
        self.asked += 1
        if isinstance(self.answer, Problem):
            raise self.answer
        return self.answer

    def ask(self, *, later: float = 0.0, **headers: str) -> tuple[int, Any, str]:
        """Status, body and our Cache-Status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        deferred: list[Coroutine[Any, Any, None]] = []
        one = exchange(headers=named, now=NOW + later, deferred=deferred)
        self.log = one.log
        try:
            answer = run(self.cache(one, self.service))
        finally:
            while deferred:
                run(deferred.pop(0))
        told = (answer.headers.get("cache-status") or "").removeprefix("edge-gateway; ")
        return answer.status, answer.body, told


def others_store(client: Client) -> None:
    """Another isolate stores its answer while the request waits."""
    other = Client()
    other.store = client.store
    other.cache = Cache(RULES, client.store)
    other.answer = json_response(b'"theirs"')

    def store() -> None:
        other.ask()

    client.leases.before = store


def test_who_waited_is_answered_from_the_store() -> None:
    client = Client()
    others_store(client)
    client.leases.turns = [Turn.STORED]
    assert client.ask() == (200, b'"theirs"', "fwd=uri-miss; collapsed; ttl=60")
    assert (client.asked, client.log["cache"]) == (0, "collapsed")


OUTCOMES = [
    # the answer of the service, what those who wait hear
    (json_response(b"{}"), Outcome.STORED),
    (json_response(b"{}", cache_control="no-store"), Outcome.UNSTORABLE),
    (json_response(b"{}", 404), Outcome.UNSTORABLE),
    (json_response(b"{}", 503), Outcome.FAILED),
    (Problem(UPSTREAM_UNREACHABLE), Outcome.FAILED),
]


@pytest.mark.parametrize(("answer", "outcome"), OUTCOMES)
def test_who_leads_tells_the_others(answer: Response | Problem, outcome: Outcome) -> None:
    client = Client()
    client.answer = answer
    if isinstance(answer, Problem):
        with pytest.raises(Problem, match=answer.type.title):
            client.ask()
    else:
        client.ask()
    assert client.leases.outcomes == [outcome]


def test_nobody_waits_for_what_cannot_be_kept() -> None:
    client = Client()
    client.store.down = True
    with pytest.raises(Unavailable):
        client.ask()
    assert client.leases.outcomes == [Outcome.UNSTORABLE]


def test_nobody_waits_for_what_is_too_large() -> None:
    client = Client()
    client.answer = Response(200, Headers(), FakeStream(bytes(MAX_BODY + 1)))
    client.ask()
    assert client.leases.outcomes == [Outcome.UNSTORABLE]


@pytest.mark.parametrize("turn", [Turn.ALONE, Turn.LATE, Turn.STORED])
def test_who_has_waited_in_vain_goes_itself(turn: Turn) -> None:
    client = Client()
    client.leases.turns = [turn, Turn.ALONE]
    assert client.ask()[1] == b'"fresh"'
    assert (client.asked, client.leases.outcomes) == (1, [])


def test_without_the_object_everybody_goes() -> None:
    client = Client()
    client.leases.down = True
    assert client.ask() == (200, b'"fresh"', "fwd=uri-miss; fwd-status=200; stored")
    assert client.log["cache_lease"] == "cache lease: unreachable"


@pytest.mark.parametrize("turn", [Turn.FAILED, Turn.LATE])
def test_what_is_stale_answers_in_place_of_a_failure_elsewhere(turn: Turn) -> None:
    client = Client(CacheRules(default_ttl=60.0, stale_if_error=600.0))
    client.ask()
    client.leases.turns = [turn]
    assert client.ask(later=100.0) == (
        *(200, b'"fresh"'),
        "fwd=stale; ttl=-40; detail=stale-if-error",
    )
    assert client.leases.asked[-1].has_fallback
    assert client.asked == 1


def test_what_is_stale_is_validated_by_one_and_nobody_waits() -> None:
    client = Client(CacheRules(default_ttl=60.0, stale_while_revalidate=600.0))
    client.ask()
    client.leases.turns = [Turn.LATE]
    told = "hit; ttl=-40; detail=stale-while-revalidate"
    assert client.ask(later=100.0) == (200, b'"fresh"', told)
    assert client.asked == 1
    assert client.ask(later=111.0)[2].startswith("hit; ttl=-51")
    assert client.asked == 2
    assert [one.wait for one in client.leases.asked] == [2.0, 0.0, 0.0]
    assert client.leases.outcomes == [Outcome.STORED, Outcome.STORED]


def test_a_failing_validation_leaves_what_is_stale_as_it_is() -> None:
    client = Client(CacheRules(default_ttl=60.0, stale_while_revalidate=600.0))
    client.ask()
    client.answer = json_response(b'"broken"', 503, cache_control="max-age=100")
    client.ask(later=100.0)
    assert client.asked == 2
    assert client.ask(later=120.0)[:2] == (200, b'"fresh"')


ALONE = [
    # fields of requests that are nobody else's
    {"range": "bytes=0-1"},
    {"cache-control": "no-store"},
]


@pytest.mark.parametrize("headers", ALONE)
def test_a_request_of_its_own_waits_for_nobody(headers: dict[str, str]) -> None:
    client = Client()
    client.ask(**headers)  # type: ignore[arg-type]
    assert (client.asked, client.leases.asked) == (1, [])


def test_who_leads_asks_for_the_whole_and_has_its_own_part_of_the_answer() -> None:
    client = Client()
    client.answer = json_response(b'"fresh"', etag='"1"')
    assert client.ask(if_none_match='"1"')[:2] == (304, None)
    assert client.leases.outcomes == [Outcome.STORED]
    assert client.ask()[:2] == (200, b'"fresh"')


def test_each_variant_has_a_fetch_of_its_own() -> None:
    client = Client()
    client.answer = json_response(b'"de"', vary="accept-language")
    client.ask(accept_language="de")
    client.answer = json_response(b'"fr"', vary="accept-language")
    client.ask(accept_language="fr")
    assert len({one.key for one in client.leases.asked}) == 2
