"""Transform: brings a request to the form the service speaks, and its answer back.

One policy for a route: its own transform and those of the version changes on the way. However many
they are, a body is read, decoded and encoded once each way, and one that nothing looks into is not
read at all. Only whole JSON bodies are touched; any other body streams on.
"""

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

from bodies import answer_content, request_content
from contract.problems import (
    INVALID_JSON,
    UNSUPPORTED_MEDIA_TYPE,
    UPSTREAM_INVALID,
    Problem,
)
from messages import Exchange, Response
from pipeline import Next
from transforms.documents import NotJson, decode, encode, forget_old_bytes, is_json
from transforms.entity_tags import mark_of, unmark_if_none_match
from transforms.member import BODILESS, Member, RequestSide, ResponseSide
from transforms.pointer import MISSING
from transforms.settings import TransformSettings
from transforms.templates import Scope

_AnySide = TypeVar("_AnySide", RequestSide, ResponseSide)

_RANGE: Final = ("range", "if-range")


class Transform:
    """Applies `chain`, whose first member is next to the client and whose last to the service.

    Requests go through it in order, answers in reverse. Each member sees the request, and later the
    answer, as the one before left it; what its templates read is the request as it came to it.
    Bodies that have to be looked into may have `max_body` bytes each way.
    """

    def __init__(
        self, chain: Sequence[TransformSettings], max_body: int, version: str | None = None
    ) -> None:
        """`version`: that of the route. Raises `TemplateError` for a chain that was not checked."""
        self._members = [Member(settings) for settings in chain]
        self._max_body = max_body
        self._mark = mark_of(chain, version)
        self._up = _Chain([member.request for member in self._members])
        self._response = _Chain([member.response for member in reversed(self._members)])
        self._errors = _Chain([member.errors for member in reversed(self._members)])
        self._vary = ", ".join(self._what_answers_depend_on())

    def _what_answers_depend_on(self) -> list[str]:
        """Fields of the request that templates read: caches have to tell answers apart by them."""
        names = {name for member in self._members for name in member.field_names}
        sources = {
            placeholder.source
            for member in self._members
            for side in (member.request, member.response, member.errors)
            for placeholder in side.placeholders
        }
        return sorted(names | ({"authorization"} if "claim" in sources else set()))

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        scopes = await self._carry_up(exchange)
        response = await next(exchange)
        status = response.status
        if 200 <= status < 300:
            await self._carry_down(exchange, response, self._response, scopes)
        elif 400 <= status < 600:
            await self._carry_down(exchange, response, self._errors, scopes)
        elif status == 304 and self._response.edits:
            forget_old_bytes(response.headers, self._mark)
        if self._vary:
            response.headers.add("vary", self._vary)
        return response

    async def _carry_up(self, exchange: Exchange) -> list[Scope]:
        """Change the request. What each member's templates read is kept for the way down."""
        request = exchange.request
        document: Any = MISSING
        if self._up.reads and request.body is not None and is_json(request.headers):
            document = await self._request_document(exchange)
        if self._response.edits:
            unmark_if_none_match(request.headers, self._mark)
        if self._response.edits or self._errors.edits:
            request.headers.remove(*_RANGE)  # a part of a document cannot be edited
        scopes = []
        for member, side in zip(self._members, self._up.sides, strict=True):
            scope = member.scope(exchange)
            scopes.append(scope)
            document = side.apply(exchange, document, scope)
        if self._up.edits and document is not MISSING:
            request.body = encode(document)
            forget_old_bytes(request.headers)
        return scopes

    async def _request_document(self, exchange: Exchange) -> Any:
        """The request's body as a document, `MISSING` where nobody is harmed if it is none."""
        request = exchange.request
        if "content-encoding" in request.headers:
            if self._up.edits:
                raise Problem(UNSUPPORTED_MEDIA_TYPE, "Send the body without Content-Encoding.")
            return MISSING
        content = await request_content(request, self._max_body)
        try:
            return decode(content)
        except NotJson as error:
            if self._up.edits:
                raise Problem(INVALID_JSON, str(error)) from None
            return MISSING

    async def _carry_down(
        self,
        exchange: Exchange,
        response: Response,
        chain: "_Chain[ResponseSide]",
        scopes: Sequence[Scope],
    ) -> None:
        document: Any = MISSING
        edits = chain.edits and response.status not in BODILESS and is_json(response.headers)
        if edits and exchange.request.method == "HEAD":
            # What GET would send is not known without its body, so nothing is said of it.
            forget_old_bytes(response.headers, self._mark)
        elif (
            chain.reads
            and response.body is not None
            and response.status not in BODILESS
            and is_json(response.headers)
        ):
            document = await self._response_document(response, edits=edits)
        for side, scope in zip(chain.sides, reversed(scopes), strict=True):
            document = side.apply(response, document, scope)
        if edits and document is not MISSING:
            response.body = encode(document)
            forget_old_bytes(response.headers, self._mark)

    async def _response_document(self, response: Response, *, edits: bool) -> Any:
        """The answer's body as a document, `MISSING` where it may as well stay what it is."""
        why = f"A body that is to be transformed has at most {self._max_body} bytes."
        content = await answer_content(response, self._max_body, why)
        try:
            return decode(content)
        except NotJson as error:
            if edits and response.status < 400:
                raise Problem(UPSTREAM_INVALID, str(error)) from None
            return MISSING  # an error that is no document says more than one of ours


class _Chain(Generic[_AnySide]):
    """The members' sides for one direction, in the order in which they are applied."""

    __slots__ = ("edits", "reads", "sides")

    def __init__(self, sides: Sequence[_AnySide]) -> None:
        self.sides: Sequence[_AnySide] = sides
        self.edits = any(side.edits for side in sides)
        self.reads = any(side.reads for side in sides)
