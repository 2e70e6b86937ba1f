"""The values that travel through the pipeline: header fields, request, response, exchange.

Plain Python, so that policies run the same under CPython and in workerd. Whatever belongs to the
platform (a body that is still a stream) is only held here, never looked into.
"""

from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Protocol

from contract.auth import Principal

if TYPE_CHECKING:
    from identities import Identity
    from routing.compile import CompiledRoute
    from routing.versions import Version
    from tracing import Trace


LIST_FIELDS: Final = frozenset({"link", "vary"})
"""Fields that the gateway adds to; any other field that it sets replaces the service's."""

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields that belong to one connection (RFC 9110, section 7.6.1)."""


OF_SERVERS: Final = frozenset(
    {"server", "via", "x-aspnet-version", "x-aspnetmvc-version", "x-generator", "x-powered-by"}
)
"""Fields in which software names itself and its version."""


def without(
    fields: Iterable[tuple[str, str]], names: Collection[str], prefix: str
) -> list[tuple[str, str]]:
    """`fields` but for those with one of `names`, or whose name begins with `prefix`."""
    return [field for field in fields if field[0] not in names and not field[0].startswith(prefix)]


_NAME_OF: Final = itemgetter(0)


class Headers:
    """Header fields in order, several of one name allowed. Names are lower case throughout."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = list(fields)

    def get(self, name: str) -> str | None:
        """The value of the first field called `name`."""
        for field, value in self._fields:
            if field == name:
                return value
        return None

    def get_all(self, name: str) -> list[str]:
        """The values of every field called `name`, in order."""
        return [value for field, value in self._fields if field == name]

    def set(self, name: str, value: str) -> None:
        """Make `value` the only value of `name`."""
        fields = [field for field in self._fields if field[0] != name]
        fields.append((name, value))
        self._fields = fields

    def add(self, name: str, value: str) -> None:
        """Append a further field, keeping those that are there."""
        self._fields.append((name, value))

    def extend(self, fields: Iterable[tuple[str, str]]) -> None:
        """Append further fields, keeping those that are there."""
        self._fields += fields

    def remove(self, *names: str) -> None:
        """Drop every field with one of these names."""
        self._fields = [field for field in self._fields if field[0] not in names]

    def amend(self, fields: Sequence[tuple[str, str]]) -> None:
        """Put `fields` in: list fields beside those that are there, others in their place."""
        listed = [name for name, _ in fields if name not in LIST_FIELDS]
        replaced = set(listed)
        if not replaced.isdisjoint(map(_NAME_OF, self._fields)):
            self._fields = [field for field in self._fields if field[0] not in replaced]
        if len(replaced) == len(listed):
            self._fields += fields
            return
        # Of two for one place the later counts.
        latest = dict(fields)
        self._fields += [
            field for field in fields if field[0] in LIST_FIELDS or latest[field[0]] == field[1]
        ]

    def drop(self, names: Collection[str], prefix: str) -> None:
        """Drop every field with one of these names, or whose name begins with `prefix`."""
        self._fields = without(self._fields, names, prefix)

    def begins_with(self, fields: Sequence[tuple[str, str]]) -> bool:
        """Whether `fields` are the first ones here, which they are where nothing was dropped."""
        return self._fields[: len(fields)] == fields

    def __getitem__(self, places: slice) -> list[tuple[str, str]]:
        return self._fields[places]

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def copy(self) -> "Headers":
        return Headers(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class Stream(Protocol):
    """A body that has not been read. The edge knows how; the core only passes it on."""

    length: int | None
    """Bytes that will come, where the sender said so."""
    arrived: float | None
    """Unix seconds at which all of it was there, where somebody has waited for that."""

    async def read(self, limit: int) -> bytes:
        """Read it all. Raises `BodyTooLarge` as soon as more than `limit` bytes have come, and
        `BodyBroken` where it ends before it is complete."""
        ...

    async def discard(self) -> None:
        """Let it go unread."""
        ...


class BodyTooLarge(Exception):
    """A body went past the limit that it was read with."""


class BodyBroken(Exception):
    """A body ended before it was complete. `timed_out`: because its time was over."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


Body = bytes | Stream | None


async def discard(body: Body) -> None:
    """Let go of `body`, which nobody is going to read."""
    if body is not None and not isinstance(body, bytes):
        await body.discard()


async def read_body(body: Body, limit: int) -> bytes:
    """The whole of `body`. Raises `BodyTooLarge` where it exceeds `limit` bytes."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        if len(body) > limit:
            raise BodyTooLarge
        return body
    if body.length is not None and body.length > limit:
        raise BodyTooLarge
    return await body.read(limit)


class Request:
    """A request on its way to a service. `path` is normalised and without a version prefix."""

    __slots__ = (
        "body",
        "headers",
        "host",
        "keeps_coding",
        "method",
        "origin",
        "path",
        "query",
        "scheme",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Headers | None = None,
        body: Body = None,
        *,
        host: str = "",
        scheme: str = "https",
        origin: Any = None,
    ) -> None:
        self.origin = origin
        """The platform's own request object, where there is one, for the edge to use."""
        self.keeps_coding = False
        """Whether the answer's body is wanted in its content coding, as it comes; else the platform
        decodes it where anybody reads it, and encodes it again on its way to the client."""
        self.method = method
        self.scheme = scheme
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers if headers is not None else Headers()
        self.body = body


class Response:
    """An answer on its way to the client.

    `origin` is the platform's own response object, where there is one, for the edge to use (to
    duplicate a stream). `is_coded`: the bytes of the body are in the coding that Content-Encoding
    names, and go out as they are; else the platform sees to what the field says.
    """

    __slots__ = ("body", "headers", "is_coded", "origin", "status")

    def __init__(
        self,
        status: int,
        headers: Headers | None = None,
        body: Body = None,
        *,
        origin: Any = None,
        is_coded: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers if headers is not None else Headers()
        self.body = body
        self.origin = origin
        self.is_coded = is_coded


class Exchange:
    """One request and everything that is known about it while the pipeline runs."""

    __slots__ = (
        "answer_fields",
        "came",
        "chance",
        "client_address",
        "defer",
        "identities",
        "log",
        "now",
        "parameters",
        "principal",
        "request",
        "request_id",
        "rest",
        "route",
        "sends",
        "trace",
        "tried",
        "upgrade",
        "upstream_path",
        "version",
        "version_in_path",
        "via",
    )

    def __init__(
        self,
        request: Request,
        *,
        request_id: str,
        client_address: str,
        now: float,
        defer: Callable[[Coroutine[Any, Any, None]], None],
        chance: float = 0.0,
        came: Mapping[str, str] | None = None,
        trace: "Trace | None" = None,
    ) -> None:
        self.request = request
        self.came = came if came is not None else dict(request.headers)
        """The request's fields by name, as they came."""
        self.trace = trace
        """The trace that the service is told of."""
        self.request_id = request_id
        self.client_address = client_address
        self.now = now
        """Unix seconds at which the request arrived."""
        self.defer = defer
        """Runs a coroutine after the answer has gone out."""
        self.chance = chance
        """A random number from [0, 1), for what is left to chance in this request."""
        self.via: str | None = None
        """The field Via as it came in."""
        self.upgrade = False
        """Whether the client asks for a WebSocket (RFC 6455, section 4.1)."""
        self.route: CompiledRoute | None = None
        self.version: Version | None = None
        self.version_in_path = False
        self.parameters: Mapping[str, str] = {}
        """Path parameters as they stand in the path, percent-encoded."""
        self.rest = ""
        """What follows the prefix, on a route that matches by prefix; with its slash."""
        self.upstream_path: str | None = None
        """The path at the service, where a policy has decided it; else the route does."""
        self.sends = 0
        """How often a service was given the request, or a part of it, whatever came of it."""
        self.tried: tuple[int, ...] = ()
        """Positions of the backends that were asked already, where a request is sent again."""
        self.principal: Principal | None = None
        self.identities: dict[str, Identity] | None = None
        """What services were told of the principal before, where that is remembered."""
        self.answer_fields: list[tuple[str, str]] = []
        """Header fields that the answer carries, whether it is a success or a problem."""
        self.log: dict[str, Any] = {}
        """Members that policies add to the request's log line."""
