"""What a schema is compiled to: numbered nodes without references, as plain JSON.

A node is a schema whose subschemas are numbers of other nodes. `$ref` and `$dynamicRef` are
resolved in it, patterns are Python's, and what only people read is gone.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct, field

from schema.keywords import MANY, ONE, REFERENCES


class Node(Struct, frozen=True, array_like=True):
    """One schema."""

    where: str
    """Its place, `roadmap#/properties/title`: the document, and a JSON Pointer into it."""
    keywords: dict[str, Any]
    """Arguments by keyword. A subschema is the number of its node, a reference a pair of that
    number and the frames of the stack that a call takes until the next reference. The keyword
    `false` stands for the schema that nothing fits."""

    def inside(self) -> list[int]:
        """The nodes of its subschemas."""
        found: list[int] = []
        for keyword, argument in self.keywords.items():
            if keyword in ONE:
                found.append(argument)
            elif keyword in MANY:
                found += argument
            elif keyword in ("properties", "dependentSchemas"):
                found += argument.values()
            elif keyword == "patternProperties":
                found += [entry[2] for entry in argument]
        return found

    def leads_to(self) -> list[int]:
        """The nodes of its subschemas and those that it refers to."""
        return [
            *self.inside(),
            *(self.keywords[one][0] for one in REFERENCES if one in self.keywords),
        ]


class Program(Struct, frozen=True):
    """The compiled schemas of a table."""

    nodes: tuple[Node, ...] = ()
    roots: dict[str, int] = field(default_factory=dict)
    """The node of each schema, by the name of its document."""

    def reached(self, name: str) -> "Iterator[Node]":
        """Every node that the schema of this name can lead to."""
        waiting, known = [self.roots[name]], {self.roots[name]}
        while waiting:
            node = self.nodes[waiting.pop()]
            yield node
            for number in node.leads_to():
                if number not in known:
                    known.add(number)
                    waiting.append(number)


class Objection(NamedTuple):
    """Why a schema is refused: the way from the document's top to the place, and a sentence."""

    document: str
    path: tuple[str | int, ...]
    message: str
