"""Which of several backends a request gets: at random by weight, or always the same for a client.

Sticky choices are weighted rendezvous hashing: every backend draws a number from a hash of route,
client and its own name, and the one that draws the lowest for its weight has the client. So where
one backend's weight grows, clients move to it and nowhere else, and nothing is kept anywhere.
"""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


class Choice:
    """Chooses among `names`, which are different, in proportion to `weights`, not all of them 0."""

    def __init__(self, route: str, names: Sequence[str], weights: Sequence[int]) -> None:
        """Raises `ValueError` where all weights are 0."""
        self._sums = list(accumulate(weights))
        if not self._sums or self._sums[-1] == 0:
            raise ValueError("no backend has a weight: the table was not checked")
        self._drawing = [
            (position, f"{route}\0{name}\0".encode(), weight)
            for position, (name, weight) in enumerate(zip(names, weights, strict=True))
            if weight
        ]

    def at_random(self, chance: float, tried: Sequence[int] = ()) -> int:
        """The position of a backend; `chance` is a random number from [0, 1). None of those in
        `tried`, unless they are all."""
        if tried:
            left = [(one, weight) for one, _, weight in self._drawing if one not in tried]
            if left:
                sums = list(accumulate(weight for _, weight in left))
                return left[bisect_right(sums, chance * sums[-1])][0]
        return bisect_right(self._sums, chance * self._sums[-1])

    def for_client(self, value: str) -> int:
        """The position of the backend of the client that is known by `value`."""
        client = value.encode("utf-8", "surrogatepass")
        best, lowest = 0, math.inf
        for position, salt, weight in self._drawing:
            drawn = -math.log(_fraction(salt + client)) / weight
            if drawn < lowest:
                best, lowest = position, drawn
        return best


def _fraction(text: bytes) -> float:
    """A number from (0, 1] that `text` decides."""
    number = int.from_bytes(hashlib.sha256(text).digest()[:7]) >> 3
    return (number + 1) / (1 << 53)
