"""A Worker's wrangler.toml, read; where it is broken, a sentence that says so and where."""

import os
import tomllib
from pathlib import Path
from typing import Any


class ConfigError(Exception):
    """A wrangler.toml is missing or broken; the text names the file."""


def read_config(path: Path) -> dict[str, Any]:
    """What the wrangler.toml at `path` says. Raises `ConfigError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{_shown(path)}: cannot be read: {reason}") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise ConfigError(f"{_shown(path)}: not valid TOML: {error}") from None


def _shown(path: Path) -> str:
    """As somebody who stands in the project would write it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
