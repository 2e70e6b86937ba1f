"""Compares plain values with a msgspec type and lists everything that does not fit.

msgspec itself stops at the first mistake and does not name the keys on the way to it. The walker
follows the same types and rules, so that where it finds nothing `msgspec.convert` succeeds; it
covers the types that the table's Structs use and refuses others with `TypeError`.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from cli.yaml_source import ValuePath


class Violation(NamedTuple):
    """A value, or with `key` the key of it, that does not fit, and a sentence about it."""

    path: ValuePath
    message: str
    key: bool = False


def violations(value: Any, type: Any) -> list[Violation]:
    """Everything in `value` that keeps it from being a `type`, in the order of the value."""
    return list(_check(value, inspect.type_info(type), ()))


def _check(value: Any, type: inspect.Type, path: ValuePath) -> Iterator[Violation]:
    match _bare(type):
        case inspect.AnyType():
            return
        case inspect.UnionType(types=types):
            yield from _check_union(value, type, types, path)
        case inspect.StructType() as struct:
            yield from _check_struct(value, struct, path)
        case inspect.VarTupleType() | inspect.ListType() as array:
            yield from _check_array(value, type, array, path)
        case inspect.DictType() as mapping:
            yield from _check_dict(value, type, mapping, path)
        case leaf:
            if not _fits(value, leaf):
                yield Violation(
                    path, f"expected {_expected(type)}, found {found(value)}" + _close(value, leaf)
                )


def _check_union(
    value: Any, type: inspect.Type, types: tuple[inspect.Type, ...], path: ValuePath
) -> Iterator[Violation]:
    """The member of the value's own kind says what is wrong; without one, all are named."""
    candidates = [member for member in types if _same_kind(value, _bare(member))]
    structs = [
        bare for member in candidates if isinstance(bare := _bare(member), inspect.StructType)
    ]
    if len(structs) > 1:
        yield from _check_tagged(value, structs, path)
    elif len(candidates) == 1 and not _is_leaf(_bare(candidates[0])):
        yield from _check(value, candidates[0], path)
    elif not any(_fits(value, _bare(member)) for member in candidates):
        close = "".join(_close(value, _bare(member)) for member in candidates)
        yield Violation(path, f"expected {_expected(type)}, found {found(value)}{close}")


def _check_tagged(
    value: dict[str, Any], structs: list[inspect.StructType], path: ValuePath
) -> Iterator[Violation]:
    field = structs[0].tag_field
    assert field is not None  # msgspec accepts no other union of Structs
    by_tag = {str(struct.tag): struct for struct in structs}
    if field not in value:
        yield Violation(path, f"`{field}` is missing (expected {_any_of(list(by_tag))})")
        return
    tag = value[field]
    if not isinstance(tag, str) or tag not in by_tag:
        hint = _did_you_mean(tag, list(by_tag))
        message = f"expected {_any_of(list(by_tag))}, found {found(tag)}{hint}"
        yield Violation((*path, field), message)
        return
    yield from _check_struct(value, by_tag[tag], path)


def _check_struct(value: Any, struct: inspect.StructType, path: ValuePath) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, f"expected {_expected(struct)}, found {found(value)}")
        return
    fields = {field.encode_name: field for field in struct.fields}
    missing = [name for name, field in fields.items() if field.required and name not in value]
    for name in missing:
        yield Violation(path, f"`{name}` is missing (expected {_expected(fields[name].type)})")
    for key, member in value.items():
        if key in fields:
            yield from _check(member, fields[key].type, (*path, key))
        elif key == struct.tag_field:
            if member != struct.tag:
                message = f"expected `{struct.tag}`, found {found(member)}"
                yield Violation((*path, key), message)
        elif struct.forbid_unknown_fields:
            unused = [name for name in fields if name not in value]
            hint = _did_you_mean(key, unused) or f" (known: {', '.join(fields)})"
            yield Violation((*path, key), f"there is no member `{key[:60]}` here{hint}", key=True)


def _check_array(
    value: Any,
    type: inspect.Type,
    array: inspect.VarTupleType | inspect.ListType,
    path: ValuePath,
) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield Violation(path, f"expected {_expected(type)}, found {found(value)}")
        return
    yield from _check_length(value, array.min_length, array.max_length, path)
    for position, item in enumerate(value):
        yield from _check(item, array.item_type, (*path, position))


def _check_dict(
    value: Any, type: inspect.Type, mapping: inspect.DictType, path: ValuePath
) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, f"expected {_expected(type)}, found {found(value)}")
        return
    yield from _check_length(value, mapping.min_length, mapping.max_length, path)
    for key, member in value.items():
        for violation in _check(key, mapping.key_type, (*path, key)):
            yield violation._replace(key=True)
        yield from _check(member, mapping.value_type, (*path, key))


def _check_length(
    value: list[Any] | dict[str, Any], least: int | None, most: int | None, path: ValuePath
) -> Iterator[Violation]:
    if least is not None and len(value) < least:
        yield Violation(path, f"expected at least {_count(least)}, found {found(value)}")
    if most is not None and len(value) > most:
        yield Violation(path, f"expected at most {_count(most)}, found {len(value)}")


