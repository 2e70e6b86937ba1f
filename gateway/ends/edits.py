"""Edits of header fields that belong to one backend: its requests, and its answers."""

from collections.abc import Callable

from ends.settings import BackendSettings
from messages import Exchange, Headers
from transforms.fields import compile_headers, templates_of
from transforms.templates import NO_VALUES, RequestValues, Scope

AnswerEdit = Callable[[Headers], None]
HeaderEdit = Callable[[Exchange], AnswerEdit]
"""Edits the request's fields, and gives what edits those of its answer."""


def header_edit(settings: BackendSettings) -> HeaderEdit:
    """The edits that `settings` ask for. Raises `TemplateError`.

    What templates read, in both directions, is the request before it was edited.
    """
    both = (*settings.request.headers, *settings.response.headers)
    if not both:
        return _leave
    edit_request = compile_headers(settings.request.headers)
    edit_response = compile_headers(settings.response.headers)
    placeholders = [one for template in templates_of(both) for one in template.placeholders]
    names = sorted({name for source, name in placeholders if source == "header"})

    def edit(exchange: Exchange) -> AnswerEdit:
        scope = Scope(RequestValues(exchange, names)) if placeholders else NO_VALUES
        edit_request(exchange.request.headers, scope)
        return lambda headers: edit_response(headers, scope)

    return edit


def _leave(_exchange: Exchange) -> AnswerEdit:
    return _leave_answer


def _leave_answer(_headers: Headers) -> None:
    return None
