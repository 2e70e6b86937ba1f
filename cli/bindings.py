"""Which service bindings the gateway has, by its wrangler.toml: what `binding:` may name."""

from collections.abc import Iterable
from pathlib import Path

from runtime.config import ConfigError, read_config


def declared_bindings(config: Path) -> frozenset[str]:
    """The names of the service bindings in the wrangler.toml at `config`. Raises `ConfigError`."""
    services = read_config(config).get("services", [])
    try:
        return frozenset(str(service["binding"]) for service in services)
    except (KeyError, TypeError):
        raise ConfigError(f"{config.name}: each [[services]] needs a `binding`") from None


def require_services(config: Path, workers: Iterable[Path]) -> None:
    """Check that each service binding of the wrangler.toml at `config` leads to one of those at
    `workers`. Raises `ConfigError`."""
    names = {read_config(worker).get("name") for worker in workers}
    declared_bindings(config)
    for service in read_config(config).get("services", []):
        if service.get("service") not in names:
            raise ConfigError(
                f"{config.name}: the binding {service['binding']} is for the Worker "
                f"`{service.get('service')}`, of which there was no folder in services/ when this "
                "was started"
            )
