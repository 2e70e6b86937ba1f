"""JSON Pointer (RFC 6901): the address of a place inside a JSON document."""

from typing import Any, Final

MISSING: Final = object()
"""What `Pointer.get` gives where there is nothing."""


class Pointer:
    """A parsed pointer. The empty text addresses the whole document."""

    __slots__ = ("tokens",)

    def __init__(self, text: str) -> None:
        """Raises `ValueError` where `text` is not a JSON Pointer."""
        if text and not text.startswith("/"):
            raise ValueError(f"a JSON Pointer begins with a slash: {text!r}")
        self.tokens = [token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:]]

    def get(self, document: Any) -> Any:
        """The value at this place, or `MISSING`."""
        for token in self.tokens:
            document = _step(document, token)
            if document is MISSING:
                return MISSING
        return document

    def set(self, document: Any, value: Any) -> Any:
        """Put `value` at this place and return the document.

        Objects on the way are made where they are missing; an array is entered only at an index
        that it has. Where the way is blocked by another kind of value nothing changes.
        """
        if not self.tokens:
            return value
        parent = document
        for token in self.tokens[:-1]:
            child = _step(parent, token)
            if child is MISSING:
                if not isinstance(parent, dict):
                    return document
                child = parent[token] = {}
            parent = child
        last = self.tokens[-1]
        if isinstance(parent, dict):
            parent[last] = value
        elif isinstance(parent, list) and _is_index(last) and int(last) < len(parent):
            parent[int(last)] = value
        return document

    def leads_somewhere(self, document: Any) -> bool:
        """Whether `set` would put a value at this place."""
        parent = document
        for token in self.tokens[:-1]:
            child = _step(parent, token)
            if child is MISSING:
                return isinstance(parent, dict)
            parent = child
        return (
            isinstance(parent, dict)
            or not self.tokens
            or (_step(parent, self.tokens[-1]) is not MISSING)
        )

    def take(self, document: Any) -> Any:
        """Remove the value at this place and return it, or `MISSING`. Never the whole document."""
        parent = document
        for token in self.tokens[:-1]:
            parent = _step(parent, token)
            if parent is MISSING:
                return MISSING
        last = self.tokens[-1]
        if isinstance(parent, dict):
            return parent.pop(last, MISSING)
        if isinstance(parent, list) and _is_index(last) and int(last) < len(parent):
            return parent.pop(int(last))
        return MISSING

    def put_back(self, document: Any, value: Any) -> None:
        """Undo `take`, as long as nothing else has changed."""
        parent = document
        for token in self.tokens[:-1]:
            parent = _step(parent, token)
        last = self.tokens[-1]
        if isinstance(parent, dict):
            parent[last] = value
        elif isinstance(parent, list):
            parent.insert(int(last), value)


def _step(value: Any, token: str) -> Any:
    if isinstance(value, dict):
        return value.get(token, MISSING)
    if isinstance(value, list) and _is_index(token) and int(token) < len(value):
        return value[int(token)]
    return MISSING


def _is_index(token: str) -> bool:
    """RFC 6901, section 4: digits without a leading zero."""
    return token.isascii() and token.isdigit() and (token == "0" or token[0] != "0")  # noqa: S105
