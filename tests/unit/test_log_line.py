"""A line of the log is one line, whoever reads it, and says what was to be said."""

import json

import pytest

from contract.log_line import log_line

TEXTS = {
    "letters": "Größe \U0001f5fa 漢字",
    "line ends": "a\nb\r\nc\x0bd\x0ce\x1cf\x1dg\x1eh\x85i\u2028j\u2029k",
    "terminal": "\x1b[2J\x9b31m\x07",
    "directions": "\u202eabc\u2066d\u200f",
    "a mark": "\ufeff{",
    "escapes already": "\\u2028 \\\u2028",
    "quotes": '"}\n{"level":"error"}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_one_line_with_the_same_content(text: str) -> None:
    line = log_line({"subject": text, text: 1})
    assert json.loads(line) == {"subject": text, text: 1}
    assert line.splitlines() == [line]
    assert all(character.isprintable() for character in line)


def test_what_people_write_is_left_as_it_is() -> None:
    assert log_line({"subject": TEXTS["letters"]}) == f'{{"subject":"{TEXTS["letters"]}"}}'
