"""The cases of tests/cases/caching/driven: what clients see over HTTP, and the origin is asked.

No clock is turned and nothing is waited for but the store: an origin says how old its answers are,
and behind each answer that is said to be stored an operator asks until it is.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Final

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.cases.caching.driven import TOPICS, TWICE
from tests.cases.caching.driven.steps import IN_MEMORY, ROUTE, Case
from tests.consumer import Consumer, Operator, address, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN

ALL: Final = [
    (topic, number, route, case)
    for topic, cases in TOPICS.items()
    for number, case in enumerate(cases)
    for route in case[3:] or ((ROUTE, IN_MEMORY) if topic in TWICE else (ROUTE,))
]
OURS: Final = re.compile(r"(?:^|, )edge-gateway(?:; ([^,]*))?$")
CONDITIONS: Final = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)
_PLACE: Final = re.compile(r"\{(?:(-?\d+)([ra]?)|(\w+))\}")
_SECONDS: Final = re.compile(r"(?<=ttl=)-?\d+|(?<=age: )\d+")
_BODY: Final = "v%d-3456789"

Fields = list[tuple[str, str]]


class Bench:
    """A client, an operator and the origin, for one case after another."""

    def __init__(self, client: Consumer, operator: Operator, origin: httpx.Client) -> None:
        self.client = client
        self.operator = operator
        self.origin = origin

    def run(self, route: str, case: Case) -> None:
        """Take the steps of `case`, and compare."""
        _Run(self, route, case).steps()


class _Run:
    def __init__(self, bench: Bench, route: str, case: Case) -> None:
        self._bench = bench
        self._folder = f"/{route}/{unique('x')}"
        self._case = case
        self._zero = time.time() // 1
        self._asked = 0
        self._came: set[float] = set()
        """When that what is stored has come, as far as it was seen."""

    def steps(self) -> None:
        _, answers, steps, *_ = self._case
        script = [self._answer(text, number) for number, text in enumerate(answers, 1)]
        self._origin("/-/script", script)
        for number, (request, expected, asked, *behind) in enumerate(steps, 1):
            response = self._send(request)
            shown = self._shown(response, self._placed(expected))
            assert (number, shown) == (number, self._placed(expected))
            if behind:  # Perhaps before this answer has come.
                eventually(lambda: len(self._all_asked()) > self._asked)
            all_asked = behind[0] if behind else asked
            assert (number, self._news(all_asked)) == (number, self._requests(all_asked))
            is_kept_behind = bool(behind) and not answers[self._asked - 1].startswith("5")
            if "; stored" in shown or is_kept_behind:
                eventually(lambda request=request: self._is_new(request))  # type: ignore[misc]

    # What is sent.

    def _send(self, text: str) -> httpx.Response:
        method, target, fields = self._parsed(text)
        return self._bench.client.request(method, f"{self._folder}/{target}", headers=fields)

    def _parsed(self, text: str) -> tuple[str, str, Fields]:
        first, fields = _parts(self._placed(text))
        method, _, target = first.partition(" ")
        return method or "GET", target or "a", fields

    def _answer(self, text: str, number: int) -> dict[str, Any]:
        first, fields = _parts(self._placed(text))
        if first == "fault":
            return {"fault": True}
        return {"status": int(first or 200), "fields": fields, "body": _BODY % number}

    def _placed(self, text: str) -> str:
        return _PLACE.sub(self._place, text)

    def _place(self, found: re.Match[str]) -> str:
        seconds, form, name = found.groups()
        if seconds is None:
            host = self._bench.client.base_url.netloc.decode()
            return host if name == "host" else f"{self._folder}/{name}"
        when = self._zero + int(seconds)
        if not form:
            return formatdate(when, usegmt=True)
        style = "%A, %d-%b-%y %H:%M:%S GMT" if form == "r" else "%a %b %e %H:%M:%S %Y"
        return datetime.fromtimestamp(when, UTC).strftime(style)

    # What came.

    def _shown(self, response: httpx.Response, expected: str) -> str:
        """The answer in the words of what is expected, as far as that speaks of it."""
        told = response.headers.get("cache-status", "")
        own = OURS.search(told)
        parts = [f"{response.status_code} {_body(response)}", own[1] if own else "-"]
        for part in expected.split(" | ")[2:]:
            name = part.partition(":")[0]
            value = response.headers.get(name, "-")
            if name == "cache-status" and own:
                value = f"{value[: own.start()]}, ours"
            parts.append(f"{name}: {value}")
        return _forgiving(" | ".join(parts), expected, time.time() - self._zero)

    def _news(self, expected: str) -> list[tuple[str, dict[str, str]]]:
        """What the origin was asked since, without fields that do not matter."""
        every = self._all_asked()
        found, self._asked = every[self._asked :], len(every)
        told = []
        for number, one in enumerate(found):
            also = self._requests(expected)[number : number + 1]
            names = CONDITIONS.union(*(fields for _, fields in also))
            fields = {name: value for name, value in one["fields"].items() if name in names}
            told.append((one["method"], fields))
        return told

    def _requests(self, text: str) -> list[tuple[str, dict[str, str]]]:
        if text == "-":
            return []
        parsed = [self._parsed(one) for one in text.split(" & ")]
        return [(method, dict(fields)) for method, _, fields in parsed]

    def _all_asked(self) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = self._origin("/-/asked").json()
        return asked

    def _origin(self, path: str, content: Any = None) -> httpx.Response:
        method = "GET" if content is None else "POST"
        where = {"path": self._folder}
        answer = self._bench.origin.request(method, path, params=where, json=content)
        return answer.raise_for_status()

    def _is_new(self, text: str) -> bool:
        """Whether there is something in the store that was not seen there before."""
        _, target, fields = self._parsed(text)
        lines = [f"{name}: {value}" for name, value in fields if name not in CONDITIONS]
        query = {
            "url": f"{self._bench.client.base_url}{self._folder}/{target}",
            "headers": "\n".join(line for line in lines if not line.startswith("cache-control")),
        }
        answer = self._bench.operator.get("/-/cache/explain", params=query, headers=address())
        said = answer.raise_for_status().json()
        came = said.get("stored", {}).get("came_at")
        is_new = came is not None and came not in self._came
        self._came.add(came)
        return is_new


def _parts(text: str) -> tuple[str, Fields]:
    parts = text.split(" | ") if text else []
    first = parts.pop(0) if parts and ": " not in parts[0] else ""
    fields = []
    for part in parts:
        name, _, value = part.partition(":")
        fields.append(("cache-control" if name == "cc" else name, value.strip()))
    return first, fields


def _body(response: httpx.Response) -> str:
    if not response.content:
        return "-"
    if response.headers.get("content-type") == "application/problem+json":
        return str(response.json()["code"])
    whole = re.fullmatch(r"(v\d+)-3456789", response.text)
    return whole[1] if whole else response.text


def _forgiving(shown: str, expected: str, passed: float) -> str:
    """`shown` with the lifetimes and ages of `expected`, where they differ by no more seconds than
    have passed."""
    wanted = iter(_SECONDS.findall(expected))

    def fit(found: re.Match[str]) -> str:
        number = int(next(wanted, found[0]))
        later = int(found[0]) - number
        if found.string[: found.start()].endswith("ttl="):
            later = -later
        return str(number) if 0 <= later <= passed + 1 else found[0]

    return _SECONDS.sub(fit, shown)


@pytest.fixture(scope="module")
def bench(runtime: LocalRuntime) -> Iterator[Bench]:
    lab = runtime.url(LABS[0])
    with ExitStack() as stack:
        client = stack.enter_context(Consumer(lab))
        for name in ("accept", "accept-encoding"):
            del client.headers[name]
        yield Bench(
            client,
            stack.enter_context(Operator(lab, "gateway:status")),
            stack.enter_context(httpx.Client(base_url=runtime.url(ORIGIN), trust_env=False)),
        )


@pytest.mark.parametrize(
    ("route", "case"),
    [(route, case) for *_, route, case in ALL],
    ids=[f"{topic}-{number}-{route}" for topic, number, route, _ in ALL],
)
def test_a_case(bench: Bench, route: str, case: Case) -> None:
    bench.run(route, case)
