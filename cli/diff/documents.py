"""What a request and an answer should carry so that the transforms of a route have work to do."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from cli.diff.bodies import sample
from cli.dry_run.platform import Answer
from transforms.settings import TransformSettings

_PLACEHOLDER: Final = re.compile(r"\$\{(header|query)\.([A-Za-z0-9_-]{1,100})")
_JSON: Final = ("content-type", "application/json")
_ERROR_STATUS: Final = 422

Chain = Sequence[TransformSettings]


class Documents(NamedTuple):
    """Bodies, fields and parameters that some transforms look at."""

    request: Any
    response: Any
    errors: Any
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    answer_headers: tuple[tuple[str, str], ...]

    def body(self) -> bytes:
        """The body of a request, as JSON."""
        return msgspec.json.encode(self.request)

    def answers(self) -> list[Answer]:
        """A success, and an error where errors are transformed."""
        fields = (_JSON, *self.answer_headers)
        answers = [Answer(200, fields, msgspec.json.encode(self.response))]
        if self.errors != {}:
            answers.append(Answer(_ERROR_STATUS, fields, msgspec.json.encode(self.errors)))
        return answers


NONE: Final = Documents({}, {}, {}, (), (), ())


def documents(chain: Chain) -> Documents:
    """What the transforms of a route look at; `chain` is in the order of requests."""
    back = list(reversed(chain))
    plain = [msgspec.to_builtins(transform) for transform in chain]
    placeholders = set(_PLACEHOLDER.findall(msgspec.json.encode(plain).decode()))
    looked_up = [(kind, name) for kind, name in sorted(placeholders)]
    headers = [name for kind, name in looked_up if kind == "header"]
    query = [name for kind, name in looked_up if kind == "query"]
    for transform in plain:
        headers += _names(transform, "request", "headers")
        query += _names(transform, "request", "query")
    answer = [name for one in plain for name in _names(one, "response", "headers")]
    return Documents(
        sample([operation for one in chain for operation in one.request.json]),
        sample([operation for one in back for operation in one.response.json]),
        sample([operation for one in back for operation in one.errors.json]),
        tuple((name.lower(), f"some-{name.lower()}") for name in dict.fromkeys(headers)),
        tuple((name, f"some-{name}") for name in dict.fromkeys(query)),
        tuple((name.lower(), f"some-{name.lower()}") for name in dict.fromkeys(answer)),
    )


def merged(all_of: Sequence[Documents]) -> Documents:
    """What several chains look at together."""
    if not all_of:
        return NONE
    first, *others = all_of
    for other in others:
        if other != first:
            first = Documents(*map(_merged, first, other))
    return first


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(dict(one + other).items())
    if isinstance(one, dict) and isinstance(other, dict):
        both = {**other, **one}
        return {
            name: _merged(value, other[name]) if name in one and name in other else value
            for name, value in both.items()
        }
    if isinstance(one, list) and isinstance(other, list) and one and other:
        return [_merged(one[0], other[0])]
    return one if one not in ({}, []) else other


def _names(transform: dict[str, Any], direction: str, part: str) -> Iterator[str]:
    """Names that operations on fields or parameters look up."""
    for operation in transform.get(direction, {}).get(part, ()):
        if isinstance(operation, dict) and isinstance(operation.get("name"), str):
            yield operation["name"]
