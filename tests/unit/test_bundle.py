"""The Pyodide bundle: its edits of the loader, and its bytes read back as Cap'n Proto."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from runtime.bundle import BundleError, build_bundle
from runtime.capnp import Module, Payload, encode_bundle
from runtime.toolchain import PYODIDE

# What the loader of the pinned Pyodide contains as often as the builder expects.
LOADER_PLACES = {
    "export default _createPyodideModule": 1,
    "new WebAssembly.Module(": 4,
    "WebAssembly.instantiate(": 2,
    "crypto.getRandomValues(view)": 1,
    "Date.now()": 22,
}


class Read(NamedTuple):
    """A module as a reader of the message sees it."""

    kind: int
    payload: int
    name: str
    content: bytes


def read_message(message: bytes) -> Iterator[Read]:
    """Follow the pointers of a single-segment message, knowing nothing of how it was written."""
    segments, words = struct.unpack_from("<II", message)
    assert segments == 0
    body = message[8:]
    assert len(body) == words * 8

    def pointer(at: int) -> tuple[int, int, int]:
        """Target word, low three bits and count of the list pointer at word `at`."""
        low, high = struct.unpack_from("<iI", body, at * 8)
        assert low & 3 == 1, "a list pointer"
        return at + 1 + (low >> 2), high & 7, high >> 3

    def blob(at: int) -> bytes:
        target, size, count = pointer(at)
        assert size == 2, "a list of bytes"
        return body[target * 8 : target * 8 + count]

    root, data_words, pointers = struct.unpack_from("<iHH", body)
    assert (root & 3, data_words, pointers) == (0, 0, 1)
    tag, size, total = pointer(1 + (root >> 2))
    assert size == 7, "a composite list"
    count, element_data, element_pointers = struct.unpack_from("<iHH", body, tag * 8)
    step = element_data + element_pointers
    assert total == (count >> 2) * step
    for index in range(count >> 2):
        at = tag + 1 + index * step
        kind, payload = struct.unpack_from("<HH", body, at * 8)
        assert body[(at + element_data + 2) * 8 : (at + step) * 8] == bytes(16), "two null pointers"
        name = blob(at + element_data)
        assert name.endswith(b"\0")
        yield Read(kind, payload, name[:-1].decode(), blob(at + element_data + 1))


def loader(**places: int) -> str:
    """The text of a loader with these places, as often as said."""
    rest = {
        "function loadLibData(){": 1,
        "getMemory(metadata.memorySize+memAlign)": 1,
        "HEAPU32[(closure>>2)+0>>>0]=index;return closure}": 1,
        "freeTableIndexes.push(index);_free(closure)}": 1,
        "=eval(func)": 2,
        "eval(UTF8ToString(ptr))": 3,
        "eval(data)": 1,
    }
    wanted = {**LOADER_PLACES, **rest, **places}
    return ";\n".join(text for text, hits in wanted.items() for _ in range(hits))


def package(folder: Path, source: str) -> Path:
    (folder / "pyodide.asm.mjs").write_text(source, encoding="utf-8")
    (folder / "pyodide.asm.wasm").write_bytes(b"\0asm")
    (folder / "python_stdlib.zip").write_bytes(b"PK")
    return folder


@pytest.mark.parametrize("lengths", [[], [0], [1], [8], [7, 9, 16], [1_000_003, 0, 5]])
def test_a_message_reads_back_as_it_was_written(lengths: list[int]) -> None:
    modules = [
        Module("m" * length, Payload(index % 4), bytes([index]) * length)
        for index, length in enumerate(lengths)
    ]
    message = encode_bundle(modules)
    assert [(read.name, read.payload, read.content) for read in read_message(message)] == modules
    assert all(read.kind == 2 for read in read_message(message)), "internal modules"


def test_the_pinned_pyodide_gives_three_modules() -> None:
    first, second, third = read_message(build_bundle(PYODIDE))
    assert (first.name, first.payload) == ("pyodideRuntime-internal:pyodide.asm", Payload.SOURCE)
    assert (second.name, second.payload) == (
        "pyodideRuntime-internal:pyodide.asm.wasm",
        Payload.WASM,
    )
    assert (third.name, third.payload) == (
        "pyodideRuntime-internal:python_stdlib.zip",
        Payload.DATA,
    )
    assert second.content == (PYODIDE / "pyodide.asm.wasm").read_bytes()
    assert third.content == (PYODIDE / "python_stdlib.zip").read_bytes()
    assert first.content.isascii()
    assert not re.search(rb"Date\.now\(\)|new WebAssembly\.Module\(|export default", first.content)


def test_the_bundle_is_deterministic(tmp_path: Path) -> None:
    folder = package(tmp_path, loader())
    assert build_bundle(folder) == build_bundle(folder)


@pytest.mark.parametrize(("place", "hits"), LOADER_PLACES.items())
@pytest.mark.parametrize("difference", [-1, 1])
def test_another_loader_is_refused(tmp_path: Path, place: str, hits: int, difference: int) -> None:
    found = hits + difference
    folder = package(tmp_path, loader(**{place: found}))
    with pytest.raises(BundleError, match=re.escape(f"has {found} places like `{place}`")):
        build_bundle(folder)


def test_a_loader_that_is_not_ascii_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not ASCII"):
        build_bundle(package(tmp_path, loader() + "é"))


def test_an_incomplete_package_is_named(tmp_path: Path) -> None:
    folder = package(tmp_path, loader())
    (folder / "python_stdlib.zip").unlink()
    with pytest.raises(BundleError, match=r"cannot read .*python_stdlib\.zip"):
        build_bundle(folder)
