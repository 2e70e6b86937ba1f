"""CORS over HTTP, as browsers speak it; a real one is in tests/browser."""

import pytest

from tests.consumer import Consumer, problem

PAGE = "http://allowed.test:8000"
ASKS = {"access-control-request-method": "PUT", "access-control-request-headers": "content-type"}


def test_a_preflight_is_answered_at_the_edge(lab: Consumer) -> None:
    response = lab.options("/pages-protected/x", headers={"origin": PAGE, **ASKS})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == PAGE
    assert response.headers["access-control-allow-headers"] == "Authorization, Content-Type, X-Own"
    assert response.headers["access-control-max-age"] == "300"
    assert "access-control-request-headers" in response.headers["vary"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PAGE}, {PAGE}"])
def test_a_preflight_of_another_page_is_refused(lab: Consumer, origin: str) -> None:
    response = lab.options("/pages/x", headers={"origin": origin, **ASKS})
    problem(response, 403, "origin-not-allowed")
    assert not [name for name in response.headers if name.startswith("access-control-")]


def test_answers_and_problems_can_be_read(lab: Consumer) -> None:
    headers = {"origin": "https://a.example.com"}
    for path, status in (
        ("/pages/x", 200),
        ("/pages/x?status=500", 500),
        ("/pages-protected/x", 401),
    ):
        response = lab.get(path, headers=headers)
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "https://a.example.com"
        assert response.headers["access-control-expose-headers"] == "X-Request-Id, RateLimit"
        assert "origin" in response.headers["vary"].lower()


def test_what_the_service_says_of_origins_is_not_heard(lab: Consumer) -> None:
    says = "/pages/x?header=Access-Control-Allow-Origin: *"
    response = lab.get(says, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in response.headers
    allowed = lab.get(says, headers={"origin": PAGE})
    assert allowed.headers.get_list("access-control-allow-origin") == [PAGE]


def test_a_stored_answer_is_anybodys(lab: Consumer) -> None:
    for _ in range(2):
        response = lab.get("/pages-for-anybody/cors", headers={"origin": PAGE})
        assert response.headers.get_list("access-control-allow-origin") == ["*"]
