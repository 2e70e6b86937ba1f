"""Bodies stream through the gateway: all bytes, in order, and the first before the last is sent."""

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN

MIB = 1024 * 1024
SIZE = 20 * 1024 * 1024
COUNTED = (bytes(range(251)) * (SIZE // 251 + 1))[:SIZE]
"""What the origin sends for `size=`."""


@pytest.mark.parametrize("route", ["echo", "remote"])
def test_a_large_answer_arrives_byte_by_byte(lab: Consumer, route: str) -> None:
    digest = hashlib.sha256()
    with lab.stream("GET", f"/{route}/x", params={"size": str(SIZE)}) as response:
        for chunk in response.iter_bytes():
            digest.update(chunk)
    assert digest.digest() == hashlib.sha256(COUNTED).digest()


@pytest.mark.parametrize("route", ["unlimited", "remote"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_large_body_reaches_the_service(lab: Consumer, route: str, declared: bool) -> None:
    content = COUNTED if declared else pieces(COUNTED)
    response = lab.post(f"/{route}/x?measure", content=content)
    assert response.json() == {"size": SIZE, "sum": sum(COUNTED) % 65_521}


def pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


@pytest.mark.parametrize("route", ["echo", "remote"])
@pytest.mark.parametrize("media_type", ["text/event-stream", "application/json"])
def test_the_first_part_arrives_before_the_service_has_sent_the_second(
    lab: Consumer, runtime: LocalRuntime, route: str, media_type: str
) -> None:
    gate = unique("gate")
    events = "data: 1\n\ndata: 2\n\n"
    query = {"gate": gate, "body": events, "header": f"Content-Type: {media_type}"}
    with lab.stream("GET", f"/{route}/x", params=query) as response:
        assert response.headers["content-type"] == media_type
        parts = response.iter_bytes()
        assert next(parts) == b"data: 1\n\n"  # and the gate is still shut
        httpx.post(f"{runtime.url(ORIGIN)}/-/open", params={"gate": gate})
        assert b"".join(parts) == b"data: 2\n\n"


def test_a_reader_that_goes_away_harms_nobody(lab: Consumer) -> None:
    for _ in range(5):
        with lab.stream("GET", "/echo/x", params={"size": str(SIZE)}) as response:
            next(response.iter_raw())
    assert lab.get("/echo/x").status_code == 200


SIZES = [
    # bytes, whether their number is declared, status; the route allows 1024
    (1024, True, 200),
    (1025, True, 413),
    (1024, False, 200),
    (1025, False, 413),
    (SIZE, False, 413),
]


@pytest.mark.parametrize(("size", "declared", "status"), SIZES)
def test_a_limit_is_exact(lab: Consumer, size: int, declared: bool, status: int) -> None:
    content = COUNTED[:size] if declared else pieces(COUNTED[:size])
    response = lab.post("/echo/x?measure", content=content)
    assert response.status_code == status
    if status == 413:
        problem(response, 413, "content-too-large")
    else:
        assert response.json()["size"] == size


def test_many_small_parts_are_one_body(lab: Consumer) -> None:
    parts = (bytes([65 + number % 26]) for number in itertools.islice(itertools.count(), 1000))
    response = lab.post("/echo/x", content=parts)
    assert len(response.json()["body"]) == 1000


@pytest.mark.parametrize("route", ["echo", "remote"])
def test_the_first_event_arrives_before_the_stream_ends(
    lab: Consumer, runtime: LocalRuntime, route: str
) -> None:
    gate = unique("gate")
    query = {"sse": "3", "gate": gate, "header": "Content-Type: text/event-stream"}
    with lab.stream("GET", f"/{route}/x", params=query) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = response.iter_lines()
        assert [next(lines), next(lines), next(lines)] == ["id: 0", "data: event 0", ""]
        httpx.post(f"{runtime.url(ORIGIN)}/-/open", params={"gate": gate})
        assert [line for line in lines if line.startswith("id")] == ["id: 1", "id: 2"]


ABORTED = 40


@pytest.mark.parametrize("route", ["echo", "remote"])
def test_clients_that_go_away_leave_nothing_behind(
    lab: Consumer, runtime: LocalRuntime, route: str
) -> None:
    path = f"/{route}/{unique('aborted')}"
    for _ in range(ABORTED):
        with httpx.stream("GET", f"{runtime.url(LABS[0])}{path}", params={"drip": "20"}) as one:
            next(one.iter_raw())
    # The service is told of each of them, so none is being read any more.
    url = f"{runtime.url(ORIGIN)}/-/cancelled"
    eventually(lambda: httpx.get(url, params={"path": path}).text == str(ABORTED))
    assert lab.get(f"/{route}/x").status_code == 200


def test_clients_that_do_not_wait_for_an_answer_leave_nothing_behind(
    lab: Consumer, runtime: LocalRuntime
) -> None:
    for _ in range(ABORTED):
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{runtime.url(LABS[0])}/echo/x", params={"delay": "500"}, timeout=0.03)
    for _ in range(5):
        assert lab.get("/echo/x").status_code == 200


SMALL = 4 * MIB


@pytest.mark.parametrize("route", ["unlimited", "remote"])
def test_memory_does_not_grow_with_a_body(runtime: LocalRuntime, route: str) -> None:
    """Bodies of `SOAK_MIB` MiB, both ways; `make soak` sets it."""
    size = int(os.environ.get("SOAK_MIB", "48")) * MIB
    base = runtime.url(LABS[0])
    to, back = f"{base}/{route}/x", f"{base}/{'echo' if route == 'unlimited' else route}/x"
    # First whatever garbage the service takes, which is in the same process, and then the way here,
    # with bodies so small that one which is held does not show in what the process has by then.
    for _ in range(2):
        stream_both_ways(f"{runtime.url(ORIGIN)}/x", f"{runtime.url(ORIGIN)}/x", size)
    for _ in range(size // SMALL):
        stream_both_ways(to, back, SMALL)
    watched = Memory(runtime.workerd_pid)
    stream_both_ways(to, back, size, watched.look)
    print(f"\n{route}: {size // MIB} MiB each way, memory grew {watched.growth / MIB:.1f} MiB")
    assert watched.growth < min(size // 2, 32 * MIB)


def stream_both_ways(
    to: str, back: str, size: int, look: Callable[[], None] = lambda: None
) -> None:
    """Send `size` bytes, then receive as many, looking at every fourth mebibyte."""

    def body() -> Iterator[bytes]:
        for number, part in enumerate(zeros(size)):
            if number % 64 == 0:
                look()
            yield part

    assert httpx.post(f"{to}?measure", content=body(), timeout=300).json()["size"] == size
    received = 0
    with httpx.stream("GET", back, params={"size": str(size)}, timeout=300) as response:
        for number, chunk in enumerate(response.iter_raw()):
            received += len(chunk)
            if number % 64 == 0:
                look()
    assert received == size


def zeros(size: int) -> Iterator[bytes]:
    part = bytes(65_536)
    for start in range(0, size, len(part)):
        yield part[: size - start]


class Memory:
    """The resident memory of a process, and how far it went above what it was at first."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._first = self._now()
        self.growth = 0

    def look(self) -> None:
        self.growth = max(self.growth, self._now() - self._first)

    def _now(self) -> int:
        found = re.search(r"^VmRSS:\s+([0-9]+) kB$", self._status.read_text(), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024
