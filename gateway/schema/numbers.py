"""Numbers as JSON Schema sees them: 1 is 1.0, true is none, multiples are exact.

Bodies come with `int` and `Decimal`. A Decimal may have an exponent of a million digits, so nothing
here writes one out.
"""

from decimal import Decimal
from typing import Any, Final

MAX_DIGITS: Final = 1000
"""Digits of a number up to which multiples are looked at."""

Number = int | Decimal


def exact(value: float) -> Number:
    """A number of a schema as it was written."""
    return value if isinstance(value, int) else Decimal(repr(value))


def is_integer(value: Decimal) -> bool:
    """Whether there is nothing behind the point."""
    return value == value.to_integral_value()


def is_multiple(value: Number, of: Number) -> bool | None:
    """Whether `value` divided by `of`, above zero, is an integer; None for too many digits."""
    digits, exponent = _parts(value)
    unit, unit_exponent = _parts(of)
    if digits is None or unit is None:
        return None
    shift = exponent - unit_exponent
    if digits == 0:
        return True
    if shift >= 0:
        remainder: int = digits * pow(10, shift, unit) % unit
        return remainder == 0
    if -shift > MAX_DIGITS:
        return False  # the digits are fewer than the power of ten that they would have to hold
    power: int = 10**-shift
    return digits % (unit * power) == 0


def _parts(value: Number) -> tuple[int | None, int]:
    """Digits without sign, and the power of ten behind them."""
    if isinstance(value, int):
        return (abs(value), 0) if value.bit_length() <= MAX_DIGITS * 3 else (None, 0)
    _, digits, exponent = value.as_tuple()
    if len(digits) > MAX_DIGITS or not isinstance(exponent, int):
        return None, 0
    return int("".join(map(str, digits))), exponent


def is_number(value: Any) -> bool:
    """Whether it is one in JSON."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
