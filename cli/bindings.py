"""Which service bindings the gateway has, by its wrangler.toml: what `binding:` may name."""

import tomllib
from pathlib import Path


def declared_bindings(config: Path) -> frozenset[str]:
    """The names of the service bindings in the wrangler.toml at `config`.

    Raises `OSError` and `tomllib.TOMLDecodeError`.
    """
    services = tomllib.loads(config.read_text(encoding="utf-8")).get("services", [])
    return frozenset(service["binding"] for service in services)
