"""Templates: texts with placeholders such as `${path.id}`, filled in from one request.

A template is taken apart when the table is compiled. What it reads at run time comes from a
`Scope`; credentials and the gateway's own fields cannot be named, so no template can pass them on.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from contract.auth import Principal
from contract.names import INTERNAL_PREFIX
from messages import Exchange, Headers
from transforms.percent import decode, decode_parameter
from transforms.pointer import MISSING, Pointer

SOURCES: Final = {
    "path": "${path.id}",
    "query": "${query.page}",
    "header": "${header.x-tenant}",
    "claim": "${claim.sub}",
    "body": "${body./owner/id}",
}
"""What a placeholder can name, each with an example."""

PROTECTED_FIELDS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Header fields with credentials. They are no values to be handed around."""

MAX_VALUE: Final = 4096
"""Characters that a template may come to in a header field, a query or a path."""

_PLACEHOLDER: Final = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
_NAMES: Final = {
    "path": re.compile(r"[a-z][a-z0-9_]*"),
    "query": re.compile(r".+", re.DOTALL),
    "header": re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"),
    "claim": re.compile(r"[a-z_]+"),
    "body": re.compile(r"(/([^~/]|~[01])*)*"),
}

_CLAIMS: Final[dict[str, Callable[[Principal], str]]] = {
    "sub": lambda principal: principal.subject,
    "scope": lambda principal: " ".join(principal.scopes),
    "kind": lambda principal: principal.kind.value,
    "iat": lambda principal: str(principal.issued_at or ""),
    "exp": lambda principal: str(principal.expires_at or ""),
    "credential_id": lambda principal: principal.credential_id,
}
CLAIMS: Final = tuple(_CLAIMS)
"""What a template can read of the verified caller."""


class TemplateError(ValueError):
    """A template that cannot be: a sentence that says what was expected."""


class Placeholder(NamedTuple):
    """`${source.name}`. The name of a header field is in lower case."""

    source: str
    name: str


class Scope:
    """The values that the placeholders of one transform stand for, in one exchange."""

    __slots__ = ("_lookup", "body")

    def __init__(self, lookup: Callable[[Placeholder], str | None]) -> None:
        self._lookup = lookup
        self.body: Mapping[str, Any] = {}
        """By pointer: what the document held there before anything was done to it."""

    def value(self, placeholder: Placeholder) -> Any:
        """A text, or of the body any value; `MISSING` where there is none."""
        if placeholder.source == "body":
            return self.body.get(placeholder.name, MISSING)
        text = self._lookup(placeholder)
        return MISSING if text is None else text

    def text(self, placeholder: Placeholder) -> str | None:
        """The value as a text; `None` where there is none, or one that is no scalar."""
        value = self.value(placeholder)
        return value if isinstance(value, str) else number_or_word(value)


NO_VALUES: Final = Scope(lambda _: None)
"""For transforms without placeholders, and for documents that belong to no exchange."""


class RequestValues:
    """Reads placeholders from a request as it is now; what happens to it later changes nothing."""

    __slots__ = ("_fields", "_parameters", "_principal", "_query")

    def __init__(self, exchange: Exchange, field_names: Iterable[str]) -> None:
        headers = exchange.request.headers
        self._fields = {name: _field(headers, name) for name in field_names}
        self._query = exchange.request.query
        self._parameters = exchange.parameters
        self._principal = exchange.principal

    def __call__(self, placeholder: Placeholder) -> str | None:
        source, name = placeholder
        if source == "header":
            return self._fields[name]
        if source == "query":
            return query_value(self._query, name)
        if source == "path":
            raw = self._parameters.get(name)
            return None if raw is None else decode(raw)
        return None if self._principal is None else _CLAIMS[name](self._principal) or None


def _field(headers: Headers, name: str) -> str | None:
    values = headers.get_all(name)
    return ", ".join(values) if values else None


def query_value(query: str, name: str) -> str | None:
    """The first value of the parameter `name` in a raw `query`, decoded."""
    for piece in query.split("&") if query else ():
        raw, _, value = piece.partition("=")
        if decode_parameter(raw) == name:
            return decode_parameter(value)
    return None


def number_or_word(value: Any) -> str | None:
    """A number or a boolean as JSON writes it; `None` for everything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    return msgspec.json.encode(value).decode() if isinstance(value, float) else None


def fresh(value: Any) -> Any:
    """A copy of a JSON value that shares nothing which could be changed."""
    if isinstance(value, dict):
        return {name: fresh(member) for name, member in value.items()}
    if isinstance(value, list):
        return [fresh(element) for element in value]
    return value


class Template:
    """A parsed template: literal texts and placeholders in order."""

    __slots__ = ("parts",)

    def __init__(self, text: str) -> None:
        """Raises `TemplateError`. `$${` stands for `${` itself."""
        self.parts: list[str | Placeholder] = []
        end, literal = 0, ""
        for found in _PLACEHOLDER.finditer(text):
            literal += text[end : found.start()]
            end = found.end()
            if found[1] is None:
                literal += "${"
                continue
            if literal:
                self.parts.append(literal)
                literal = ""
            self.parts.append(_placeholder(found))
        literal += text[end:]
        if literal or not self.parts:
            self.parts.append(literal)

    @property
    def placeholders(self) -> list[Placeholder]:
        return [part for part in self.parts if isinstance(part, Placeholder)]

    def value(self, scope: Scope) -> Any:
        """What the template comes to in a document.

        A single placeholder over the body keeps the type of its value; all else is a text.
        `MISSING` where a placeholder has no value.
        """
        first = self.parts[0]
        if len(self.parts) == 1 and isinstance(first, Placeholder):
            return fresh(scope.value(first))
        text = self.text(scope)
        return MISSING if text is None else text

    def text(self, scope: Scope) -> str | None:
        """What it comes to as a text; `None` where a placeholder has no value."""
        texts: list[str] = []
        for part in self.parts:
            text = scope.text(part) if isinstance(part, Placeholder) else part
            if text is None:
                return None
            texts.append(text)
        return "".join(texts)


def _placeholder(found: re.Match[str]) -> Placeholder:
    written = found[0]
    if not found[2]:
        raise TemplateError(f"`{written[:40]}` is not closed (for `${{` itself write `$${{`)")
    source, dot, name = found[1].partition(".")
    known = ", ".join(SOURCES.values())
    if source not in SOURCES or not dot:
        raise TemplateError(
            f"there is no source `{source}` in `{written}` (expected one of {known})"
        )
    if not _NAMES[source].fullmatch(name):
        raise TemplateError(f"`{written}` names nothing (expected one like {SOURCES[source]})")
    if source == "header":
        name = name.lower()
        if name in PROTECTED_FIELDS or name.startswith(INTERNAL_PREFIX):
            raise TemplateError(f"no template can read the header field `{name}`")
    if source == "claim" and name not in _CLAIMS:
        raise TemplateError(f"there is no claim `{name}` (known: {', '.join(CLAIMS)})")
    return Placeholder(source, name)


def captured(document: Any, pointers: Mapping[str, Pointer]) -> dict[str, Any]:
    """The values of `document` at `pointers`, by the pointer's text, as they are now."""
    values = {}
    for text, pointer in pointers.items():
        value = pointer.get(document)
        if value is not MISSING:
            values[text] = fresh(value)
    return values
