"""An endpoint for operators: where it is, what scope it takes, and what of it is written down."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from contract.names import ADMIN_PREFIX
from contract.nesting import is_too_deep
from contract.problems import INVALID_CONTENT, INVALID_JSON, Problem
from messages import Exchange, Headers, Response

_MAX_QUERY: Final = 4000
_MAX_PARAMETERS: Final = 10


class Asked(NamedTuple):
    """A request of an operator, once it is known that he may."""

    exchange: Exchange
    path: Mapping[str, str]
    """What stands in the places of the endpoint's path, as it came."""
    query: Mapping[str, str]
    body: bytes
    result: dict[str, str]
    """For the handler to say in the audit log what came of it, such as the id of a new key."""

    @property
    def subject(self) -> str:
        """The verified caller."""
        principal = self.exchange.principal
        return principal.subject if principal is not None else ""

    def decode(self, decoder: msgspec.json.Decoder[Any]) -> Any:
        """The body as JSON. Raises `Problem` (invalid-json, invalid-content)."""
        if is_too_deep(self.body):
            raise Problem(INVALID_CONTENT, "The body is nested too deeply.")
        try:
            return decoder.decode(self.body)
        except msgspec.ValidationError as error:
            raise Problem(INVALID_CONTENT, f"{error}.") from None
        except (msgspec.DecodeError, ValueError) as error:
            raise Problem(INVALID_JSON, f"{error}.") from None


Handler = Callable[[Asked], Awaitable[Response]]
"""Answers, or raises `Problem`; `ports.Unavailable` becomes admin-unavailable."""


class Endpoint(NamedTuple):
    """One method of one path."""

    name: str
    """In the audit log, such as `keys.revoke`."""
    method: str
    path: str
    """Below `ADMIN_PREFIX`, such as `keys/{id}`; a name in braces stands for one segment."""
    scope: str
    handler: Handler
    max_body: int = 0
    """Bytes."""
    noted: tuple[str, ...] = ()
    """Names of parameters, of the query or of a JSON body, that the audit log may hold."""

    @property
    def is_action(self) -> bool:
        """Whether it changes anything: then it is written down, before it is done."""
        return self.method != "GET"


class Found(NamedTuple):
    """The endpoints of one path by their methods, and what stands in its places."""

    methods: Mapping[str, Endpoint]
    path: Mapping[str, str]


class Registry:
    """All endpoints. Of two paths that fit, the one with a literal segment first is meant."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        """Raises `ValueError` where two have the same method, path or name."""
        self._paths: dict[tuple[str, ...], dict[str, Endpoint]] = {}
        names: set[str] = set()
        for endpoint in endpoints:
            methods = self._paths.setdefault(tuple(endpoint.path.split("/")), {})
            if endpoint.method in methods or endpoint.name in names:
                raise ValueError(f"there are two endpoints like {endpoint.name}")
            methods[endpoint.method] = endpoint
            names.add(endpoint.name)
        # "{" sorts behind all letters: literals come first.
        self._ordered = sorted(self._paths)

    def find(self, path: str) -> Found | None:
        """What is at `path`, which begins with `ADMIN_PREFIX`."""
        segments = path.removeprefix(ADMIN_PREFIX).split("/")
        for template in self._ordered:
            if len(template) == len(segments):
                places = _fitted(template, segments)
                if places is not None:
                    return Found(self._paths[template], places)
        return None


def _fitted(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    places = {}
    for expected, segment in zip(template, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            places[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return places


def query_of(exchange: Exchange) -> dict[str, str]:
    """The query's parameters; of several with one name the last. Raises `ValueError`."""
    query = exchange.request.query[:_MAX_QUERY]
    return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS))


def number(text: str, least: int, most: int) -> int | None:
    """The number that `text` is; None for anything else than one from `least` to `most`."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        return None
    return int(text) if least <= int(text) <= most else None


def answer(document: Any, status: int = 200) -> Response:
    """`document` as JSON, never to be stored."""
    return Response(status, fields(), msgspec.json.encode(document))


def fields() -> Headers:
    """Those of every answer here."""
    return Headers([("content-type", "application/json"), ("cache-control", "no-store")])
