"""What the local host is asked to run: a list of Workers and where they keep their state.

Bindings, dates and flags are not repeated here: the host reads them from each Worker's wrangler.toml.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

HOST = "127.0.0.1"


class Worker(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One Worker of the plan: a wrangler.toml, or a JavaScript file that has none.

    Relative paths are relative to the working folder. Everything below `name` is laid over what the
    configuration says, so that a test can put a fault Worker under a binding or run one Worker
    several times under several names.
    """

    config: Path | None = None
    """The Worker's wrangler.toml; its `main` ends with .py or with .js, .mjs or .ts."""
    script: Path | None = None
    """Instead of `config`: a JavaScript module; packages that it imports are bundled."""
    name: str = ""
    """The name that bindings use. Default: the one in `config`, or the script's stem."""
    service_bindings: Mapping[str, str] = {}
    """Binding name to Worker name."""
    durable_objects: Mapping[str, str] = {}
    """Binding name to the name of a Durable Object class that this Worker exports."""
    vars: Mapping[str, str] = {}
    """Variables and secrets."""
    modules: Mapping[str, Path] = {}
    """Module name to the file that takes its place, such as another `compiled_routes.py`."""
    routes: Path | None = None
    """For the gateway: a table that is compiled and takes the place of `compiled_routes.py`."""
    streaming_tails: tuple[str, ...] = ()
    """Names of Workers that are told of every span of this one."""
    compatibility_flags: tuple[str, ...] = ()
    """For `script` only; a configuration has its own."""
    port: int = 0
    """The port of this Worker's own address; 0 takes a free one."""
    python_modules: Path | None = None
    """Where the vendored packages are. Default: beside `config`. Filled before the start."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that one workerd hosts. The Workers find each other by name, in any order."""

    workers: tuple[Worker, ...]
    state: Path | None = None
    """Folder for D1, KV, the cache and Durable Objects. None keeps nothing after the run."""
    dev_vars: bool = False
    """Whether `.dev.vars` beside each configuration is read. Tests must not depend on it."""
