"""OWASP API1:2023 Broken Object Level Authorization: nobody gets at objects in another's name.

Which objects a caller may see is the service's decision; the gateway's part is that the identity it
decides by is the verified one, whatever a request says.
"""

import pytest

from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.identified import caller_in

CLAIMS = [
    {"gateway-identity": '{"subject":"victim","kind":"token"}'},
    {"Gateway-Identity": '{"subject":"victim"}', "connection": "close, gateway-identity"},
    {"x-user-id": "victim", "gateway-subject": "victim"},
]


@pytest.mark.parametrize("fields", CLAIMS)
def test_the_subject_is_that_of_the_credential(lab: Consumer, fields: dict[str, str]) -> None:
    subject = unique("attacker")
    response = lab.get("/protected/victims-object", headers=bearer(mint(subject)) | fields)
    told = response.json()["headers"]
    assert caller_in(told["gateway-identity"], "ORIGIN")["sub"] == subject
    assert not [name for name in told if name.startswith("gateway-") and name[8:] != "identity"]


def test_a_path_is_not_led_to_another_callers_object(lab: Consumer) -> None:
    headers = bearer(mint("attacker"))
    for page in ("../victim", "..%2fvictim", "victim-1/../x"):
        response = lab.get(f"/reshaped/7?page={page}", headers=headers)
        if response.status_code == 200:
            assert response.json()["path"].startswith("/for/attacker/")
            assert response.json()["path"].count("/") == 3


def test_identifiers_that_nobody_has_are_not_told_from_those_of_others(api: Consumer) -> None:
    for identifier in ("rm_0", "' OR '1'='1", "%00", "..%2f..%2fetc%2fpasswd"):
        response = api.get(f"/v2/roadmaps/{identifier}")
        assert response.status_code in (400, 404)
    problem(api.get("/v2/roadmaps/rm_nobodys"), 404, "not-found")
