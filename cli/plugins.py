"""Whether a plug-in that a table names is there: its file is read, never run."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli.wording import did_you_mean
from routing.check import Finding
from routing.table import Table
from runtime.toolchain import ROOT

PLUGINS: Final = ROOT / "gateway" / "plugins"

_MAX_SIZE: Final = 1024 * 1024
"""Bytes. A file that is larger is no plug-in."""


def check_plugins(table: Table, folder: Path = PLUGINS) -> Iterator[Finding]:
    """The routes of `table` whose plug-in is not in `folder`."""
    for position, route in enumerate(table.routes):
        if route.plugin is not None:
            message = plugin_objection(route.plugin, folder)
            if message is not None:
                yield Finding(("routes", position, "plugin"), message)


def plugin_objection(name: str, folder: Path) -> str | None:
    """Why `name`, as in `pricing.add_tax`, is no plug-in below `folder`; `None` where it is one."""
    module, _, function = name.partition(".")
    file = folder / f"{module}.py"
    if not file.is_file():
        modules = sorted(path.stem for path in folder.glob("[!_]*.py"))
        return f"there is no plug-in file `{module}.py`{_hint(module, modules)}"
    try:
        if file.stat().st_size > _MAX_SIZE:
            return f"`{module}.py` is larger than {_MAX_SIZE} bytes"
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        place = f", line {line}" if line else ""
        return f"`{module}.py` is no Python{place}: {getattr(error, 'msg', None) or error}"
    except OSError as error:
        return f"`{module}.py` cannot be read: {error.strerror}"
    return _function_objection(tree, module, function)


def _function_objection(tree: ast.Module, module: str, function: str) -> str | None:
    asynchronous = {node.name: node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    if function not in asynchronous:
        if any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body):
            return f"`{function}` in `{module}.py` has to be an `async def`"
        public = [name for name in asynchronous if not name.startswith("_")]
        return f"there is no `async def {function}` in `{module}.py`{_hint(function, public)}"
    arguments = asynchronous[function].args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    if not required <= 2 <= len(positional) or None in arguments.kw_defaults:
        return f"`{function}` in `{module}.py` has to take `exchange` and `next`, and no more"
    return None


def _hint(name: str, known: list[str]) -> str:
    return did_you_mean(name, known) or f" (known: {', '.join(known) or 'none'})"
