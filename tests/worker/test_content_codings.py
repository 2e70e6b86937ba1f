"""Stored once for each content coding: what the service has compressed stays as it came, and only
those get it who accept it (RFC 9110, sections 8.4 and 12.5.3; RFC 9111, section 4.1).

The client here decodes nothing: all bytes are compared as they came.
"""

import base64
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx
import pytest
from httpx import QueryParams

from cli.main import main
from runtime.local import LocalRuntime
from tests.consumer import Consumer, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN

PLAIN = b"Stored once for each content coding. " * 30
GZIP = gzip.compress(PLAIN, mtime=0)
BR = base64.b64decode("G1UE6B2pU5+78AiV3lNjb3SKTK5AymADDtjzQBKcwC8brlKBWW7iCCKxwf71Aw==")
CODED = {"gzip": GZIP, "br": BR}

VARY = "Vary: Accept-Encoding"
Accepted = Callable[[str], list[str | None]]


class Raw(NamedTuple):
    """An answer, with its body as it came."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def coding(self) -> str | None:
        coding: str | None = self.headers.get("content-encoding")
        return coding

    @property
    def is_hit(self) -> bool:
        return "; hit" in self.headers["cache-status"]


def get(lab: Consumer, path: str, accepts: str | None, *, method: str = "GET", **more: Any) -> Raw:
    """What comes of a request with that Accept-Encoding, and none where it is None."""
    request = lab.build_request(method, path, **more)
    del request.headers["accept-encoding"]
    if accepts is not None:
        request.headers["accept-encoding"] = accepts
    response = lab.send(request, stream=True)
    try:
        return Raw(response.status_code, response.headers, b"".join(response.iter_raw()))
    finally:
        response.close()


def until_hit(lab: Consumer, path: str, accepts: str | None, **more: Any) -> Raw:
    def hit() -> Raw | None:
        found = get(lab, path, accepts, **more)
        assert found.status == 200
        return found if found.is_hit else None

    return eventually(hit)


def query(*codings: str, fields: tuple[str, ...] = (VARY,), **more: str) -> dict[str, Any]:
    """What the origin is to answer: in one of these codings, where that is accepted."""
    coded = [f"{name}:{base64.urlsafe_b64encode(CODED[name]).decode()}" for name in codings]
    said = [*fields, "Cache-Control: max-age=60", "Content-Type: text/plain"]
    return {"params": {"coded": coded, "body": PLAIN.decode(), "header": said, **more}}


@pytest.fixture
def accepted(runtime: LocalRuntime) -> Accepted:
    """The Accept-Encoding of each request that the origin got for a path."""

    def given(path: str) -> list[str | None]:
        answer = httpx.get(f"{runtime.url(ORIGIN)}/-/accepted", params={"path": path})
        told: list[str | None] = answer.json()
        return told

    return given


ROUTES = ["remembered", "cached", "far", "near", "coded-remote", "cut-off-cached"]
"""Memory; the Cache API; KV; both of the first; a URL, not a binding; a body that is piped."""

CLIENTS = [
    ("gzip, deflate, br, zstd", "br"),
    ("BR;q=1.0, gzip;q=0.8, *;q=0.1", "br"),
    ("gzip, deflate", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
    ("br;q=0.1, gzip", "gzip"),
    (None, None),
    ("", None),
    ("deflate", None),
    ("br;q=0, gzip;q=0.0", None),
    ("identity, gzip;q=0.9", None),
]
"""What clients say, and the coding that each is to get."""


@pytest.mark.parametrize("route", ROUTES)
def test_each_coding_is_stored_once_and_stays_as_it_came(
    lab: Consumer, accepted: Accepted, route: str
) -> None:
    path = f"/{route}/{unique('x')}"
    asked = query("br", "gzip")
    for accepts, coding in CLIENTS:
        hit = until_hit(lab, path, accepts, **asked)
        body = CODED[coding] if coding else PLAIN
        assert (hit.body, hit.coding) == (body, coding), accepts
        # The tag stands for these very bytes.
        assert hit.headers["etag"] == f'"{coding or "identity"}"'
        assert "accept-encoding" in hit.headers["vary"].lower()
        assert hit.headers["content-length"] == str(len(body))
    given = accepted(path)
    # Where storing goes on behind the answer, a second request may have come before it was over.
    assert list(dict.fromkeys(given)) == ["br, gzip", "gzip", "identity"]
    for accepts, _ in CLIENTS:
        assert get(lab, path, accepts, **asked).is_hit
    assert accepted(path) == given


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_on_its_way_into_the_store_is_what_comes_out_of_it(
    lab: Consumer, route: str, coding: str
) -> None:
    path = f"/{route}/{unique('x')}"
    miss = get(lab, path, coding, **query("br", "gzip"))
    assert not miss.is_hit
    hit = until_hit(lab, path, coding, **query("br", "gzip"))
    for answer in (miss, hit):
        assert (answer.body, answer.coding) == (CODED[coding], coding)
        assert answer.headers["etag"] == f'"{coding}"'


@pytest.mark.parametrize("route", ["remembered", "cached", "far"])
def test_ranges_and_conditions_are_about_the_encoded_bytes(
    lab: Consumer, accepted: Accepted, route: str
) -> None:
    path = f"/{route}/{unique('x')}"
    asked = query("br", "gzip")
    until_hit(lab, path, "gzip", **asked)
    given = accepted(path)
    size = len(GZIP)
    for field, status, body, said in [
        ("bytes=0-9", 206, GZIP[:10], f"bytes 0-9/{size}"),
        ("bytes=10-", 206, GZIP[10:], f"bytes 10-{size - 1}/{size}"),
        ("bytes=-7", 206, GZIP[-7:], f"bytes {size - 7}-{size - 1}/{size}"),
        (f"bytes={size}-", 416, b"", f"bytes */{size}"),
    ]:
        for condition in ({}, {"if-range": '"gzip"'}):
            part = get(lab, path, "gzip", headers={"range": field, **condition}, **asked)
            assert (part.status, part.body, part.headers["content-range"]) == (status, body, said)
            if status == 206:
                assert (part.coding, part.headers["etag"]) == ("gzip", '"gzip"')
                assert part.headers["content-length"] == str(len(body))
    # Another coding's tag is another answer's.
    other = get(lab, path, "gzip", headers={"range": "bytes=0-9", "if-range": '"br"'}, **asked)
    assert (other.status, other.body) == (200, GZIP)
    for tag, status in [('"gzip"', 304), ('"br"', 200)]:
        known = get(lab, path, "gzip", headers={"if-none-match": tag}, **asked)
        assert (known.status, known.body) == (status, GZIP if status == 200 else b"")
    head = get(lab, path, "gzip", method="HEAD", **asked)
    assert (head.status, head.coding, head.body, head.is_hit) == (200, "gzip", b"", True)
    assert head.headers["content-length"] == str(size)
    assert accepted(path) == given


def test_a_range_of_encoded_bytes_comes_through_from_the_service(lab: Consumer) -> None:
    path = f"/cached/{unique('x')}"
    part = get(lab, path, "gzip", headers={"range": "bytes=3-12"}, **query("gzip", parts=""))
    assert (part.status, part.body, part.coding) == (206, GZIP[3:13], "gzip")
    assert "stored" not in part.headers["cache-status"]
    # Who does not accept the coding gets the whole: a part of it could not be decoded.
    asked = query("gzip", parts="", insists="")
    whole = get(lab, path, None, headers={"range": "bytes=3-12"}, **asked)
    assert (whole.status, whole.body, whole.coding) == (200, PLAIN, None)


def test_each_coding_is_validated_by_its_own_tag(lab: Consumer, accepted: Accepted) -> None:
    path = f"/cached/{unique('x')}"
    asked = query("br", "gzip", validate="")
    fresh = {"cache-control": "max-age=0"}
    for coding in ("gzip", "br"):
        until_hit(lab, path, coding, **asked)
        validated = get(lab, path, coding, headers=fresh, **asked)
        assert "fwd-status=304" in validated.headers["cache-status"]
        assert (validated.body, validated.coding) == (CODED[coding], coding)
        assert validated.headers["etag"] == f'"{coding}"'
        again = until_hit(lab, path, coding, **asked)
        assert (again.body, again.coding) == (CODED[coding], coding)
        assert again.headers["etag"] == f'"{coding}"'


CARELESS = [("gzip", "gzip"), ("gzip, br", "gzip"), ("br", None), (None, None), ("identity", None)]
"""Clients of a service that compresses without Vary, and what they are to get."""


@pytest.mark.parametrize("insists", [False, True])
@pytest.mark.parametrize("first", range(len(CARELESS)))
def test_nobody_gets_what_he_does_not_accept_of_a_service_without_vary(
    lab: Consumer, first: int, insists: bool
) -> None:
    """Who wants no coding is answered by the runtime, which decodes what comes all the same."""
    path = f"/cached/{unique('x')}"
    asked = query("gzip", fields=(), **({"insists": ""} if insists else {}))
    for accepts, coding in [*CARELESS[first:], *CARELESS[:first]]:
        for answer in (get(lab, path, accepts, **asked), until_hit(lab, path, accepts, **asked)):
            plain = answer.coding is None
            # What is stored plain is for all; what is not, for those alone who accept it.
            assert answer.coding in (None, coding)
            assert answer.body == (PLAIN if plain else GZIP)
            if plain and insists:
                assert answer.headers["etag"] == 'W/"gzip"'
            if not plain:
                assert "accept-encoding" in answer.headers["vary"]
                assert answer.headers["etag"] == '"gzip"'


def test_who_takes_nothing_plain_does_not_get_it_from_the_store(
    lab: Consumer, accepted: Accepted
) -> None:
    path = f"/cached/{unique('x')}"
    asked = query("gzip", fields=())
    until_hit(lab, path, "identity", **asked)
    wants = "gzip, identity;q=0"
    hit = until_hit(lab, path, wants, **asked)
    assert (hit.body, hit.coding) == (GZIP, "gzip")
    assert accepted(path)[-1] == wants


def test_what_is_edited_on_its_way_is_stored_decoded(lab: Consumer, accepted: Accepted) -> None:
    path = f"/edited/{unique('x')}"
    asked = query("br", "gzip")
    clients = ["gzip", "br", None]
    hits = [until_hit(lab, path, accepts, **asked) for accepts in clients]
    assert {(hit.body, hit.coding) for hit in hits} == {(PLAIN, None)}
    # Other bytes than those that the service's strong tag stands for.
    assert {hit.headers["etag"] for hit in hits} == {'W/"gzip"'}
    assert set(accepted(path)) == {"gzip"}


def test_a_crowd_fetches_each_coding_once(lab: Consumer, accepted: Accepted) -> None:
    """The first flight tells what answers vary with; those of the others are for their own."""
    path = f"/collapsed/{unique('x')}"
    asked = query("br", "gzip", delay="300")
    clients = ["gzip, br", "gzip", None] * 5
    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda accepts: get(lab, path, accepts, **asked), clients))
    for accepts, answer in zip(clients, answers, strict=True):
        coding = (accepts or "").rpartition(", ")[2] or None
        assert (answer.coding, answer.body) == (coding, CODED[coding] if coding else PLAIN)
    assert sorted(map(str, accepted(path))) == ["br, gzip", "gzip", "identity"]


def test_warming_is_for_those_who_accept_codings(
    lab: Consumer, accepted: Accepted, runtime: LocalRuntime
) -> None:
    path = f"/near/{unique('x')}"
    asked = query("br", "gzip")
    url = f"{runtime.url(LABS[0])}{path}?{QueryParams(asked['params'])}"
    assert main(["cache", "warm", url]) == 0
    assert get(lab, path, "gzip, deflate, br", **asked).body == BR
    assert set(accepted(path)) == {"br, gzip"}


def test_bytes_in_a_coding_that_nobody_asked_for_are_not_stored(lab: Consumer) -> None:
    path = f"/cached/{unique('x')}"
    asked = query(fields=("Content-Encoding: zstd",))
    for _ in range(3):
        answer = get(lab, path, "gzip, zstd", **asked)
        assert (answer.body, answer.coding) == (PLAIN, "zstd")
        assert answer.headers["cache-status"].endswith("fwd=uri-miss; fwd-status=200")


def test_bytes_that_are_not_what_they_are_said_to_be_are_not_stored(
    lab: Consumer, runtime: LocalRuntime
) -> None:
    path = f"/cached/{unique('x')}"
    asked = query("gzip")
    asked["params"]["coded"] = [f"gzip:{base64.urlsafe_b64encode(PLAIN).decode()}"]
    start = len(runtime.log_lines())
    for _ in range(2):
        assert not get(lab, path, "gzip", **asked).is_hit
        runtime.wait_for_log("not in the coding", start=start)
        start = len(runtime.log_lines())
