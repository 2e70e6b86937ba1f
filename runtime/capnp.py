"""A writer for one Cap'n Proto message shape: a struct holding a list of modules.

workerd reads a Pyodide bundle in this form. Only what that needs is here: one segment, a root
struct with one pointer, and one composite list. Layout: https://capnproto.org/encoding.html
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

WORD = 8


class Payload(IntEnum):
    """The member of the `Module` union that a payload is stored under."""

    SOURCE = 0
    WASM = 1
    DATA = 2
    JSON = 3


class Module(NamedTuple):
    """One module of a bundle: its name, the kind of its payload, and the payload's bytes."""

    name: str
    payload: Payload
    content: bytes


_INTERNAL = 2  # ModuleType.internal: visible to workerd's own modules only
_MODULE_DATA_WORDS = 1
_MODULE_POINTERS = 4
_MODULE_WORDS = _MODULE_DATA_WORDS + _MODULE_POINTERS
_BYTE_LIST = 2  # element size code of a list of bytes


def encode_bundle(modules: Sequence[Module]) -> bytes:
    """Encode `modules` as one segment whose root is `Bundle(modules :List(Module))`."""
    # Word 0 is the root pointer, word 1 the root's only pointer, word 2 the list's tag, then the
    # list's elements; every text and blob follows in the order in which it is met.
    first_element = 3
    tail_start = first_element + len(modules) * _MODULE_WORDS
    head = bytearray(tail_start * WORD)
    tail = bytearray()

    _put(head, 0, _struct_pointer(offset=0, data_words=0, pointers=1))
    _put(head, 1, _list_pointer(offset=0, size_code=7, count=len(modules) * _MODULE_WORDS))
    _put(head, 2, _struct_pointer(len(modules), _MODULE_DATA_WORDS, _MODULE_POINTERS))

    for position, module in enumerate(modules):
        at = first_element + position * _MODULE_WORDS
        _put(head, at, struct.pack("<HHI", _INTERNAL, module.payload, 0))
        for slot, blob in enumerate((module.name.encode() + b"\0", module.content)):
            pointer_at = at + _MODULE_DATA_WORDS + slot
            target = tail_start + len(tail) // WORD
            _put(head, pointer_at, _list_pointer(target - pointer_at - 1, _BYTE_LIST, len(blob)))
            tail += blob + bytes(-len(blob) % WORD)

    words = (len(head) + len(tail)) // WORD
    return struct.pack("<II", 0, words) + bytes(head) + bytes(tail)


def _put(buffer: bytearray, word: int, value: bytes) -> None:
    buffer[word * WORD : (word + 1) * WORD] = value


def _struct_pointer(offset: int, data_words: int, pointers: int) -> bytes:
    return struct.pack("<iHH", offset << 2, data_words, pointers)


def _list_pointer(offset: int, size_code: int, count: int) -> bytes:
    return struct.pack("<iI", (offset << 2) | 1, (count << 3) | size_code)
