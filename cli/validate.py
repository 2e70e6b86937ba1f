"""Compares plain values with a msgspec type and lists everything that does not fit.

msgspec itself stops at the first mistake and does not name the keys on the way to it. The walker
follows the same types and rules, so that where it finds nothing `msgspec.convert` succeeds; it
covers the types that the table's Structs use and refuses others with `TypeError`.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import singledispatch
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from cli.corrections import correction
from cli.wording import did_you_mean, expected, found, one_of, shortened
from cli.yaml_source import ValuePath

_Array = inspect.VarTupleType | inspect.ListType
_Container = inspect.StructType | inspect.DictType | _Array | inspect.AnyType


MAX_VIOLATIONS: Final = 200


class Violation(NamedTuple):
    """A value, or with `key` the key of it, that does not fit, and a sentence about it."""

    path: ValuePath
    message: str
    key: bool = False


def violations(value: Any, kind: Any) -> list[Violation]:
    """What keeps `value` from being of the type `kind`: the first `MAX_VIOLATIONS` mistakes."""
    return list(islice(_check(value, inspect.type_info(kind), ()), MAX_VIOLATIONS))


def _check(value: Any, shape: inspect.Type, path: ValuePath) -> Iterator[Violation]:
    match _bare(shape):
        case inspect.AnyType():
            return
        case inspect.UnionType(types=types):
            yield from _check_union(value, shape, types, path)
        case inspect.StructType() as struct:
            yield from _check_struct(value, struct, path)
        case inspect.VarTupleType() | inspect.ListType() as array:
            yield from _check_array(value, array, path)
        case inspect.DictType() as mapping:
            yield from _check_dict(value, mapping, path)
        case leaf:
            if not _fits(leaf, value):
                yield _misfit(value, shape, path)


def _misfit(value: Any, shape: inspect.Type, path: ValuePath) -> Violation:
    return Violation(path, f"expected {expected(shape)}, found {found(value)}{_hint(value, shape)}")


def _hint(value: Any, shape: inspect.Type) -> str:
    close = did_you_mean(value, _literals(shape))
    if close:
        return close
    bare = _bare(shape)
    if isinstance(value, str) and isinstance(bare, inspect.StrType):
        longest = bare.max_length
        if longest is not None and len(value) > longest:
            return f", which has {len(value)} characters, and may have {longest}"
    guess = correction(value, lambda guess: _accepts(shape, guess))
    return f"; did you mean `{guess}`?" if guess else ""


def _accepts(shape: inspect.Type, guess: Any) -> bool:
    """Whether a guess fits; nobody is told that something could be anything."""
    match _bare(shape):
        case inspect.AnyType() | inspect.DictType() | inspect.NoneType():
            return False
        case inspect.UnionType(types=types):
            return any(_accepts(member, guess) for member in types)
        case inspect.StructType(cls=kind):
            return isinstance(guess, dict) and not violations(guess, kind)
        case inspect.VarTupleType() | inspect.ListType() as array:
            least = array.min_length or 0
            return (
                isinstance(guess, list)
                and len(guess) >= least
                and all(_accepts(array.item_type, item) for item in guess)
            )
        case leaf:
            return _fits(leaf, guess)


def _literals(shape: inspect.Type) -> list[str]:
    bare = _bare(shape)
    if isinstance(bare, inspect.UnionType):
        return [name for member in bare.types for name in _literals(member)]
    return [str(value) for value in bare.values] if isinstance(bare, inspect.LiteralType) else []


def _check_union(
    value: Any, shape: inspect.Type, types: tuple[inspect.Type, ...], path: ValuePath
) -> Iterator[Violation]:
    """The member of the value's own kind says what is wrong; without one, all are named."""
    candidates = [member for member in map(_bare, types) if _is_of_kind(value, member)]
    structs = [member for member in candidates if isinstance(member, inspect.StructType)]
    if len(structs) > 1:
        yield from _check_tagged(value, structs, path)
    elif len(candidates) == 1 and isinstance(candidates[0], _Container):
        yield from _check(value, candidates[0], path)
    elif not any(_fits(member, value) for member in candidates):
        yield _misfit(value, shape, path)


def _check_tagged(
    value: dict[str, Any], structs: list[inspect.StructType], path: ValuePath
) -> Iterator[Violation]:
    field = str(structs[0].tag_field)
    by_tag = {str(struct.tag): struct for struct in structs}
    tag = value.get(field)
    if field not in value:
        yield Violation(path, f"`{field}` is missing (expected {one_of(by_tag)})")
    elif isinstance(tag, str) and tag in by_tag:
        yield from _check_struct(value, by_tag[tag], path)
    else:
        message = f"expected {one_of(by_tag)}, found {found(tag)}{did_you_mean(tag, by_tag)}"
        yield Violation((*path, field), message)


