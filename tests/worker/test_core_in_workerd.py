"""The pure core in workerd: the same cases as under CPython, with the same results."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from contract.circuit_breaker import State
from contract.limiting.authority import Authority
from contract.limits import LeaseRequest
from routing.regexes import literal_prefix
from runtime.local import LocalRuntime
from schema.compile import Refused
from tests import schema_suite
from tests.cases import caching, transforms, versioning
from tests.cases.matching import TOPICS
from tests.plan import CORE
from tests.unit import test_paths, test_regexes
from tests.unit.test_limiting_model import LIMITS

Run = Callable[..., Any]


@pytest.fixture
def run(runtime: LocalRuntime) -> Run:
    """A function of tests/workers/core with these arguments."""

    def call(name: str, *arguments: Any) -> Any:
        response = httpx.post(f"{runtime.url(CORE)}/{name}", json=arguments, timeout=20)
        assert response.status_code == 200, response.text
        return response.json()

    return call


def test_paths_have_their_normal_form(run: Run) -> None:
    assert run("paths", [raw for raw, _ in test_paths.NORMAL], {}) == [
        normal for _, normal in test_paths.NORMAL
    ]


def test_ambiguous_paths_are_refused(run: Run) -> None:
    refused = [raw for raw, _ in test_paths.REFUSED]
    assert run("paths", refused, {}) == [None] * len(refused)


@pytest.mark.parametrize("setting", test_paths.SETTINGS)
def test_settings_repair_paths(run: Run, setting: str) -> None:
    name, _, value = setting.partition(": ")
    cases = test_paths.SETTINGS[setting]
    assert run("paths", [raw for raw, _ in cases], {name: value}) == [normal for _, normal in cases]


def test_requests_lead_where_the_specification_says(run: Run) -> None:
    topics = [
        (topic.routes, topic.paths, [request for request, _ in topic.cases]) for topic in TOPICS
    ]
    expected = [[outcome for _, outcome in topic.cases] for topic in TOPICS]
    assert sum(map(len, expected)) >= 200
    assert run("match", topics) == expected


def test_requests_get_the_version_that_the_specification_says(run: Run) -> None:
    cases = [case[:-1] for case in versioning.CASES]
    assert run("select", versioning.SETTINGS, cases) == [case[-1] for case in versioning.CASES]


@pytest.mark.parametrize("topic", [*transforms.EDITS, *transforms.EXCHANGES])
def test_transforms_do_the_same(run: Run, topic: str) -> None:
    cases: list[Any] = [*transforms.EDITS.get(topic, ()), *transforms.EXCHANGES.get(topic, ())]
    given = [transforms.arguments(case) for case in cases]
    results = iter(run("transform", [arguments for each in given for arguments in each]))
    for case, arguments in zip(cases, given, strict=True):
        found = [next(results) for _ in arguments]
        assert (case.says, transforms.mistakes(case, found)) == (case.says, [])


@pytest.mark.parametrize("topic", caching.TOPICS)
def test_a_shared_cache_decides_the_same(run: Run, topic: str) -> None:
    cases = msgspec.to_builtins(caching.TOPICS[topic])
    found = run("caching", topic, [given for _, *given, _ in cases])
    assert found == [expected for *_, expected in cases]


def test_expressions_begin_with_the_same_text(run: Run) -> None:
    """Another Python parses them there, and the order of routes depends on it."""
    patterns = test_regexes.ACCEPTED
    assert run("prefixes", patterns) == [literal_prefix(pattern) for pattern in patterns]


def test_the_schema_suite_comes_out_the_same(run: Run) -> None:
    """Every file of the official suite, by programs that were compiled here."""
    cases, expected, files = [], [], set()
    for group in schema_suite.groups():
        try:
            program = schema_suite.compiled(group)
        except Refused:
            continue
        formats = group.file.startswith(schema_suite.FORMATS)
        texts = [document.decode() for _, document, _ in group.tests]
        cases.append((msgspec.to_builtins(program), formats, texts))
        expected.append([valid for *_, valid in group.tests])
        files.add(group.file)
    assert len(files) >= 60
    found = [[not pointers for pointers in group] for group in run("schema", cases)]
    assert found == expected


NOW = 1_795_000_000.0
TIMES = [NOW + step for step in (0, 1, 1.5, 59, 60, 61, 75, 90, 119, 120, 121, 300, 290)]


@pytest.mark.parametrize("name", LIMITS)
def test_limits_decide_the_same(run: Run, name: str) -> None:
    limit = LIMITS[name]
    request = LeaseRequest(limit=limit, wanted=100)
    authority = Authority(name="one")
    times = [time for time in TIMES for _ in range(5)]
    expected = [msgspec.to_builtins(authority.answer(request, time)) for time in times]
    found = run("limit", msgspec.to_builtins(limit), times)
    for one, other in zip(found, expected, strict=True):
        rounded = {name: pytest.approx(value) for name, value in other.items() if name != "lease"}
        assert one == rounded | ({"lease": other["lease"]} if "lease" in other else {})


STEPS: list[tuple[str, float, str, bool | None, State]] = [
    # step, seconds, outcomes, what `acquire` says, state after it
    ("calls", 0, "0", None, State.CLOSED),
    ("calls", 1, "1", None, State.OPEN),
    ("ask", 2, "", False, State.OPEN),
    ("ask", 12, "", True, State.HALF_OPEN),
    ("ask", 12, "", False, State.HALF_OPEN),
    ("probe", 13, "1", None, State.OPEN),
    ("ask", 24, "", False, State.OPEN),
    ("ask", 34, "", True, State.HALF_OPEN),
    ("probe", 35, "0", None, State.CLOSED),
    ("ask", 36, "", True, State.CLOSED),
]


def test_a_breaker_goes_through_its_states(run: Run) -> None:
    steps = [(step, NOW + seconds, outcome) for step, seconds, outcome, *_ in STEPS]
    states = run("breaker", {"minimum_calls": 2, "wait_open": 10}, steps)
    assert states == [[granted, state] for *_, granted, state in STEPS]
