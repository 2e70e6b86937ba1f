"""Security headers over HTTP, and no word about the software behind the gateway."""

import pytest

from tests.consumer import Consumer, unique

HAS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@pytest.mark.parametrize(
    "path",
    [
        "/echo/x",
        "/echo/x?status=500",
        "/cached/{}",
        "/remote/x",
        "/protected/x",
        "/nothing",
        "/healthz",
    ],
)
def test_every_answer_has_them_once(lab: Consumer, path: str) -> None:
    path = path.format(unique("security"))
    for _ in range(2):  # the second one out of the cache
        response = lab.get(path)
        assert {name: response.headers.get_list(name) for name in HAS} == {
            name: [value] for name, value in HAS.items()
        }
        assert "strict-transport-security" not in response.headers  # this is http


@pytest.mark.parametrize("path", ["/echo/x", "/cached/{}", "/remote/x", "/transformed/x"])
def test_no_service_says_what_it_is_made_of(lab: Consumer, path: str) -> None:
    path = path.format(unique("banner"))
    query = "?header=Server: x/1.0&header=X-Powered-By: y/2.0&header=Via: 1.1 z&header=X-Own: 1"
    for _ in range(2):
        response = lab.get(path + query)
        assert response.headers["x-own"] == "1"
        assert not {"server", "x-powered-by", "via"} & set(response.headers)
