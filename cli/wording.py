"""Types and values in the words of somebody who writes a table, for messages of the form
"expected …, found …"."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import singledispatch
from typing import Any

from msgspec import inspect

from cli.yaml_scalars import plain_scalar

_LONGEST = 60
"""Characters of a value that a message repeats."""


@singledispatch
def expected(shape: inspect.Type) -> str:
    """What `shape` is. Raises `TypeError` for types that no table uses."""
    raise TypeError(f"no words for {shape!r}")


@expected.register
def _(shape: inspect.Metadata) -> str:
    description = str((shape.extra_json_schema or {}).get("description", ""))
    if not description:
        return expected(shape.type)
    return description[0].lower() + description[1:].rstrip(".")


@expected.register
def _(_shape: inspect.AnyType) -> str:
    return "any value"


@expected.register
def _(shape: inspect.UnionType) -> str:
    # "or null" is true, but nobody writes it: a member that is not wanted is left out.
    named = [member for member in shape.types if not isinstance(member, inspect.NoneType)]
    return " or ".join(dict.fromkeys(_expected_member(member) for member in named))


def _expected_member(shape: inspect.Type) -> str:
    """Structs that a tag tells apart have that in common, and more than that is too much to say."""
    if isinstance(shape, inspect.StructType) and shape.tag_field is not None:
        return f"a mapping with `{shape.tag_field}`"
    return expected(shape)


@expected.register
def _(shape: inspect.StructType) -> str:
    required = [field.encode_name for field in shape.fields if field.required]
    names = required or [field.encode_name for field in shape.fields]
    return f"a mapping with {', '.join(f'`{name}`' for name in names)}"


@expected.register
def _(_shape: inspect.DictType) -> str:
    return "a mapping of names"


@expected.register
def _(_shape: inspect.VarTupleType | inspect.ListType) -> str:
    return "a list"


@expected.register
def _(shape: inspect.LiteralType) -> str:
    return one_of(str(value) for value in shape.values)


@expected.register
def _(shape: inspect.IntType) -> str:
    return f"a whole number{_range(shape)}"


@expected.register
def _(shape: inspect.FloatType) -> str:
    return f"a number{_range(shape)}"


@expected.register
def _(_shape: inspect.BoolType) -> str:
    return "true or false"


@expected.register
def _(_shape: inspect.NoneType) -> str:
    return "null"


@expected.register
def _(_shape: inspect.DateTimeType) -> str:
    return "a date and time such as 2026-06-01T00:00:00Z"


@expected.register
def _(_shape: inspect.DateType) -> str:
    return "a date such as 2026-06-01"


@expected.register
def _(shape: inspect.StrType) -> str:
    if shape.pattern is not None:
        return f"a text that matches {shape.pattern}"
    return "a text that is not empty" if shape.min_length else "a text"


def _range(shape: inspect.IntType | inspect.FloatType) -> str:
    if shape.ge is not None and shape.le is not None:
        return f" from {shape.ge} to {shape.le}"
    bounds = (
        ("of at least", shape.ge),
        ("above", shape.gt),
        ("at most", shape.le),
        ("below", shape.lt),
        ("divisible by", shape.multiple_of),
    )
    words = [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
    return " " + " and ".join(words) if words else ""


def found(value: Any) -> str:
    """What `value` is, itself where it is short."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number {value}"
        case str():
            kind = "" if _is_text_without_quotes(value) else "the text "
            return f"{kind}`{shortened(value)}`" if value else "an empty text"
        case list() | dict():
            empty = "" if value else "n empty"
            return f"a{empty} {'list' if isinstance(value, list) else 'mapping'}"
        case _:
            raise TypeError(f"no words for {value!r}")


def _is_text_without_quotes(text: str) -> bool:
    try:
        return isinstance(plain_scalar(text), str)
    except ValueError:
        return False


def shortened(text: str) -> str:
    """`text` in one line of bounded length."""
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 3] + "..."
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def one_of(names: Iterable[str]) -> str:
    """The names in quotes, one of which was expected."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"


def did_you_mean(value: Any, known: Collection[str]) -> str:
    """The known name that is nearest to `value`, as the end of a message; empty if none is near."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return ""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(value.lower(), by_lower, n=1)
    return f"; did you mean `{by_lower[close[0]]}`?" if close and value not in known else ""
