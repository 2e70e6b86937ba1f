"""How a change of a body is shown."""

import pytest

from cli.body_diff import MAX_LINES, body_diff, body_lines, shown_body

CHANGES = [
    # before, after, lines without the positions
    ('{"a":1}', '{"a":1}', []),
    ('{"a":1,"b":2}', '{"b":2,"a":1}', []),
    ('{"a":1.10}', '{"a":1.1}', ["-  \"a\": 1.10", "+  \"a\": 1.1"]),
    ('{"a":[]}', '{"a":{}}', ["-  \"a\": []", "+  \"a\": {}"]),
    ("one", "two", ["-one", "+two"]),
    (None, "[1]", ["+[", "+  1", "+]"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "lines"), CHANGES)
def test_what_changed_is_shown(before: str | None, after: str, lines: list[str]) -> None:
    shown = [line for line in body_diff(before, after, context=0) if line[:2] != "@@"]
    assert shown == lines


def test_a_long_body_is_shown_in_part() -> None:
    shown = shown_body(str(list(range(1000))))
    assert len(shown) == MAX_LINES + 1
    assert shown[-1] == "… 942 more lines"


def test_a_deep_body_is_shown_as_it_is() -> None:
    assert body_lines("[" * 100_000)[0].startswith("[[[")
