"""The keywords of JSON Schema 2020-12: which hold schemas, which check, which only tell."""

from typing import Final

ONE: Final = (
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
"""Keywords whose value is a schema."""
MANY: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
"""Keywords whose value is a list of schemas."""
NAMED: Final = ("$defs", "properties", "patternProperties", "dependentSchemas")
"""Keywords whose value is a mapping to schemas."""
IN_PLACE: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""Applicators whose schemas look at the same value."""

TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
COUNTS: Final = (
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
)
BOUNDS: Final = ("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum")
ASSERTIONS: Final = (
    "type",
    "enum",
    "const",
    "multipleOf",
    *BOUNDS,
    *COUNTS,
    "pattern",
    "uniqueItems",
    "required",
    "dependentRequired",
    "format",
)
"""Keywords that check by themselves."""

IDENTIFIERS: Final = ("$schema", "$id", "$anchor", "$dynamicAnchor")
REFERENCES: Final = ("$ref", "$dynamicRef")
ANNOTATIONS: Final = (
    "$comment",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
)
"""Keywords that check nothing (sections 8.3, 8.4 and 9 of the validation vocabulary)."""

KNOWN: Final = frozenset(
    (*ONE, *MANY, *NAMED, *ASSERTIONS, *IDENTIFIERS, *REFERENCES, *ANNOTATIONS)
)

REPLACED: Final = {
    "$vocabulary": "is for meta-schemas, which are not read",
    "$recursiveRef": "is of draft 2019-09: say `$dynamicRef`",
    "$recursiveAnchor": "is of draft 2019-09: say `$dynamicAnchor`",
    "definitions": "is of older drafts: say `$defs`",
    "dependencies": "is of older drafts: say `dependentRequired` or `dependentSchemas`",
    "additionalItems": "is of older drafts: say `items` beside `prefixItems`",
    "id": "is of draft 4: say `$id`",
    "nullable": "is of OpenAPI 3.0: add `null` to `type`",
    "discriminator": "is of OpenAPI: say `oneOf` with a `const` in each alternative",
    "example": "is of OpenAPI 3.0: say `examples`",
}
"""Keywords of elsewhere that authors know, and what to say instead."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
