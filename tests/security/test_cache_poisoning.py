"""Attacks on what is stored for others: fields and parameters that nobody keys, two readings of one
request, another caller's answer. Each over HTTP, with a service that tells what it was asked."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, bearer, mint, unique
from tests.eventually import eventually
from tests.plan import LABS
from tests.raw_http import send

EVIL = "evil.example"


def is_hit(response: httpx.Response) -> bool:
    return "; hit" in response.headers.get("cache-status", "")


def stored(lab: Consumer, path: str, **options: Any) -> httpx.Response:
    """The answer out of the store, which the first request has put there."""
    return eventually(lambda: hit if is_hit(hit := lab.get(path, **options)) else None)


UNKEYED = [
    ("X-Forwarded-Host", EVIL),
    ("X-Forwarded-Scheme", "nothttps"),
    ("X-Forwarded-Proto", "nothttps"),
    ("X-Forwarded-Port", "1337"),
    ("X-Forwarded-Prefix", f"//{EVIL}"),
    ("X-Forwarded-Server", EVIL),
    ("X-Host", EVIL),
    ("X-Original-Host", EVIL),
    ("Forwarded", f"host={EVIL}"),
    ("X-Original-URL", "/evil.example"),
    ("X-Rewrite-URL", "/evil.example"),
    ("X-HTTP-Method-Override", "DELETE-evil.example"),
    ("X-HTTP-Method", "DELETE-evil.example"),
    ("X-Method-Override", "DELETE-evil.example"),
    ("Gateway-Identity", EVIL),
]


@pytest.mark.parametrize(("name", "value"), UNKEYED, ids=[name for name, _ in UNKEYED])
def test_a_field_that_nobody_keys_gets_into_no_stored_answer(
    lab: Consumer, name: str, value: str
) -> None:
    path = f"/near/{unique('unkeyed')}"
    first = lab.get(path, headers={name: value})
    assert value not in first.text
    assert value not in stored(lab, path).text


TWO_READINGS = [
    # the query of the attacker, what the service may be asked for `key: { query: [page] }`
    ("page=1&utm=x%3Cscript%3E", "page=1"),
    ("page=1;page=2", "page=1;page=2"),
    ("utm=1;page=2", ""),
    ("%70age=2", "%70age=2"),
    ("PAGE=2", ""),
    ("page%00=2", ""),
    ("page[]=2", ""),
    ("page=1&page=2", "page=1&page=2"),
    ("page=1&_method=DELETE", "page=1"),
    ("&&page=1&", "page=1"),
    ("page=1%26page=2", "page=1%26page=2"),
    ("page=1#&page=2", "page=1"),
]


@pytest.mark.parametrize(("query", "asked"), TWO_READINGS)
def test_a_parameter_that_is_cloaked_reaches_no_service_unkeyed(
    runtime: LocalRuntime, query: str, asked: str
) -> None:
    """What the service is asked is what the key says: whoever reads it otherwise than we do is
    asked for an entry of its own."""
    path = f"/chosen/{unique('cloaked')}"
    target = query.partition("#")[0]
    answer = send(runtime.url(LABS[0]), f"GET {path}?{target} HTTP/1.1")
    assert answer.status == 200, answer.body
    assert json.loads(answer.body)["query"] == asked


CLOAKED = ["page=1;page=2", "page=1&page=2", "%70age=2", "page=1%26page=2", "page=2"]


@pytest.mark.parametrize("query", CLOAKED)
def test_a_cloaked_parameter_puts_nothing_in_the_place_of_the_plain_one(
    lab: Consumer, query: str
) -> None:
    path = f"/chosen/{unique('plain')}"
    lab.get(f"{path}?{query}")
    stored(lab, f"{path}?{query}")
    plain = lab.get(f"{path}?page=1")
    assert not is_hit(plain)
    assert plain.json()["query"] == "page=1"


def test_unkeyed_parameters_share_one_entry(lab: Consumer, calls: Callable[[str], int]) -> None:
    path = f"/chosen/{unique('shared')}"
    stored(lab, f"{path}?page=1&utm=a")
    asked = calls(path)
    assert is_hit(lab.get(f"{path}?utm=b&page=1"))
    assert not is_hit(lab.get(f"{path}?page=2&utm=a"))
    assert calls(path) == asked + 1


def test_a_get_with_a_body_is_a_get_without_one(lab: Consumer) -> None:
    path = f"/near/{unique('fat')}"
    first = lab.request("GET", path, content=b"page=evil")
    assert first.status_code in (200, 400), first.text
    if first.status_code == 200:
        assert first.json()["body"] == ""
    assert "evil" not in stored(lab, path).text


CONFUSED = [
    "/near/x%2f..%2fother",
    "/near/..%2fother",
    "/near/%2e%2e/near/other",
    "/near/other%5c..",
    "/near//other",
    "/near/other%00.css",
    "/near/other/.",
]


@pytest.mark.parametrize("path", CONFUSED)
def test_a_path_with_two_readings_is_refused(runtime: LocalRuntime, path: str) -> None:
    answer = send(runtime.url(LABS[0]), f"GET {path} HTTP/1.1")
    assert answer.status in (400, 404)
    assert b"; hit" not in answer.body


SUFFIXES = ["/me.css", "/me/x.js", ";.css", "%3b.css", "%23.css", "%3f.css", "/..%2fx.css"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_suffix_makes_nothing_cacheable_that_is_not(lab: Consumer, suffix: str) -> None:
    """Cache deception: a route with credentials and no `cache` stores nothing, whatever follows."""
    victim = bearer(mint())
    path = f"/protected/{unique('deceived')}{suffix}"
    for _ in range(2):
        answered = lab.get(path, headers=victim)
        assert "cache-status" not in answered.headers
    assert lab.get(path).status_code in (400, 401, 404)


def test_one_spelling_of_a_path_is_one_entry(lab: Consumer) -> None:
    own = unique("spelled")
    stored(lab, f"/near/{own}~x")
    assert is_hit(lab.get(f"/near/{own}%7Ex"))
    assert not is_hit(lab.get(f"/near/{own}%2Bx"))


def test_the_host_is_part_of_the_key(lab: Consumer) -> None:
    path = f"/near/{unique('host')}"
    stored(lab, path, headers={"host": "one.test"})
    assert not is_hit(lab.get(path, headers={"host": "other.test"}))


def whose(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["headers"]["x-request-id"])


def test_nobody_is_answered_with_what_another_caller_has_stored(lab: Consumer) -> None:
    path = f"/own/{unique('own')}"
    ada, bob = unique("ada"), unique("bob")
    of_ada = whose(stored(lab, path, headers=bearer(mint(ada))))
    of_bob = lab.get(path, headers=bearer(mint(bob)))
    assert not is_hit(of_bob)
    assert whose(of_bob) != of_ada
    again = lab.get(path, headers=bearer(mint(ada)))
    assert is_hit(again), "another token of the same caller"
    assert whose(again) == of_ada


def test_less_scopes_see_no_answer_that_more_have_stored(lab: Consumer) -> None:
    path, ada = f"/own/{unique('scoped')}", unique("ada")
    stored(lab, path, headers=bearer(mint(ada, ("roadmaps:read", "keys:admin"))))
    assert not is_hit(lab.get(path, headers=bearer(mint(ada, ("roadmaps:read",)))))


def test_without_credentials_there_is_no_hit(lab: Consumer) -> None:
    path = f"/own/{unique('anonymous')}"
    stored(lab, path, headers=bearer(mint()))
    assert lab.get(path).status_code == 401
    assert lab.get(path, headers=bearer("x.y.z")).status_code == 401


def test_a_claim_that_is_missing_keeps_everything_out(
    lab: Consumer, calls: Callable[[str], int]
) -> None:
    path = f"/of-tenant/{unique('tenant')}"
    for number in (1, 2, 3):
        answered = lab.get(path, headers=bearer(mint()))
        assert answered.headers["cache-status"] == "edge-gateway; fwd=bypass"
        assert calls(path) == number


SHAREABLE = [
    # Cache-Control of the service, whether callers share it (RFC 9111, section 3.5)
    ("", False),
    ("max-age=60", False),
    ("private, max-age=60", False),
    ("public, max-age=60", True),
    ("s-maxage=60", True),
]


@pytest.mark.parametrize(("control", "is_shared"), SHAREABLE)
def test_without_a_claim_callers_share_what_says_so(
    lab: Consumer, calls: Callable[[str], int], control: str, is_shared: bool
) -> None:
    path = f"/common/{unique('common')}"
    query = {"header": f"Cache-Control: {control}"} if control else {}
    if is_shared:
        stored(lab, path, params=query, headers=bearer(mint()))
        assert is_hit(lab.get(path, params=query, headers=bearer(mint())))
        return
    for number in (1, 2, 3):
        assert (
            "stored"
            not in lab.get(path, params=query, headers=bearer(mint())).headers["cache-status"]
        )
        assert calls(path) == number


def test_tags_of_a_service_are_not_told(lab: Consumer) -> None:
    path, query = f"/near/{unique('tags')}", {"header": "Cache-Tag: secret-plan, other"}
    assert "cache-tag" not in lab.get(path, params=query).headers
    assert "cache-tag" not in stored(lab, path, params=query).headers
