"""JSON documents that a transform has something to do with: made backwards from its operations.

The last operation asks for what it would find; each one before it says where that came from. So the
document has every member that any operation looks at, under the name that it has at the beginning.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from transforms.pointer import MISSING, Pointer

_CASTS: Final = {"string": 1, "integer": "1", "number": "1.5", "boolean": "true"}
"""What can be cast, by what it is to be cast to."""


def sample(operations: Iterable[Any]) -> Any:
    """A document for `operations` (settings of body operations), in the form they begin with."""
    return _before(_plain(operations), {})


def _plain(operations: Iterable[Any]) -> Sequence[Mapping[str, Any]]:
    plain: list[dict[str, Any]] = msgspec.to_builtins(list(operations))
    return plain


def _before(operations: Sequence[Mapping[str, Any]], document: Any) -> Any:
    """A document that becomes about `document` when `operations` are done to it."""
    for operation in reversed(operations):
        document = _undo(operation, document)
    return document


def _undo(operation: Mapping[str, Any], document: Any) -> Any:
    path = operation.get("path", operation.get("from"))
    if not isinstance(path, str):
        return document
    place = Pointer(path)
    there = place.get(document) if place.tokens else document
    match operation["op"]:
        case "rename" | "move":
            value = _target(operation, place).take(document)
            return _put(document, place, _something(value, place))
        case "add" | "default":
            place.take(document)
            return document
        case _:
            return _put(document, place, _found(operation, there, place))


def _found(operation: Mapping[str, Any], there: Any, place: Pointer) -> Any:
    """What `operation` would find at `place` to leave about `there` behind."""
    match operation["op"]:
        case "each":
            inner = there[0] if isinstance(there, list) and there else {}
            found: Any = [_before(operation["do"], inner)]
        case "wrap":
            inner = there.get(operation["key"]) if isinstance(there, dict) else None
            found = _something(inner, place)
        case "unwrap":
            found = {operation["key"]: _something(there, place)}
        case "cast":
            found = _CASTS.get(operation.get("to", ""), "1")
        case "append":
            found = []
        case _:
            values = operation.get("values")
            found = next(iter(values)) if values else _something(there, place)
    return found


def _target(operation: Mapping[str, Any], place: Pointer) -> Pointer:
    if operation["op"] == "move":
        return Pointer(operation["to"])
    target = Pointer("")
    target.tokens = [*place.tokens[:-1], operation["to"]]
    return target


def _something(value: Any, place: Pointer) -> Any:
    """What stands there, or else a text."""
    if value is MISSING or value is None or value == {}:
        return f"some {place.tokens[-1]}" if place.tokens else {}
    return value


def _put(document: Any, place: Pointer, value: Any) -> Any:
    """Put `value` there; whatever blocks the way makes room."""
    if not place.tokens:
        return value
    parent = document if isinstance(document, dict) else {}
    document = parent
    for token in place.tokens[:-1]:
        child = parent.get(token)
        if not isinstance(child, dict):
            child = parent[token] = {}
        parent = child
    parent[place.tokens[-1]] = value
    return document
