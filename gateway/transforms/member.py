"""One transform, compiled: what it does to a request, to an answer and to an error.

A route has a chain of these: its own, and one for each version change on the way. What they share
(a body that is read, decoded and encoded once) is the policy's business (`policies.transform`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from messages import Exchange, Headers, Request, Response
from transforms import fields, operations
from transforms.fields import compile_headers, compile_query
from transforms.operations import compile_operations
from transforms.pointer import MISSING, Pointer
from transforms.settings import RequestTransform, ResponseTransform, TransformSettings
from transforms.target import Target
from transforms.templates import NO_VALUES, Placeholder, RequestValues, Scope, Template, captured

BODILESS: Final = frozenset({204, 205, 206})
"""Successes whose body, if any, is not all of a document."""


class _Side:
    """What both directions have: header fields, a document, and what their templates read."""

    __slots__ = ("_body", "_headers", "_json", "edits", "placeholders", "reads")

    def __init__(
        self, settings: RequestTransform | ResponseTransform, templates: Iterable[Template]
    ) -> None:
        self._headers = compile_headers(settings.headers) if settings.headers else None
        self._json = compile_operations(settings.json) if settings.json else None
        self.placeholders = [
            placeholder
            for template in (
                *templates,
                *fields.templates_of(settings.headers),
                *operations.templates_of(settings.json),
            )
            for placeholder in template.placeholders
        ]
        self._body: Mapping[str, Pointer] = {
            name: Pointer(name) for source, name in self.placeholders if source == "body"
        }
        self.edits = bool(settings.json)
        """Whether it changes bodies."""
        self.reads = self.edits or bool(self._body)
        """Whether it has to see them."""

    def _change(self, headers: Headers, document: Any, scope: Scope) -> Any:
        """Change `headers` in place and return the document, which may be `MISSING`."""
        if self._body:
            scope.body = {} if document is MISSING else captured(document, self._body)
        if self._json is not None and document is not MISSING:
            document = self._json(document, scope)
        if self._headers is not None:
            self._headers(headers, scope)
        return document


class RequestSide(_Side):
    """A request on its way to the service."""

    __slots__ = ("_query", "_target")

    def __init__(self, settings: RequestTransform) -> None:
        self._target = Target(settings.path) if settings.path is not None else None
        self._query = compile_query(settings.query) if settings.query else None
        target = [] if self._target is None else [self._target.template]
        super().__init__(settings, (*target, *fields.templates_of(settings.query)))

    def apply(self, exchange: Exchange, document: Any, scope: Scope) -> Any:
        """Change the request and return its document. Raises `Problem` where there is no path."""
        request: Request = exchange.request
        document = self._change(request.headers, document, scope)
        if self._query is not None:
            request.query = self._query(request.query, scope)
        if self._target is not None:
            exchange.upstream_path = self._target.fill(scope, exchange.parameters)
        return document


class ResponseSide(_Side):
    """An answer on its way to the client."""

    __slots__ = ("_status",)

    def __init__(self, settings: ResponseTransform) -> None:
        super().__init__(settings, ())
        self._status = {int(old): new for old, new in settings.status.items()}

    def apply(self, response: Response, document: Any, scope: Scope) -> Any:
        """Change the answer and return its document."""
        response.status = self._status.get(response.status, response.status)
        return self._change(response.headers, document, scope)


class Member:
    """One transform of a chain."""

    __slots__ = ("_has_placeholders", "errors", "field_names", "request", "response")

    def __init__(self, settings: TransformSettings) -> None:
        """Raises `TemplateError`."""
        self.request = RequestSide(settings.request)
        self.response = ResponseSide(settings.response)
        self.errors = ResponseSide(settings.errors)
        sides = (self.request, self.response, self.errors)
        read: set[Placeholder] = {name for side in sides for name in side.placeholders}
        self._has_placeholders = bool(read)
        self.field_names = sorted(name for source, name in read if source == "header")
        """Header fields of the request that its templates read."""

    def scope(self, exchange: Exchange) -> Scope:
        """What its placeholders stand for: the request as this transform gets it."""
        if not self._has_placeholders:
            return NO_VALUES
        return Scope(RequestValues(exchange, self.field_names))
