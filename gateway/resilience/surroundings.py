"""What policies need of the platform that wait, or leave something to chance."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Surroundings(NamedTuple):
    """Unix seconds, a wait of so many seconds, a random number from [0, 1)."""

    clock: Callable[[], float]
    pause: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
