"""What `format` checks where a route asks for it: a fixed set, each by the grammar of its RFC.

Without being asked for, `format` is a note, as JSON Schema 2020-12 has it. Every test takes linear
time. Internationalised names (`idn-email`, `iri`) are not among them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import AddressValueError, IPv6Address
from typing import Final

Accepts = Callable[[str], bool]

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DURATION: Final = re.compile(
    r"P(?:[0-9]+W|(?=[0-9T])"
    r"(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)?"
    r"(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)"
)
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_IPV4: Final = re.compile(
    r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}", re.ASCII
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED: Final = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"')
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PERCENT: Final = r"%[0-9A-Fa-f]{2}"
_UNRESERVED: Final = r"[A-Za-z0-9._~!$&'()*+,;=-]"
_PATH: Final = re.compile(rf"(?:{_UNRESERVED}|[:@/]|{_PERCENT})*")
_QUERY: Final = re.compile(rf"(?:{_UNRESERVED}|[:@/?]|{_PERCENT})*")
_USER: Final = re.compile(rf"(?:{_UNRESERVED}|:|{_PERCENT})*")
_HOST: Final = re.compile(rf"(?:{_UNRESERVED}|{_PERCENT})*")
_POINTER: Final = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
_RELATIVE_POINTER: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^/~]|~[01])*)*)")


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    """RFC 3339, section 5.6. A leap second is only at 23:59:60 UTC."""
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hour, minute, second, sign, hours, minutes = found.groups()
    if second != "60":
        return True
    offset = int(hours or 0) * 60 + int(minutes or 0)
    utc = int(hour) * 60 + int(minute) - (-offset if sign == "-" else offset)
    return utc % 1440 == 1439


def _is_date_time(text: str) -> bool:
    return text[10:11] in ("T", "t") and _is_date(text[:10]) and _is_time(text[11:])


def _is_duration(text: str) -> bool:
    """RFC 3339, appendix A."""
    return text[-1:] != "T" and len(text) > 2 and _DURATION.fullmatch(text) is not None


def _is_hostname(text: str) -> bool:
    """RFC 1123, section 2.1."""
    return len(text) <= 253 and all(
        _LABEL.fullmatch(label) and (label[2:4] != "--" or label[:2] in ("xn", "XN"))
        for label in text.split(".")
    )


def _is_email(text: str) -> bool:
    """RFC 5321, section 4.1.2."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 320 or not (_ATOMS.fullmatch(local) or _QUOTED.fullmatch(local)):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        address = domain[1:-1]
        if address[:5].lower() == "ipv6:":
            return _is_ipv6(address[5:])
        return _is_ipv4(address)
    return _is_hostname(domain)


def _is_ipv4(text: str) -> bool:
    return len(text) <= 15 and _IPV4.fullmatch(text) is not None


def _is_ipv6(text: str) -> bool:
    """RFC 4291, section 2.2; no zone."""
    if len(text) > 45 or not text.isascii() or "%" in text or "/" in text:
        return False
    try:
        IPv6Address(text)
    except (AddressValueError, ValueError):
        return False
    return True


def _is_uri(text: str) -> bool:
    """RFC 3986, section 3."""
    scheme, colon, rest = text.partition(":")
    return bool(colon) and _SCHEME.fullmatch(scheme) is not None and _is_rest(rest)


def _is_uri_reference(text: str) -> bool:
    """RFC 3986, section 4.1."""
    if _is_uri(text):
        return True
    # Else a colon in the first segment would make it a scheme.
    first = re.split("[/?#]", text, maxsplit=1)[0]
    return ":" not in first and _is_rest(text)


def _is_rest(text: str) -> bool:
    before, _, fragment = text.partition("#")
    hierarchy, _, query = before.partition("?")
    if not _QUERY.fullmatch(fragment) or not _QUERY.fullmatch(query):
        return False
    if not hierarchy.startswith("//"):
        return _PATH.fullmatch(hierarchy) is not None
    authority, slash, path = hierarchy[2:].partition("/")
    return _is_authority(authority) and _PATH.fullmatch(slash + path) is not None


def _is_authority(text: str) -> bool:
    user, at, host = text.rpartition("@")
    if at and not _USER.fullmatch(user):
        return False
    if host.startswith("["):
        address, bracket, port = host[1:].partition("]")
        if not bracket or not _is_ipv6(address) or (port and not port.startswith(":")):
            return False
        port = port[1:]
    else:
        host, _, port = host.partition(":")
        if not _HOST.fullmatch(host):
            return False
    return port == "" or (port.isascii() and port.isdigit())


def _matches(pattern: re.Pattern[str]) -> Accepts:
    return lambda text: pattern.fullmatch(text) is not None


FORMATS: Final[Mapping[str, tuple[Accepts, str]]] = {
    "date": (_is_date, "a date such as 2026-06-01"),
    "time": (_is_time, "a time such as 12:30:00Z"),
    "date-time": (_is_date_time, "a date and time such as 2026-06-01T12:30:00Z"),
    "duration": (_is_duration, "a duration such as P3DT12H"),
    "email": (_is_email, "an e-mail address"),
    "hostname": (_is_hostname, "a host name"),
    "ipv4": (_is_ipv4, "an IPv4 address"),
    "ipv6": (_is_ipv6, "an IPv6 address"),
    "uri": (_is_uri, "a URI"),
    "uri-reference": (_is_uri_reference, "a URI or a relative reference"),
    "uuid": (_matches(_UUID), "a UUID"),
    "json-pointer": (_matches(_POINTER), "a JSON Pointer"),
    "relative-json-pointer": (_matches(_RELATIVE_POINTER), "a relative JSON Pointer"),
}
"""By name: the test, and what a text should have been."""
