"""How old a response was when it came (RFC 9111, sections 4.2.3 and 5.1)."""

from caching.dates import parse_date
from caching.directives import delta_seconds
from messages import Headers


def age_value(headers: Headers) -> float:
    """The field Age in seconds: the first of several values; 0 where that is no number."""
    first = (headers.get("age") or "").partition(",")[0].strip(" \t")
    return delta_seconds(first)


def date_value(headers: Headers, response_time: float) -> float:
    """The field Date, or when the response came where there is none (RFC 9110, section 6.6.1)."""
    found = parse_date(headers.get("date") or "", response_time)
    return response_time if found is None else found


def corrected_initial_age(headers: Headers, request_time: float, response_time: float) -> float:
    """The larger of what Date and what Age say; the way here counts in full against the latter."""
    apparent = max(0.0, response_time - date_value(headers, response_time))
    delay = max(0.0, response_time - request_time)
    return max(apparent, age_value(headers) + delay)
