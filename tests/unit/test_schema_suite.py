"""The official suite of JSON Schema 2020-12: everything passes but what is refused on purpose."""

import re

from runtime.toolchain import ROOT
from schema.formats import FORMATS as FORMAT_TESTS
from schema.keywords import KNOWN
from tests.schema_suite import FORMATS, Outcome, groups, markdown, outcomes

REFUSED_FILES = {
    # file: why
    "vocabulary.json": "expected the dialect",
    "optional/cross-draft.json": "there is no schema",
    "optional/dependencies-compatibility.json": "`dependencies` is of older drafts",
    "optional/ecmascript-regex.json": "properties of characters",
    "optional/format-assertion.json": "expected the dialect",
}
UNCHECKED_FORMATS = {
    *("ecmascript-regex", "idn-email", "idn-hostname", "iri", "iri-reference", "regex"),
    *("unknown", "uri-template"),
}


def test_every_test_passes_or_its_schema_is_refused_on_purpose() -> None:
    found = {outcome.file: outcome for outcome in outcomes()}
    assert [failure for outcome in found.values() for failure in outcome.failed] == []
    assert sum(outcome.passed for outcome in found.values()) >= 1700
    refused = {name: outcome for name, outcome in found.items() if outcome.refused}
    formats = {f"{FORMATS}{name}.json" for name in UNCHECKED_FORMATS}
    assert refused.keys() == REFUSED_FILES.keys() | formats
    for name, outcome in refused.items():
        reason = "is not checked" if name in formats else REFUSED_FILES[name]
        assert all(reason in why for why in reasons(outcome)), name


def reasons(outcome: Outcome) -> list[str]:
    return [why for _, why, _ in outcome.refused]


def test_numbers_keep_the_form_that_the_suite_gives_them() -> None:
    documents = {document for group in groups() for _, document, _ in group.tests}
    assert {b"1.0", b"1", b"1e308"} <= documents


def test_the_page_shows_what_came_out() -> None:
    page = (ROOT / "docs" / "json-schema.md").read_text(encoding="utf-8")
    shown = page.partition("<!-- suite -->\n")[2]
    assert shown == markdown(outcomes()), "run: python -m tests.schema_suite --markdown"


def test_the_page_names_every_keyword_and_format() -> None:
    page = (ROOT / "docs" / "json-schema.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([$A-Za-z0-9-]+)`", page.partition("## What a check may cost")[0]))
    assert KNOWN - {"format"} <= told
    assert FORMAT_TESTS.keys() <= told
