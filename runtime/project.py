"""The project's own Workers, as a plan for the local host."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cli.compile_table import compile_table, write_module
from runtime.plan import Plan, Worker
from runtime.toolchain import BUILT, ROOT

GATEWAY = "edge-gateway"
"""The name of the gateway Worker; the others are named after it."""
ROUTES = ROOT / "routes.yaml"
STATE = BUILT / "state"

CONFIGS: Mapping[str, Path] = {
    "gateway": ROOT / "wrangler.toml",
    **{path.parent.name: path for path in sorted(ROOT.glob("services/*/wrangler.toml"))},
    "state": ROOT / "durable_objects" / "wrangler.toml",
}
"""By the short name that `gateway build` takes. A new folder in services/ needs no entry here."""


def gateway_worker(
    routes: Path = ROUTES, *, name: str = GATEWAY, port: int = 0, environment: str | None = None
) -> Worker:
    """The gateway with the table in `routes`, whatever table lies in its folder.

    Raises `cli.compile_table.TableErrors`.
    """
    return Worker(
        config=CONFIGS["gateway"],
        name=name,
        port=port,
        modules={"compiled_routes.py": compiled_routes(routes, environment)},
    )


def service_workers() -> tuple[Worker, ...]:
    """All Workers but the gateway."""
    return tuple(Worker(config=path) for name, path in CONFIGS.items() if name != "gateway")


def project_plan(
    routes: Path = ROUTES,
    *,
    port: int = 0,
    state: Path | None = None,
    dev_vars: bool = False,
    environment: str | None = None,
) -> Plan:
    """All Workers as they are deployed, with the table in `environment`.

    Raises `cli.compile_table.TableErrors`.
    """
    workers = (gateway_worker(routes, port=port, environment=environment), *service_workers())
    return Plan(workers=workers, state=state, dev_vars=dev_vars)


def compiled_routes(routes: Path, environment: str | None = None) -> Path:
    """The module that the table in `routes` compiles to, kept by its content.

    Raises `cli.compile_table.TableErrors`.
    """
    key = hashlib.sha256(compile_table(routes, environment=environment)).hexdigest()[:16]
    target = BUILT / "tables" / f"{key}.py"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_module(routes, target, environment=environment)
    return target
