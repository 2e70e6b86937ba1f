"""OWASP API8:2023 Security Misconfiguration: safe without being asked, and silent about itself."""

import pytest

from tests.consumer import Consumer, problem

PATHS = ["/v2/statistics", "/v2/roadmaps", "/nothing", "/healthz", "/problems/not-found"]


@pytest.mark.parametrize("path", PATHS)
def test_security_headers_are_everywhere(anonymous: Consumer, path: str) -> None:
    fields = anonymous.get(path).headers
    assert fields["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in fields["content-security-policy"]
    assert fields["x-frame-options"] == "DENY"
    assert not {"server", "x-powered-by"} & set(fields)


@pytest.mark.parametrize("path", PATHS)
def test_no_other_origin_reads_without_a_policy(anonymous: Consumer, path: str) -> None:
    for origin in ("https://evil.example", "null"):
        fields = anonymous.get(path, headers={"origin": origin}).headers
        assert not [name for name in fields if name.startswith("access-control-")]


@pytest.mark.parametrize("fault", ["throw", "hang"])
def test_errors_tell_nothing_of_the_inside(lab: Consumer, fault: str) -> None:
    response = lab.get(f"/hasty/x?fault={fault}")
    assert response.status_code in (502, 504)
    for word in ("Traceback", "workerd", ".py", "at Object", "the origin threw"):
        assert word not in response.text


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS"])
def test_methods_that_are_for_nobody(anonymous: Consumer, method: str) -> None:
    response = anonymous.request(method, "/v2/statistics", headers={"x-secret": "1"})
    assert "x-secret" not in response.text
    if method == "TRACE":
        problem(response, 405, "method-not-allowed")


def test_injections_into_header_fields_stay_text(lab: Consumer) -> None:
    injected = "/echo/x?header=X-Own:%20a%250d%250aSet-Cookie:%20b"
    assert "set-cookie" not in lab.get(injected).headers
