"""What a request asks of a cache, read in one pass over its fields."""

from typing import Final

from caching.directives import NONE, parse_directives
from messages import Headers

_READ: Final = frozenset(
    {
        *("authorization", "cache-control", "if-match", "if-modified-since", "if-none-match"),
        *("if-range", "if-unmodified-since", "pragma", "range"),
    }
)


class CacheRequest:
    """Method, fields, directives, and the fields that caches look at."""

    __slots__ = ("directives", "headers", "method", "read", "takes_plain")

    def __init__(self, method: str, headers: Headers) -> None:
        self.method = method
        self.headers = headers
        self.read: dict[str, str] = {}
        """The values of the fields that matter here, lines of one name joined."""
        for name, value in headers:
            if name in _READ:
                joined = self.read.get(name)
                self.read[name] = value if joined is None else f"{joined}, {value}"
        self.takes_plain = True
        """Whether a body without a content coding will do; see `caching.codings`."""
        control = self.read.get("cache-control")
        self.directives = NONE if control is None else parse_directives((control,))

    @property
    def no_cache(self) -> bool:
        """Whether nothing may be used that was not validated. Pragma counts where there is no
        Cache-Control (RFC 9111, section 5.4)."""
        if "cache-control" in self.read:
            return "no-cache" in self.directives
        pragma = self.read.get("pragma")
        return pragma is not None and "no-cache" in parse_directives((pragma,))

    @property
    def passes_by(self) -> bool:
        """Whether only the service can answer, and nothing is kept: no-store (section 5.2.1.5), or
        a precondition about the state of the resource (section 4.3.2)."""
        return (
            "no-store" in self.directives
            or "if-match" in self.read
            or "if-unmodified-since" in self.read
        )
