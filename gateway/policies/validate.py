"""Validate: refuses requests that do not fit the route's schemas, and reports or refuses answers.

Parameters are checked before the body is read. A body is read once, up to the route's limit, and
left as bytes for whoever comes next. Errors tell the client all that is wrong; the log line gets
places and never values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from bodies import answer_content, request_content
from contract.problems import (
    INVALID_CONTENT,
    INVALID_JSON,
    MALFORMED_REQUEST,
    UNSUPPORTED_MEDIA_TYPE,
    UPSTREAM_INVALID,
    Problem,
)
from messages import Exchange, Request, Response
from pipeline import Next
from routing.query import MAX_PARAMETERS, parse_query
from schema.checker import Checker
from schema.run import MAX_ERRORS, SchemaError, pointer
from schema.texts import Reading
from transforms.documents import NotJson, decode, is_json
from transforms.percent import decode as decode_percent

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_BODILESS: Final = frozenset({204, 205, 206})
_LOGGED: Final = 10
"""Errors of an answer that the log line names."""
_IN_A_FRAGMENT: Final = "/~!$&'()*+,;=:@?-._"


class Parameter(NamedTuple):
    """A parameter of a path, query or header field, and what it has to be."""

    name: str
    reading: Reading
    checker: Checker
    required: bool


class Parameters(NamedTuple):
    """All of a route. Names of header fields are in lower case."""

    path: Sequence[Parameter] = ()
    query: Sequence[Parameter] = ()
    headers: Sequence[Parameter] = ()
    refuse_unknown: bool = False
    """Of the query."""


class BodyRule(NamedTuple):
    """What bodies of requests have to be; `required` for methods that come with one."""

    checker: Checker
    required: bool


class ResponseRule(NamedTuple):
    """What answers have to be, and whether others are refused or only reported."""

    checker: Checker
    refuse: bool


class Validate:
    """Checks what it is given rules for. Bodies may have `max_body` bytes each way."""

    def __init__(
        self,
        parameters: Parameters,
        body: BodyRule | None,
        response: ResponseRule | None,
        max_body: int,
    ) -> None:
        self._parameters = parameters
        self._body = body
        self._response = response
        self._max_body = max_body
        self._has_query = bool(parameters.query) or parameters.refuse_unknown

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        self._check_parameters(exchange)
        if self._body is not None:
            await self._check_body(exchange.request, self._body)
        response = await next(exchange)
        if self._response is not None and _is_checked(exchange.request, response):
            await self._check_response(exchange, response, self._response)
        return response

    def _check_parameters(self, exchange: Exchange) -> None:
        request, rules = exchange.request, self._parameters
        errors: list[dict[str, str]] = []
        for rule in rules.path:
            text = decode_percent(exchange.parameters.get(rule.name, ""))
            errors += _wrong(rule, "path", None if text is None else [text])
        if self._has_query:
            errors += _wrong_query(request.query, rules)
        for rule in rules.headers:
            errors += _wrong(rule, "header", _field_values(request, rule))
        if errors:
            detail = f"Parameters do not fit: {_places(len(errors))}."
            raise Problem(MALFORMED_REQUEST, detail, errors=errors[:MAX_ERRORS])

    async def _check_body(self, request: Request, rule: BodyRule) -> None:
        body = request.body
        if body is not None and getattr(body, "length", None) != 0 and body != b"":
            if not is_json(request.headers):
                raise _media_type("Send the body as application/json.")
            if "content-encoding" in request.headers:
                raise _media_type("Send the body without Content-Encoding.")
            content = await request_content(request, self._max_body)
            if content:
                _refuse(_document(content), rule.checker)
                return
        if rule.required and request.method in _WITH_BODY:
            missing = {"in": "body", "pointer": "#", "detail": "expected a body, found none"}
            raise Problem(INVALID_CONTENT, "The body is missing.", errors=[missing])

    async def _check_response(
        self, exchange: Exchange, response: Response, rule: ResponseRule
    ) -> None:
        if not rule.refuse and _declared_length(response) > self._max_body:
            exchange.log["response_invalid"] = ["not checked: larger than max_body"]
            return
        why = f"An answer that is checked has at most {self._max_body} bytes."
        content = await answer_content(response, self._max_body, why)
        try:
            told = [f"#{error.pointer} {error.schema}" for error in _errors(content, rule)]
        except NotJson:
            told = ["# not JSON"]
        if told:
            exchange.log["response_invalid"] = told[:_LOGGED]
            if rule.refuse:
                detail = "The answer of the service does not fit its schema."
                raise Problem(UPSTREAM_INVALID, detail)


def _errors(content: bytes, rule: ResponseRule) -> list[SchemaError]:
    return rule.checker.errors(decode(content))


def _document(content: bytes) -> Any:
    try:
        return decode(content)
    except NotJson as error:
        raise Problem(INVALID_JSON, str(error)) from None


def _refuse(document: Any, checker: Checker) -> None:
    found = checker.errors(document)
    if found:
        detail = f"The body does not fit: {_places(len(found))}."
        raise Problem(INVALID_CONTENT, detail, errors=[_told("body", one) for one in found])


def _wrong(rule: Parameter, place: str, texts: Sequence[str] | None) -> Iterator[dict[str, str]]:
    """The errors of one parameter; None stands for a text that is no UTF-8."""
    at = pointer((None, rule.name))
    if texts is None:
        yield _error(place, at, "expected UTF-8 behind the percent signs")
    elif not texts:
        if rule.required:
            yield _error(place, at, "the parameter is missing")
    elif len(texts) > 1 and not rule.reading.several:
        yield _error(place, at, f"expected the parameter once, found it {len(texts)} times")
    else:
        for one in rule.checker.errors(rule.reading.value(texts)):
            yield _told(place, one._replace(pointer=at + one.pointer))


def _wrong_query(query: str, rules: Parameters) -> Iterator[dict[str, str]]:
    if query.count("&") >= MAX_PARAMETERS:
        yield _error("query", "", f"expected at most {MAX_PARAMETERS} parameters")
        return
    values: Mapping[str, Sequence[str]] = parse_query(query)
    for rule in rules.query:
        yield from _wrong(rule, "query", values.get(rule.name, ()))
    if rules.refuse_unknown:
        known = {rule.name for rule in rules.query}
        for name in values:
            if name not in known:
                yield _error("query", pointer((None, name)), "there is no such parameter")


def _field_values(request: Request, rule: Parameter) -> list[str]:
    """The values of a header field; where several are allowed, also those of one that is a list
    (RFC 9110, section 5.6.1)."""
    values = request.headers.get_all(rule.name)
    if not rule.reading.several:
        return values
    items = (item.strip() for value in values for item in value.split(","))
    return [item for item in items if item]


def _is_checked(request: Request, response: Response) -> bool:
    return (
        200 <= response.status < 300
        and response.status not in _BODILESS
        and request.method != "HEAD"
        and response.body is not None
        and is_json(response.headers)
    )


def _declared_length(response: Response) -> int:
    declared = response.headers.get("content-length") or ""
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _media_type(detail: str) -> Problem:
    return Problem(UNSUPPORTED_MEDIA_TYPE, detail, headers={"accept": "application/json"})


def _told(place: str, error: SchemaError) -> dict[str, str]:
    told = _error(place, error.pointer, error.detail)
    if error.schema:
        told["schema"] = error.schema
    return told


def _error(place: str, at: str, detail: str) -> dict[str, str]:
    """An entry of `errors`: the pointer as a fragment, as in RFC 9457, section 3."""
    return {"in": place, "pointer": "#" + quote(at, safe=_IN_A_FRAGMENT), "detail": detail}


def _places(number: int) -> str:
    """How many errors there are, in words."""
    if number >= MAX_ERRORS:
        return f"at least {MAX_ERRORS} errors"
    return "one error" if number == 1 else f"{number} errors"
