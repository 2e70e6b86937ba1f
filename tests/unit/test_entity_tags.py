"""If-Match on its way to the service: marks come off, whichever route of that version made them."""

import pytest

from routing.table import VersionSettings
from routing.versions import Version
from tests.unit.fakes import FakeService, exchange, run
from tests.unit.test_dispatch import dispatch
from transforms.entity_tags import mark_of
from transforms.settings import TransformSettings


@pytest.mark.parametrize(
    ("version", "sent", "at_service"),
    [
        (None, '"1"', '"1"'),
        (None, "*", "*"),
        (None, '"1~gw-0123abcd"', '"1"'),
        (None, '"1~gw-0123abcd", "2~gw-ffffffff", "3"', '"1", "2", "3"'),
        (None, '"1~gw-0123ABCD"', '"1~gw-0123ABCD"'),
        (None, '"1~gw-0123abcd-2"', '"1~gw-0123abcd-2"'),
        (None, '"1~gw-v1-0123abcd"', '"1~gw-v1-0123abcd"'),
        ("v1", '"1", "2~gw-v1-0123abcd", "3~gw-v1-ffffffff"', '"1", "2", "3"'),
        ("v1", '"1~gw-v1-0123abcd~gw-v1-ffffffff"', '"1"'),
        ("v1", '"1~gw-v2-0123abcd"', '"1~gw-v2-0123abcd"'),
        ("v1", '"1~gw-v11-0123abcd"', '"1~gw-v11-0123abcd"'),
        ("v1", '"1~gw-0123abcd"', '"1~gw-0123abcd"'),
    ],
)
def test_a_change_on_condition_of_what_was_read(
    version: str | None, sent: str, at_service: str
) -> None:
    service = FakeService()
    asked = exchange("PATCH", headers={"if-match": sent})
    asked.parameters = {"id": "7"}
    asked.version = Version(version, VersionSettings()) if version is not None else None
    run(dispatch(service)(asked))
    assert service.requests[0].headers.get("if-match") == at_service


def test_other_edits_have_another_mark() -> None:
    one, other = TransformSettings(), TransformSettings()
    assert mark_of([one]) == mark_of([other]) != mark_of([one, other])
    assert mark_of([one], "v1") == mark_of([other], "v1") != mark_of([one], "v2")


def test_a_request_without_the_field_stays_without() -> None:
    service = FakeService()
    asked = exchange("GET")
    asked.parameters = {"id": "7"}
    run(dispatch(service)(asked))
    assert "if-match" not in service.requests[0].headers
