"""A published table is what the host compiled, and nothing that it merely says of itself."""

import msgspec
import pytest

from cli.compile_table import compile_table, load_table
from runtime.project import ROUTES
from tables.document import Unusable, identify, read_document

DOCUMENT = compile_table(ROUTES)


def test_our_own_table_can_be_published() -> None:
    assert read_document(identify(DOCUMENT), DOCUMENT) == load_table(ROUTES)


def test_what_schemas_compile_to_is_made_again() -> None:
    values = msgspec.json.decode(DOCUMENT)
    values["compiled_schemas"] = {"nodes": [], "roots": {}}
    other = msgspec.json.encode(values)
    table = read_document(identify(other), other)
    assert table.compiled_schemas == load_table(ROUTES).compiled_schemas


def test_a_schema_that_does_not_compile_is_told() -> None:
    values = msgspec.json.decode(DOCUMENT)
    values["schemas"]["title"] = {"type": "strin"}
    other = msgspec.json.encode(values)
    with pytest.raises(Unusable, match=r"schemas\.title") as refused:
        read_document(identify(other), other)
    assert refused.value.reason == "invalid"
