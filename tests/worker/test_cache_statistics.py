"""Statistics of the cache: every isolate's requests are in the sums, and soon."""

from collections.abc import Callable
from typing import Any

import pytest

from cli.main import main
from runtime.local import LocalRuntime
from tests.consumer import SECRETS, Consumer, Operator, admin_url, mint, unique
from tests.eventually import eventually
from tests.plan import LABS


def of_route(operator: Operator, route: str) -> dict[str, Any]:
    said = operator.get("/-/cache/stats", params={"hours": "48"}).json()
    nothing = {"requests": 0, "outcomes": {}, "tiers": {}, "bytes_saved": 0}
    found = [one for one in said["routes"] if one["route"] == route]
    return found[0] if found else nothing


def test_all_isolates_are_in_the_sums(
    runtime: LocalRuntime, capsys: pytest.CaptureFixture[str]
) -> None:
    host = {"host": "statistics.test"}
    path = f"/v2/cached/{unique('x')}?body=0123456789"
    with (
        Operator(runtime.url(LABS[0]), "gateway:status") as operator,
        Consumer(runtime.url(LABS[0])) as first,
        Consumer(runtime.url(LABS[1])) as second,
    ):
        before = of_route(operator, "cached")

        def gained(outcome: str) -> int:
            now = of_route(operator, "cached")
            return int(now["outcomes"].get(outcome, 0) - before["outcomes"].get(outcome, 0))

        first.get(path, headers=host)
        eventually(lambda: "; hit" in second.get(path, headers=host).headers["cache-status"])
        first.get(path, headers=host)
        first.post(path, headers=host)
        eventually(lambda: gained("miss") >= 1 and gained("hit") >= 2 and gained("bypass") >= 1, 30)
        after = of_route(operator, "cached")
        assert after["bytes_saved"] >= before["bytes_saved"] + 20
        assert sum(after["tiers"].values()) > sum(before["tiers"].values())
    token = mint("", ("gateway:status",))
    SECRETS.add(token)
    remote = ["--url", admin_url(runtime.url(LABS[2])), "--token", token]
    assert main(["cache", "stats", *remote]) == 0
    assert "cached" in capsys.readouterr().out
    assert main(["cache", "stats", *remote, "--hours", "49"]) == 1
    assert "from 1 to 48" in capsys.readouterr().err


def test_a_request_is_explained_and_nothing_is_asked(
    runtime: LocalRuntime, calls: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    host, path = "explain.test", f"/cached/{unique('x')}"
    with (
        Operator(runtime.url(LABS[0]), "gateway:status") as operator,
        Consumer(runtime.url(LABS[0]), {"host": host}) as client,
    ):

        def explained() -> dict[str, Any]:
            query = {"url": f"http://{host}/v2{path}"}
            said: dict[str, Any] = operator.get("/-/cache/explain", params=query).json()
            return said

        assert (explained()["outcome"], calls(path)) == ("miss", 0)
        client.get(f"/v2{path}")
        eventually(lambda: "; hit" in client.get(f"/v2{path}").headers["cache-status"])
        asked, said = calls(path), explained()
        assert (said["outcome"], said["route"], said["version"]) == ("hit", "cached", "v2")
        assert 0 < said["stored"]["fresh_until"] - said["stored"]["came_at"] <= 60
        assert calls(path) == asked
    token = mint("", ("gateway:status",))
    SECRETS.add(token)
    remote = ["--url", admin_url(runtime.url(LABS[0])), "--token", token]
    assert main(["cache", "explain", *remote, f"http://{host}/v2{path}"]) == 0
    assert capsys.readouterr().out.startswith("hit: fresh for ")


def test_warming_has_answers_stored(
    runtime: LocalRuntime, lab: Consumer, capsys: pytest.CaptureFixture[str]
) -> None:
    own = unique("x")
    urls = [f"{runtime.url(LABS[0])}/v2/cached/{own}?{number}" for number in range(20)]
    assert main(["cache", "warm", *urls]) == 0
    assert capsys.readouterr().out == "20 URLs: 20 stored\n"
    eventually(lambda: "; hit" in lab.get(f"/v2/cached/{own}?19").headers["cache-status"])
    assert main(["cache", "warm", f"{runtime.url(LABS[0])}/v2/echo/{own}"]) == 1


def test_only_operators_see_them(runtime: LocalRuntime) -> None:
    with Operator(runtime.url(LABS[0]), "gateway:purge") as operator:
        assert operator.get("/-/cache/stats").status_code == 403
