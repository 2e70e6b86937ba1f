"""What the local host is asked to run: a list of Workers and where they keep their state.

Bindings, dates and flags are not repeated here: the host reads them from each wrangler.toml.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

HOST = "127.0.0.1"


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One Worker: by its wrangler.toml, or by a JavaScript file that has none.

    Everything below `name` is laid over what the configuration says, so that a test can put a fault
    Worker under a binding, or run one Worker several times under several names.
    """

    config: Path | None = None
    """The Worker's wrangler.toml, whose `main` is a .py, .js, .mjs or .ts file."""
    script: Path | None = None
    """Instead of `config`: a JavaScript module. npm packages that it imports are bundled."""
    name: str = ""
    """What bindings call it. Default: the name in `config`, or the script's stem."""
    service_bindings: Mapping[str, str] = {}
    """Binding name to Worker name."""
    vars: Mapping[str, str] = {}
    """Variables and secrets."""
    modules: Mapping[str, Path] = {}
    """Module name to the file that takes its place, such as another `compiled_routes.py`."""
    port: int = 0
    """The port of this Worker's own address; 0 takes a free one."""
    options: Mapping[str, Any] = {}
    """Miniflare's options for a Worker, laid over all the rest: `streamingTails`,
    `durableObjects`, `compatibilityFlags`. Paths in it are relative to the project."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one workerd hosts. The Workers find each other by name, in any order."""

    workers: tuple[Worker, ...]
    state: Path | None = None
    """Folder for D1, KV, the cache and Durable Objects. None keeps nothing after the run."""
    log: Path | None = None
    """File that workerd writes what Workers print to by itself. Without one the host's Node reads
    and passes it on, and takes processor time for each line from what is being measured."""
    registry: Path | None = None
    """Folder through which workerds find each other's Workers: what is bound in one and is not in
    its plan is looked for there, Durable Objects as well."""
    dev_vars: bool = False
    """Whether `.dev.vars` beside each configuration is read. Tests must not depend on it."""
