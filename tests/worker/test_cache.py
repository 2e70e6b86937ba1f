"""The cache Worker in workerd: two tiers, one form, no half entries."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from contract.cache import MAX_BODY, ORIGIN, PurgeRequest
from runtime.local import LocalRuntime
from store.entry import MAX_KV_BODY
from tests.plan import CACHE
from tests.worker.conftest import Caller, RpcError

_numbers = itertools.count()


@pytest.fixture
def cache(runtime: LocalRuntime) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=runtime.url(CACHE), timeout=20) as client:
        client.headers.clear()
        yield client


@pytest.fixture
def key() -> str:
    """A key that no other test uses: path and query."""
    return f"/example.com/v2/thing-{next(_numbers)}?a=1&b=%C3%A4"


def control(**changes: str) -> dict[str, str]:
    now = {"status": "200", "stored-at": f"{time.time():.3f}", "ttl": "60", **changes}
    return {f"gateway-{name.replace('_', '-')}": value for name, value in now.items()}


def url(key: str) -> str:
    return f"{ORIGIN}{key[1:]}"


def near(caller: Caller, key: str) -> Any:
    """What the Cache API alone holds, where the gateway looks first."""
    return msgspec.json.decode(caller.ask("near", url=url(key)))


SERVICE_FIELDS = {
    "cache-control": "public, s-maxage=60",
    "content-type": "text/plain",
    "etag": '"1"',
}


def test_a_stored_response_has_one_form_in_both_tiers(
    cache: httpx.Client, caller: Caller, key: str
) -> None:
    sent = {**SERVICE_FIELDS, **control()}
    stored = cache.put(key, content=b"hello", headers=sent)
    assert (stored.status_code, stored.headers["gateway-tier"]) == (201, "cache-api, kv")

    first = cache.get(key)
    status, fields, body = near(caller, key)
    assert (status, body) == (200, "hello")
    assert caller.ask("forget", url=url(key)) == "true"
    second = cache.get(key)
    third = cache.get(key)

    assert [hit.headers["gateway-tier"] for hit in (first, second, third)] == [
        *("cache-api", "kv", "cache-api")
    ]
    for hit in (first, second, third, httpx.Response(status, headers=fields, text=body)):
        assert (hit.status_code, hit.text) == (200, "hello")
        assert hit.headers["etag"] == '"1"'
        assert hit.headers["content-type"] == "text/plain"
        assert hit.headers["gateway-origin-cache-control"] == "public, s-maxage=60"
        assert hit.headers["cache-control"].startswith("public, max-age=")
        assert hit.headers["gateway-stored-at"] == sent["gateway-stored-at"]
        assert hit.headers["gateway-ttl"] == "60"


def test_bytes_stay_as_they_are(cache: httpx.Client, caller: Caller, key: str) -> None:
    content = bytes(range(256)) * 300 + b"\n\n"
    cache.put(key, content=content, headers=control())
    assert cache.get(key).content == content
    caller.ask("forget", url=url(key))
    assert cache.get(key).content == content


def test_an_empty_body_and_another_status_are_kept(
    cache: httpx.Client, caller: Caller, key: str
) -> None:
    cache.put(key, content=b"", headers=control(status="404"))
    for _ in range(2):
        hit = cache.get(key)
        assert (hit.status_code, hit.headers["gateway-status"], hit.content) == (200, "404", b"")
        assert "gateway-tier" in hit.headers
        caller.ask("forget", url=url(key))


def test_what_is_stale_is_not_found(cache: httpx.Client, caller: Caller, key: str) -> None:
    old = control(stored_at=f"{time.time() - 59:.3f}", ttl="60.5")
    assert cache.put(key, content=b"old", headers=old).status_code == 201
    caller.ask("forget", url=url(key))
    deadline = time.monotonic() + 10
    while cache.get(key).status_code == 200 and time.monotonic() < deadline:
        caller.ask("forget", url=url(key))  # KV alone has to say that it is stale
    missed = cache.get(key)
    assert (missed.status_code, missed.json()["code"]) == (404, "not-found")


NOT_STORED: dict[str, dict[str, str]] = {
    "no lifetime": control(ttl="0"),
    "a negative lifetime": control(ttl="-5"),
    "a part": control(status="206"),
    "a cookie": {**control(), "set-cookie": "a=b"},
}


@pytest.mark.parametrize("fields", NOT_STORED.values(), ids=NOT_STORED)
def test_what_must_not_be_stored_is_not(
    cache: httpx.Client, caller: Caller, key: str, fields: dict[str, str]
) -> None:
    assert cache.put(key, content=b"x", headers=fields).status_code == 204
    assert cache.get(key).status_code == 404
    assert near(caller, key) is None


STREAMS: dict[str, tuple[str | None, list[str], bool, str]] = {
    "as long as announced": ("15", ["a body", " in parts"], False, "201"),
    "of unknown length": (None, ["a body", " in parts"], False, "400"),
    "that breaks off, of unknown length": (None, ["half of ", "the "], True, "400"),
    "that breaks off before its length": ("20", ["half of ", "the "], True, "400"),
    "that ends before its length": ("20", ["half of ", "the "], False, "400"),
}


@pytest.mark.parametrize(("length", "chunks", "fails", "status"), STREAMS.values(), ids=STREAMS)
def test_no_part_of_a_body_is_ever_an_entry(
    cache: httpx.Client,
    caller: Caller,
    key: str,
    length: str | None,
    chunks: list[str],
    fails: bool,
    status: str,
) -> None:
    """workerd hands a stream that breaks off to the other Worker as one that ended."""
    headers = {**control(), **({"content-length": length} if length else {})}
    answered = caller.ask("put", url=url(key), headers=headers, chunks=chunks, fails=fails)
    assert answered == status
    assert cache.get(key).status_code == (200 if status == "201" else 404)
    assert (near(caller, key) is None) is (status != "201")


def test_sizes_decide_over_the_tiers(cache: httpx.Client, caller: Caller, key: str) -> None:
    large = b"x" * (MAX_KV_BODY + 1)
    stored = cache.put(key, content=large, headers=control())
    assert stored.headers["gateway-tier"] == "cache-api"
    assert cache.get(key).content == large
    caller.ask("forget", url=url(key))
    assert cache.get(key).status_code == 404
    too_large = cache.put(key, content=b"x" * (MAX_BODY + 1), headers=control())
    assert too_large.status_code == 413
    assert cache.get(key).status_code == 404


def test_purging_empties_both_tiers(cache: httpx.Client, caller: Caller, key: str) -> None:
    cache.put(key, content=b"x", headers=control())
    cache.put(f"{key}&more", content=b"y", headers=control())
    request = PurgeRequest(keys=(url(key), url(key), url("/nothing")))
    assert caller.rpc("CACHE", "purge", request) == {"purged": 2}
    assert cache.get(key).status_code == 404
    assert cache.get(f"{key}&more").text == "y"


def test_only_our_keys_can_be_purged(caller: Caller) -> None:
    with pytest.raises(RpcError, match=ORIGIN):
        caller.rpc("CACHE", "purge", PurgeRequest(keys=("https://example.com/",)))


MALFORMED: dict[str, tuple[str, dict[str, str], int]] = {
    "a PUT without control fields": ("PUT", {}, 400),
    "a status in words": ("PUT", control(status="ok"), 400),
    "another method": ("DELETE", {}, 405),
}


@pytest.mark.parametrize(("method", "fields", "status"), MALFORMED.values(), ids=MALFORMED)
def test_errors_are_problem_documents(
    cache: httpx.Client, key: str, method: str, fields: dict[str, str], status: int
) -> None:
    response = cache.request(method, key, headers=fields, content=b"x")
    assert response.status_code == response.json()["status"] == status


def test_it_says_how_it_is(caller: Caller) -> None:
    assert caller.ping("CACHE") == "ok"
