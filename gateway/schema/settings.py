"""The settings of validation: what `routes.yaml` says under a route's `validate`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from settings import Settings

# A text without a pattern: msgspec 0.22 counts references to the compiled one wrongly where such a
# union with a mapping occurs twice, and crashes when Python ends. That there is such a schema is
# checked beside.
SchemaReference = str | bool | dict[str, Any]
"""The name of one of the table's `schemas`, or a schema."""
ParameterName = Annotated[str, Meta(min_length=1, max_length=200)]


class RequiredSettings(Settings, frozen=True, kw_only=True):
    """Parameters that a request has to carry; those of the path always are there."""

    query: tuple[ParameterName, ...] = ()
    headers: tuple[ParameterName, ...] = ()


class ResponseValidation(Settings, frozen=True, kw_only=True):
    """What JSON answers with a status of 2xx have to be."""

    schema: SchemaReference
    action: Literal["report", "refuse"] = "report"
    """`report` writes into the log line what does not fit; `refuse` answers 502 instead."""


class ValidateSettings(Settings, frozen=True, kw_only=True):
    """What requests and answers are checked against (JSON Schema 2020-12)."""

    path: dict[ParameterName, SchemaReference] = field(default_factory=dict)
    """Schemas of parameters of the path, whose texts are read by the schema's `type`."""
    query: dict[ParameterName, SchemaReference] = field(default_factory=dict)
    headers: dict[ParameterName, SchemaReference] = field(default_factory=dict)
    required: RequiredSettings = field(default_factory=RequiredSettings)
    unknown_query: Literal["allow", "refuse"] = "allow"
    """Whether a request may have parameters in its query that `query` does not name."""
    body: SchemaReference | None = None
    body_required: bool = True
    """Whether POST, PUT and PATCH have to come with a body."""
    response: ResponseValidation | None = None
    formats: bool = False
    """Whether `format` is a check; otherwise it only tells, as JSON Schema has it."""
