"""Durations and sizes mean what they say."""

from typing import Any

import msgspec
import pytest

from routing.units import (
    Duration,
    PositiveDuration,
    SizeOrUnlimited,
    seconds,
    size_in_bytes,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0s", 0), ("250ms", 0.25), ("30s", 30), ("1m30s", 90), ("1h", 3600), ("1h1m1s500ms", 3661.5)],
)
def test_durations_in_seconds(text: str, expected: float) -> None:
    assert msgspec.convert(text, Duration) == text
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0B", 0), ("12B", 12), ("64KiB", 65_536), ("2MiB", 2_097_152)]
)
def test_sizes_in_bytes(text: str, expected: int) -> None:
    assert msgspec.convert(text, SizeOrUnlimited) == text
    assert size_in_bytes(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Duration),
        ("30", Duration),
        ("1.5s", Duration),
        ("-1s", Duration),
        ("1d", Duration),
        ("1 m", Duration),
        ("1h1h1h1h1h", Duration),
        ("0s", PositiveDuration),
        ("0h0ms", PositiveDuration),
        ("1KB", SizeOrUnlimited),
        ("1", SizeOrUnlimited),
        ("Unlimited", SizeOrUnlimited),
    ],
)
def test_what_is_no_unit_is_refused(text: str, kind: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind)


def test_a_body_may_be_unlimited() -> None:
    assert msgspec.convert("unlimited", SizeOrUnlimited) == "unlimited"
