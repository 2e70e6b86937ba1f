"""Bodies stream through the gateway: all bytes, in order, and the first before the last is sent."""

import hashlib
import itertools
from collections.abc import Iterator

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem, unique
from tests.plan import ORIGIN

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