def _check_struct(value: Any, struct: inspect.StructType, path: ValuePath) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _misfit(value, struct, path)
        return
    fields = {field.encode_name: field for field in struct.fields}
    for name, field in fields.items():
        if field.required and name not in value:
            yield Violation(path, f"`{name}` is missing (expected {expected(field.type)})")
    for key, member in value.items():
        if key in fields:
            yield from _check(member, fields[key].type, (*path, key))
        elif key == struct.tag_field:
            if member != struct.tag:
                message = f"expected `{struct.tag}`, found {found(member)}"
                yield Violation((*path, key), message)
        elif struct.forbid_unknown_fields:
            unused = [name for name in fields if name not in value]
            hint = did_you_mean(key, unused) or f" (known: {', '.join(fields)})"
            message = f"there is no member `{shortened(key)}` here{hint}"
            yield Violation((*path, key), message, key=True)


def _check_array(value: Any, array: _Array, path: ValuePath) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield _misfit(value, array, path)
        return
    yield from _check_length(value, array, path)
    for position, item in enumerate(value):
        yield from _check(item, array.item_type, (*path, position))


def _check_dict(value: Any, mapping: inspect.DictType, path: ValuePath) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _misfit(value, mapping, path)
        return
    yield from _check_length(value, mapping, path)
    for key, member in value.items():
        for violation in _check(key, mapping.key_type, (*path, key)):
            yield violation._replace(key=True)
        yield from _check(member, mapping.value_type, (*path, key))


def _check_length(
    value: list[Any] | dict[str, Any], shape: _Array | inspect.DictType, path: ValuePath
) -> Iterator[Violation]:
    least, most = shape.min_length, shape.max_length
    if least is not None and len(value) < least:
        yield Violation(path, f"expected at least {_entries(least)}, found {found(value)}")
    if most is not None and len(value) > most:
        yield Violation(path, f"expected at most {_entries(most)}, found {len(value)}")


def _entries(number: int) -> str:
    return "one entry" if number == 1 else f"{number} entries"


@singledispatch
def _fits(leaf: inspect.Type, value: Any) -> bool:
    """Whether the leaf type takes `value`, by msgspec's strict rules."""
    raise TypeError(f"the walker does not know {leaf!r}")


@_fits.register
def _(_leaf: inspect.NoneType, value: Any) -> bool:
    return value is None


@_fits.register
def _(_leaf: inspect.BoolType, value: Any) -> bool:
    return isinstance(value, bool)


@_fits.register
def _(leaf: inspect.IntType, value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and _is_in_range(value, leaf)


@_fits.register
def _(leaf: inspect.FloatType, value: Any) -> bool:
    return _is_number(value) and _is_in_range(value, leaf)


@_fits.register
def _(leaf: inspect.StrType, value: Any) -> bool:
    return (
        isinstance(value, str)
        and (leaf.min_length is None or len(value) >= leaf.min_length)
        and (leaf.max_length is None or len(value) <= leaf.max_length)
        and (leaf.pattern is None or re.search(leaf.pattern, value) is not None)
    )


@_fits.register
def _(leaf: inspect.LiteralType, value: Any) -> bool:
    return any(value == known and type(value) is type(known) for known in leaf.values)


@_fits.register
def _(_leaf: inspect.DateTimeType, value: Any) -> bool:
    return isinstance(value, str) and _converts(value, datetime)


@_fits.register
def _(_leaf: inspect.DateType, value: Any) -> bool:
    return isinstance(value, str) and _converts(value, date)


def _converts(text: str, kind: type[date]) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_in_range(value: float, shape: inspect.IntType | inspect.FloatType) -> bool:
    return (
        (shape.ge is None or value >= shape.ge)
        and (shape.gt is None or value > shape.gt)
        and (shape.le is None or value <= shape.le)
        and (shape.lt is None or value < shape.lt)
        and (shape.multiple_of is None or value % shape.multiple_of == 0)
    )


def _is_of_kind(value: Any, shape: inspect.Type) -> bool:
    """Whether somebody who wrote `value` could have meant a `shape`."""
    match shape:
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
        case inspect.VarTupleType() | inspect.ListType():
            return isinstance(value, list)
        case inspect.AnyType():
            return True
        case _:
            return not isinstance(value, (dict, list))


def _bare(shape: inspect.Type) -> inspect.Type:
    return _bare(shape.type) if isinstance(shape, inspect.Metadata) else shape
