"""Builds the Pyodide bundle that workerd loads, from the pinned npm package `pyodide`.

Released workerd fetches this file from a CDN. The bundle named `dev` is its door for local builds:
read from `--pyodide-bundle-disk-cache-dir`, no checksum, no network. Pyodide's loader expects a
browser or Node, so a few places of its text are pointed at workerd's own helpers; each edit counts
its hits, so that a new Pyodide that moved something fails here, in words, and not at run time.
"""

from pathlib import Path
from typing import NamedTuple

from runtime.capnp import Module, Payload, encode_bundle

BUNDLE_NAME = "pyodide_dev.capnp.bin"


class BundleError(Exception):
    """The Pyodide package does not look as this builder expects."""


class Edit(NamedTuple):
    """Replace `old` by `new`, which has to occur exactly `hits` times."""

    old: str
    new: str
    hits: int


_IMPORT = (
    "import {addEventListener, getRandomValues, location, monotonicDateNow, newWasmModule, "
    'patchedLoadLibData, wasmInstantiate} from "pyodide-internal:builtin_wrappers";\n'
)

_NO_EVAL = '(()=>{throw new Error("eval is not available in Workers")})'

_EDITS = (
    Edit("export default _createPyodideModule", "export {_createPyodideModule}", 1),
    # Workers may not compile WebAssembly; workerd's helper may.
    Edit("new WebAssembly.Module(", "newWasmModule(", 4),
    Edit("WebAssembly.instantiate(", "wasmInstantiate(", 2),
    # Entropy is refused outside a request; the helper knows when it may be drawn.
    Edit("crypto.getRandomValues(view)", "getRandomValues(Module, view)", 1),
    # Shared libraries (msgspec) come out of the Worker's own modules.
    Edit(
        "function loadLibData(){",
        "function loadLibData(){"
        "const found=patchedLoadLibData(Module,libName,flags.rpath);"
        "return flags.loadAsync?Promise.resolve(found):found;",
        1,
    ),
    # Snapshots have to know where a library's memory is and which ctypes closures exist.
    Edit(
        "getMemory(metadata.memorySize+memAlign)",
        "Module.getMemoryPatched(Module,libName,metadata.memorySize+memAlign)",
        1,
    ),
    Edit(
        "HEAPU32[(closure>>2)+0>>>0]=index;return closure}",
        "HEAPU32[(closure>>2)+0>>>0]=index;Module.recordFfiClosureAlloc(closure,index);"
        "return closure}",
        1,
    ),
    Edit(
        "freeTableIndexes.push(index);_free(closure)}",
        "Module.recordFfiClosureFree(closure,index);freeTableIndexes.push(index);_free(closure)}",
        1,
    ),
    # The clock stands still between I/O; directory times have to move on all the same.
    Edit("Date.now()", "monotonicDateNow()", 22),
    Edit("=eval(func)", f"={_NO_EVAL}(func)", 2),
    Edit("eval(UTF8ToString(ptr))", f"{_NO_EVAL}(UTF8ToString(ptr))", 3),
    Edit("eval(data)", f"{_NO_EVAL}(data)", 1),
)


def build_bundle(pyodide: Path) -> bytes:
    """Return the bundle built from the npm package unpacked at `pyodide`.

    Deterministic: the same package gives the same bytes. Raises `BundleError` where the package
    is incomplete or its loader differs from the version that the edits were written for.
    """
    return encode_bundle(
        [
            Module(
                "pyodideRuntime-internal:pyodide.asm",
                Payload.SOURCE,
                _edited_loader(_read(pyodide / "pyodide.asm.mjs")).encode("ascii"),
            ),
            Module(
                "pyodideRuntime-internal:pyodide.asm.wasm",
                Payload.WASM,
                _read(pyodide / "pyodide.asm.wasm"),
            ),
            Module(
                "pyodideRuntime-internal:python_stdlib.zip",
                Payload.DATA,
                _read(pyodide / "python_stdlib.zip"),
            ),
        ]
    )


def _edited_loader(source: bytes) -> str:
    try:
        text = source.decode("ascii")
    except UnicodeDecodeError as error:
        raise BundleError(f"pyodide.asm.mjs is not ASCII: {error}") from error
    for edit in _EDITS:
        hits = text.count(edit.old)
        if hits != edit.hits:
            raise BundleError(
                f"pyodide.asm.mjs has {hits} places like `{edit.old}`, expected {edit.hits}: "
                "this Pyodide is not the version that runtime/bundle.py was written for"
            )
        text = text.replace(edit.old, edit.new)
    return _IMPORT + text


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
