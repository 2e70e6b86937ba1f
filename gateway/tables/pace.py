"""How often an isolate looks for changes, and how long a request may wait for that."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from routing.units import DURATION_PATTERN, seconds

_LONGEST: Final = 3600.0


class Pace(NamedTuple):
    """All in seconds."""

    max_age: float = 5.0
    """T: what was seen longer ago is looked at again before anything is answered by it. With 0
    every request looks."""
    deadline: float = 0.3
    """What such a request waits at most."""
    first_deadline: float = 1.0
    """The same for the first request of an isolate, which knows nothing but the built-in table."""

    @property
    def background_from(self) -> float:
        """From this age on an isolate looks behind an answer, so that a busy one never waits."""
        return self.max_age / 2

    @property
    def background_deadline(self) -> float:
        """What such a look takes at most: it is over before a request would have to wait."""
        return self.max_age / 2


def pace_of(max_age: Any, deadline: Any, complain: Callable[[str], None]) -> Pace:
    """The pace that two variables of wrangler.toml ask for, such as `5s` and `300ms`.

    One that is not set, or is no duration, leaves the usual value; the latter is complained about.
    """
    usual = Pace()
    longest = _duration("TABLES_MAX_AGE", max_age, usual.max_age, complain)
    wait = _duration("TABLES_DEADLINE", deadline, usual.deadline, complain)
    return Pace(longest, wait, max(wait, usual.first_deadline))


def _duration(name: str, text: Any, usual: float, complain: Callable[[str], None]) -> float:
    if text is None:
        return usual
    if isinstance(text, str) and re.search(DURATION_PATTERN, text):
        value = seconds(text)
        if value <= _LONGEST:
            return value
    complain(f"{name}: expected a duration such as 5s, at most 1h, found {str(text)[:40]!r}")
    return usual
