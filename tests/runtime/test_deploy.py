"""Each of the five Workers can be deployed: wrangler builds it, alone, from its own folder."""

import ast
import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from runtime.project import CONFIGS
from runtime.toolchain import NODE_MODULES, node

SDK = {
    "_workers_sdk_entropy_import_context.py",
    "_workers_sdk_package_patches.py",
    "_workers_sdk_patch_loader.pth",
    "_workers_sdk_patch_loader.py",
    "asgi.py",
    "workers",
}
"""What the package workers-runtime-sdk installs."""
PACKAGES = {"contract", "msgspec"}
PLATFORM = {"js", "pyodide", "workers"}
"""Modules that come with workerd, or want it."""

UPLOADED = {
    "gateway": {
        "": """
            addresses application bodies compiled_routes hardening health identities identity_keys
            memory messages pipeline ports reference resting security_headers settings tracing
            worker
        """,
        "admin": """
            __init__ audit breakers cache endpoint endpoints health host keys plane purge tables
            trail
        """,
        "breakers": "__init__ settings talk view",
        "caching": """
            __init__ ages answering cache_status codings collapsing conditions counting
            dates decide decision directives entity_tags entries explaining fetching
            flight freshness invalidation keying keys leases lists memory_tier
            negotiating purger purges ranges refreshing request serving settings shelf
            stored storing structured_fields tags targeted tiers updating vary
        """,
        "edge": """
            __init__ adapters asking border convert driver idle objects services shared_cache
            signing upload
        """,
        "ends": """
            __init__ aggregate backends choice compile_aggregate credentials edits forwarding mirror
            redirect respond settings
        """,
        "idempotency": "__init__ answers keys settings",
        "limiting": """
            __init__ address_guard compile fallback keys limited limiter penalties settings
            tiers
        """,
        "plugins": "__init__ pricing",
        "policies": """
            __init__ authenticate authorize bulkhead cache circuit_breaker cors credentials csrf
            dispatch fallback guard idempotency invalidate key_places lifecycle load_shedding
            maintenance network plugin
            rate_limit rate_limit_by_plan retry transform validate websocket
        """,
        "resilience": "__init__ backoff budget faults load permits repeating settings surroundings",
        "routing": """
            __init__ ambiguity changes compile compile_ends conditions ends limits locations match
            meeting parameters paths patterns precedence query regexes resolve route_match schemas
            sessions successors table texts tree units versions
        """,
        "routing/check": """
            __init__ access caching changes collisions cors credentials ends finding idempotency
            limits routes schemas services transforms versions
        """,
        "schema": """
            __init__ applicators assertions checker compile equality formats keywords numbers
            patterns program run scan settings shapes texts
        """,
        "tables": "__init__ document live pace sharing",
        "transforms": """
            __init__ cast check documents entity_tags fields member operations percent pointer
            roundtrip settings target templates
        """,
    },
    "auth": {
        "": "announcing fetching worker",
        "identity": """
            __init__ announcements api_keys attempts claims clients demo grants handle
            http_lifetime issuer_keys issuers key_endpoint keys metadata_endpoint oauth passwords
            revocation_endpoint service session_endpoint sessions store
            token_endpoint tokens verification
        """,
    },
    "data": {"": "worker", "roadmaps": "__init__ api conditional cursor models store"},
    "cache": {"": "worker", "store": "__init__ entry tiers"},
    "state": {
        "": "worker",
        "state": """
            __init__ audit_log audit_trail breaker_directory cache_lease cache_statistics
            change_feed circuit_breaker idempotency rate_limiter record
        """,
    },
}
MODULES = {
    worker: {
        f"{package}/{name}.py".removeprefix("/")
        for package, names in packages.items()
        for name in names.split()
    }
    for worker, packages in UPLOADED.items()
}
"""Every module that a Worker uploads, but for packages. A new one is entered here on purpose."""


def dry_run(folder: Path, output: Path) -> subprocess.CompletedProcess[str]:
    wrangler = NODE_MODULES / "wrangler" / "bin" / "wrangler.js"
    environment = {
        "PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(output.parent),
        "CI": "1",
        "WRANGLER_SEND_METRICS": "false",
    }
    return subprocess.run(
        [str(node()), str(wrangler), "deploy", "--dry-run", "--outdir", str(output)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with all that wrangler would upload of a Worker."""

    @cache
    def upload(name: str) -> Path:
        output = tmp_path_factory.mktemp(name) / "output"
        run = dry_run(CONFIGS[name].parent, output)
        assert run.returncode == 0, run.stdout + run.stderr
        return output

    return upload


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_worker_uploads_its_modules_and_nothing_else(
    name: str, uploads: Callable[[str], Path]
) -> None:
    uploaded = files_in(uploads(name))
    vendored = {path for path in uploaded if path.startswith("python_modules/")}
    # wrangler writes a note about the folder itself.
    assert uploaded - vendored - {"README.md"} == MODULES[name]
    packages = {path.split("/")[1] for path in vendored}
    assert packages == {*SDK, *PACKAGES}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_import_finds_its_module_in_the_upload(
    name: str, uploads: Callable[[str], Path]
) -> None:
    folder = uploads(name)
    roots = (folder, folder / "python_modules")
    missing = [
        (path, imported)
        for path in MODULES[name]
        for imported in imports_of(folder / path)
        if imported.partition(".")[0] not in sys.stdlib_module_names | PLATFORM
        and not any(is_module(root / imported.replace(".", "/")) for root in roots)
    ]
    assert missing == []


def imports_of(path: Path) -> Iterator[str]:
    for part in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(part, ast.Import):
            yield from (alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            assert part.level == 0, f"{path}: a relative import"
            yield str(part.module)


def is_module(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or path.is_dir()


@pytest.mark.parametrize("name", CONFIGS)
def test_the_core_is_imported_by_the_same_names_on_this_machine(name: str) -> None:
    """What is no business of the platform's: the rest cannot be imported without it."""
    root = CONFIGS[name].parent / {"gateway": "gateway"}.get(name, "src")
    for path in sorted(MODULES[name] - {"worker.py", "compiled_routes.py"}):
        platform = PLATFORM & {imported.partition(".")[0] for imported in imports_of(root / path)}
        if platform or path.startswith("edge/"):
            continue
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        found = importlib.util.find_spec(module)
        assert found is not None
        assert found.origin is not None
        assert Path(found.origin).resolve() == (root / path).resolve()
        importlib.import_module(module)


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_of_the_local_runtime_is_deployed(name: str) -> None:
    config = tomllib.loads(CONFIGS[name].read_text(encoding="utf-8"))
    assert "python_workers" in config["compatibility_flags"]
    assert not [flag for flag in config["compatibility_flags"] if "development" in flag]
    assert config["build"]["command"].endswith(f".venv/bin/gateway build {name}")