def _fits(value: Any, leaf: inspect.Type) -> bool:
    """Whether the leaf type takes `value`, by msgspec's strict rules."""
    match leaf:
        case inspect.NoneType():
            return value is None
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return _is_number(value, int) and _in_range(value, leaf)
        case inspect.FloatType():
            return _is_number(value, (int, float)) and _in_range(value, leaf)
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            return (
                isinstance(value, str)
                and (least is None or len(value) >= least)
                and (most is None or len(value) <= most)
                and (pattern is None or re.search(pattern, value) is not None)
            )
        case inspect.LiteralType(values=values):
            return any(value == known and value.__class__ is known.__class__ for known in values)
        case inspect.DateTimeType():
            return isinstance(value, str) and _is_datetime(value)
    raise TypeError(f"the walker does not know {leaf!r}")


def _is_number(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _in_range(value: float, type: inspect.IntType | inspect.FloatType) -> bool:
    return (
        (type.ge is None or value >= type.ge)
        and (type.gt is None or value > type.gt)
        and (type.le is None or value <= type.le)
        and (type.lt is None or value < type.lt)
        and (type.multiple_of is None or value % type.multiple_of == 0)
    )


def _is_datetime(text: str) -> bool:
    try:
        msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return False
    return True


def _same_kind(value: Any, type: inspect.Type) -> bool:
    """Whether a value of this kind could be meant for `type`."""
    match type:
        case inspect.AnyType():
            return True
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
        case inspect.VarTupleType() | inspect.ListType():
            return isinstance(value, list)
        case inspect.NoneType():
            return value is None
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType() | inspect.FloatType():
            return _is_number(value, (int, float))
        case _:
            return isinstance(value, str)


def _is_leaf(type: inspect.Type) -> bool:
    return not isinstance(
        type,
        (
            inspect.AnyType,
            inspect.StructType,
            inspect.DictType,
            inspect.VarTupleType,
            inspect.ListType,
        ),
    )


def _bare(type: inspect.Type) -> inspect.Type:
    return _bare(type.type) if isinstance(type, inspect.Metadata) else type


def _expected(type: inspect.Type) -> str:
    """What `type` is, in words that stand behind "expected"."""
    if isinstance(type, inspect.Metadata):
        description = str((type.extra_json_schema or {}).get("description", ""))
        if description:
            return description[0].lower() + description[1:].rstrip(".")
        return _expected(type.type)
    match type:
        case inspect.UnionType(types=types):
            # "or null" is true, but nobody writes it: a member that is not wanted is left out.
            named = [member for member in types if not isinstance(member, inspect.NoneType)]
            return " or ".join(_expected(member) for member in named)
        case inspect.StructType(fields=fields):
            names = [field.encode_name for field in fields if field.required] or [
                field.encode_name for field in fields
            ]
            return f"a mapping with {', '.join(f'`{name}`' for name in names)}"
        case inspect.DictType():
            return "a mapping of names"
        case inspect.VarTupleType() | inspect.ListType():
            return "a list"
        case inspect.LiteralType(values=values):
            return _any_of([str(value) for value in values])
        case inspect.IntType():
            return f"a whole number{_range(type)}"
        case inspect.FloatType():
            return f"a number{_range(type)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.NoneType():
            return "null"
        case inspect.DateTimeType():
            return "a date and time such as 2026-06-01T00:00:00Z"
        case inspect.StrType(min_length=least, pattern=pattern):
            if pattern is not None:
                return f"a text that matches {pattern}"
            return "a text that is not empty" if least else "a text"
    raise TypeError(f"the walker does not know {type!r}")


def _range(type: inspect.IntType | inspect.FloatType) -> str:
    if type.ge is not None and type.le is not None:
        return f" from {type.ge} to {type.le}"
    bounds = (
        ("of at least", type.ge),
        ("above", type.gt),
        ("at most", type.le),
        ("below", type.lt),
    )
    words = [f"{word} {bound}" for word, bound in bounds if bound is not None]
    return " " + " and ".join(words) if words else ""


def found(value: Any) -> str:
    """What `value` is, in words that stand behind "found"."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number {value}"
        case str():
            short = value if len(value) <= 60 else value[:57] + "..."
            return f"`{short}`" if value else "an empty text"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"


def _any_of(names: list[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    return listed if len(names) == 1 else f"one of {listed}"


def _count(number: int) -> str:
    return "one entry" if number == 1 else f"{number} entries"


def _close(value: Any, leaf: inspect.Type) -> str:
    if isinstance(leaf, inspect.LiteralType):
        return _did_you_mean(value, [str(known) for known in leaf.values])
    return ""


def _did_you_mean(value: Any, known: list[str]) -> str:
    if not isinstance(value, str) or len(value) > 100:
        return ""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(value.lower(), by_lower, n=1)
    return f"; did you mean `{by_lower[close[0]]}`?" if close else ""
