"""OWASP API6:2023 Unrestricted Access to Sensitive Business Flows: automation meets a limit.

What a flow is worth is the table's business: a limit by caller, networks and countries for it.
"""

from tests.consumer import Consumer, address, bearer, mint, problem, unique


def test_a_caller_is_limited_from_wherever_it_comes(lab: Consumer) -> None:
    token = bearer(mint(unique("bot")))
    path = f"/limited/by-subject/{unique('flow')}"
    codes = [lab.get(path, headers=token | address()).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_a_subscriber_with_many_addresses_is_one_client(lab: Consumer) -> None:
    network = f"2001:db8:{unique('').removeprefix('-')}:2"
    path = f"/limited/by-address/{unique('flow')}"
    codes = [
        lab.get(path, headers={"cf-connecting-ip": f"{network}:{number}::1"}).status_code
        for number in range(6)
    ]
    assert codes == [200] * 5 + [429]


def test_networks_and_countries_that_a_flow_is_not_for(lab: Consumer) -> None:
    elsewhere = {"cf-connecting-ip": "198.51.100.1"}
    problem(lab.get("/by-network/x", headers=elsewhere), 403, "client-not-allowed")
    problem(lab.get("/by-country/x", headers={"cf-ipcountry": "T1"}), 403, "client-not-allowed")
