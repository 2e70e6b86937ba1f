"""A step of a route's pipeline, as it is shown."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Step(Struct):
    """A step of the pipeline and its settings."""

    name: str
    settings: Mapping[str, Any]
