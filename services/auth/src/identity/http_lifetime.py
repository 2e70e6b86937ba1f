"""How long a fetched document may be used (RFC 9111, section 4.2), within limits of ours."""

import email.utils
import re
from collections.abc import Mapping
from typing import Final

SHORTEST: Final = 60
LONGEST: Final = 86_400
USUAL: Final = 300
"""Seconds: the least and the most that is granted, and what holds where the answer says nothing."""

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,10})", re.IGNORECASE)


def lifetime(headers: Mapping[str, str], now: float) -> int:
    """Seconds from `now`; the names of `headers` are in lower case."""
    control = headers.get("cache-control", "")
    if re.search(r"(?:^|[\s,])no-(?:store|cache)", control, re.IGNORECASE):
        return SHORTEST
    found = _MAX_AGE.search(control)
    if found:
        age = headers.get("age", "0")
        seconds = int(found[1]) - (int(age) if age.isascii() and age.isdigit() else 0)
    elif "expires" in headers:
        try:
            seconds = int(email.utils.parsedate_to_datetime(headers["expires"]).timestamp() - now)
        except (ValueError, OverflowError):
            seconds = 0
    else:
        seconds = USUAL
    return min(max(seconds, SHORTEST), LONGEST)
