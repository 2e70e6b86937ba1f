"""What an unsafe request makes untrue of what is stored (RFC 9111, section 4.4)."""

from typing import Final
from urllib.parse import urljoin, urlsplit

from messages import Headers

SAFE: Final = frozenset(
    {"GET", "HEAD", "OPTIONS", "PROPFIND", "QUERY", "REPORT", "SEARCH", "TRACE"}
)
"""Methods that change nothing (RFC 9110, section 9.2.1, and IANA's registry). Any other may."""

_MAX_URL: Final = 8192


def invalidates(method: str, status: int) -> bool:
    """Whether an answer of this status to this method says that something has changed."""
    return method not in SAFE and 200 <= status < 400


def invalidated(url: str, headers: Headers) -> list[str]:
    """The absolute URIs that are no longer what they were after an unsafe request to `url`: that
    one, and those that Location and Content-Location name, where they are of the same origin."""
    found = [url.partition("#")[0]]
    for name in ("location", "content-location"):
        value = headers.get(name)
        if value is None or len(value) > _MAX_URL:
            continue
        try:
            target = urljoin(url, value.strip()).partition("#")[0]
            is_same = _origin(target) == _origin(url)
        except ValueError:
            continue
        if is_same and target not in found:
            found.append(target)
    return found


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
