"""If-Match on its way to the service: marks come off, whichever route put them there."""

import pytest

from tests.unit.fakes import FakeService, exchange, run
from tests.unit.test_dispatch import dispatch
from transforms.entity_tags import mark_of
from transforms.settings import TransformSettings


@pytest.mark.parametrize(
    ("sent", "at_service"),
    [
        ('"1"', '"1"'),
        ("*", "*"),
        ('"1~gw-0123abcd"', '"1"'),
        ('"1~gw-0123abcd", "2~gw-ffffffff", "3"', '"1", "2", "3"'),
        ('"1~gw-0123ABCD"', '"1~gw-0123ABCD"'),
        ('"1~gw-0123abcd-2"', '"1~gw-0123abcd-2"'),
    ],
)
def test_a_change_on_condition_of_what_was_read(sent: str, at_service: str) -> None:
    service = FakeService()
    asked = exchange("PATCH", headers={"if-match": sent})
    asked.parameters = {"id": "7"}
    run(dispatch(service)(asked))
    assert service.requests[0].headers.get("if-match") == at_service


def test_other_edits_have_another_mark() -> None:
    one, other = TransformSettings(), TransformSettings()
    assert mark_of([one]) == mark_of([other]) != mark_of([one, other])


def test_a_request_without_the_field_stays_without() -> None:
    service = FakeService()
    asked = exchange("GET")
    asked.parameters = {"id": "7"}
    run(dispatch(service)(asked))
    assert "if-match" not in service.requests[0].headers
