"""Which service bindings the gateway has, by its wrangler.toml: what `binding:` may name."""

from pathlib import Path

from runtime.config import ConfigError, read_config


def declared_bindings(config: Path) -> frozenset[str]:
    """The names of the service bindings in the wrangler.toml at `config`. Raises `ConfigError`."""
    services = read_config(config).get("services", [])
    try:
        return frozenset(str(service["binding"]) for service in services)
    except (KeyError, TypeError):
        raise ConfigError(f"{config.name}: each [[services]] needs a `binding`") from None
