"""OWASP API10:2023 Unsafe Consumption of APIs: what services answer is not believed either."""

from tests.consumer import Consumer, problem, unique

JSON = "header=Content-Type:%20application/json"


def test_a_service_cannot_speak_for_the_gateway(lab: Consumer) -> None:
    says = "&".join(
        f"header={field}"
        for field in (
            *(
                "Gateway-Identity:%20root",
                "X-Request-Id:%20mine",
                "Access-Control-Allow-Origin:%20*",
            ),
            *("Content-Security-Policy:%20x", "X-Powered-By:%20y", "Connection:%20close"),
        )
    )
    fields = lab.get(f"/pages/x?{says}").headers
    assert "gateway-identity" not in fields
    assert fields["x-request-id"] != "mine"
    assert "access-control-allow-origin" not in fields
    assert fields["content-security-policy"].startswith("default-src")


def test_json_that_is_none_does_not_pass_a_transform(lab: Consumer) -> None:
    for body in ("{", "[" * 300 + "]" * 300, '{"new":NaN}'):
        response = lab.get("/transformed/x", params={"body": body})
        problem(response, 502, "upstream-invalid")


def test_an_answer_of_any_size_is_not_read(lab: Consumer) -> None:
    response = lab.get(f"/transformed/x?size={3 << 20}&{JSON}")
    problem(response, 502, "upstream-invalid")


def test_a_service_that_sets_cookies_is_not_cached(lab: Consumer) -> None:
    path = f"/cached/{unique('cookie')}?header=Set-Cookie:%20session=1"
    for _ in range(2):
        assert "hit" not in lab.get(path).headers["cache-status"]


def test_a_slow_service_is_given_up(lab: Consumer) -> None:
    problem(lab.get("/hasty/x?delay=5000"), 504, "upstream-timeout")
