"""Each of the five Workers can be deployed: wrangler builds it, alone, from its own folder."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from runtime.project import CONFIGS
from runtime.toolchain import NODE_MODULES, node

PACKAGES = {"auth": {"jwt"}}
SHARED = {"contract", "msgspec", "workers"}


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


@pytest.mark.parametrize("name", CONFIGS)
def test_a_worker_can_be_deployed_alone(name: str, tmp_path: Path) -> None:
    output = tmp_path / "output"
    run = dry_run(CONFIGS[name].parent, output)
    assert run.returncode == 0, run.stdout + run.stderr
    uploaded = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    packages = {path.split("/")[1].removesuffix(".py") for path in uploaded if "python_mod" in path}
    assert packages >= SHARED | PACKAGES.get(name, set())
    assert not [path for path in uploaded if "test" in path.rpartition("/")[2]]


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_of_the_local_runtime_is_deployed(name: str) -> None:
    config = tomllib.loads(CONFIGS[name].read_text(encoding="utf-8"))
    assert "python_workers" in config["compatibility_flags"]
    assert not [flag for flag in config["compatibility_flags"] if "development" in flag]
    assert config["build"]["command"].endswith(f".venv/bin/gateway build {name}")
