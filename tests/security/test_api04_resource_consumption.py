"""OWASP API4:2023 Unrestricted Resource Consumption: everything that a client sends has a limit."""

from tests.consumer import Consumer, address, problem, unique


def test_large_bodies(lab: Consumer) -> None:
    problem(lab.post("/echo/x", content=b"x" * 2000), 413, "content-too-large")
    chunks = iter([b"x" * 500] * 4)  # whose length nobody has said
    problem(lab.post("/echo/x", content=chunks), 413, "content-too-large")


def test_deep_json(lab: Consumer) -> None:
    deep = b"[" * 5000 + b"]" * 5000
    response = lab.post(
        "/transformed/x", content=deep, headers={"content-type": "application/json"}
    )
    problem(response, 400, "invalid-json")


def test_many_and_large_fields(lab: Consumer) -> None:
    many = {f"x-{number}": "1" for number in range(120)}
    problem(lab.get("/echo/x", headers=many), 431, "fields-too-large")
    problem(lab.get("/echo/x", headers={"x-a": "1" * 40_000}), 431, "fields-too-large")
    problem(lab.get("/echo/x?" + "a" * 50_000), 414, "target-too-long")


def test_many_requests(lab: Consumer) -> None:
    fields = address()
    path = f"/limited/by-address/{unique('x')}"
    codes = [lab.get(path, headers=fields).status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2


def test_no_other_field_makes_a_new_client(lab: Consumer) -> None:
    fields = address()
    path = f"/limited/by-address/{unique('x')}"
    spoofed = [
        {"x-forwarded-for": f"10.9.9.{number}", "x-real-ip": f"10.9.9.{number}"}
        for number in range(6)
    ]
    codes = [lab.get(path, headers=fields | more).status_code for more in spoofed]
    assert codes == [200] * 5 + [429]


def test_large_pages(api: Consumer) -> None:
    problem(api.get("/v2/roadmaps?limit=1000000"), 400, "malformed-request")
