"""Respond: the end of a route whose answer stands in the table, with values of the request."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET

from ends.settings import RespondSettings
from messages import Exchange, Headers, Response
from transforms.documents import encode
from transforms.pointer import MISSING
from transforms.templates import NO_VALUES, RequestValues, Scope, Template

_Make = Callable[[Scope], Any]


class Respond:
    """Answers with what `settings` say.

    In a document a text whose placeholder has no value becomes null; in a text it is left out.
    """

    def __init__(self, settings: RespondSettings) -> None:
        """Raises `TemplateError`."""
        self._status = settings.status
        fields = {name.lower(): value for name, value in settings.headers.items()}
        self._json = _maker(settings.json) if settings.json is not UNSET else None
        self._text = Template(settings.text) if settings.text is not None else None
        if self._json is not None:
            fields.setdefault("content-type", "application/json")
        elif self._text is not None:
            fields.setdefault("content-type", "text/plain; charset=utf-8")
        self._fields = tuple(fields.items())
        placeholders = [one for text in templates_of(settings) for one in text.placeholders]
        self._has_placeholders = bool(placeholders)
        self._names = sorted({name for source, name in placeholders if source == "header"})
        self._constant = None if placeholders else self._body(NO_VALUES)

    async def __call__(self, exchange: Exchange) -> Response:
        body = self._constant
        if self._has_placeholders:
            body = self._body(Scope(RequestValues(exchange, self._names)))
        response = Response(self._status, Headers(self._fields), body)
        if self._names:
            response.headers.add("vary", ", ".join(self._names))
        return response

    def _body(self, scope: Scope) -> bytes | None:
        if self._json is not None:
            return encode(self._json(scope))
        if self._text is None:
            return None
        parts = self._text.parts
        texts = [part if isinstance(part, str) else scope.text(part) or "" for part in parts]
        return "".join(texts).encode("utf-8", "replace")


def templates_of(settings: RespondSettings) -> list[Template]:
    """The templates in `settings`. Raises `TemplateError`."""
    texts = [] if settings.text is None else [settings.text]
    if settings.json is not UNSET:
        texts += _texts(settings.json)
    return [Template(text) for text in texts]


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for value in document.values():
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)


def _maker(document: Any) -> _Make:
    """What makes `document` of a scope."""
    if isinstance(document, str):
        template = Template(document)
        return lambda scope: _or_null(template.value(scope))
    if isinstance(document, dict):
        members = {name: _maker(value) for name, value in document.items()}
        return lambda scope: {name: make(scope) for name, make in members.items()}
    if isinstance(document, list):
        elements = [_maker(value) for value in document]
        return lambda scope: [make(scope) for make in elements]
    return lambda _: document


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value
