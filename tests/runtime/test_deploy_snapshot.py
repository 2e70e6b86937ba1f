"""Each Worker survives what Cloudflare does at a deploy: a snapshot of memory after its imports.

Such a snapshot cannot hold references to JavaScript objects, and fails where an import made one.
Nothing was run on Cloudflare; workerd here takes and loads the same kind of snapshot.
"""

import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from runtime.host import Host
from runtime.plan import Plan, Worker
from runtime.project import CONFIGS
from runtime.pyodide import bundle_options

FILLER = "filler"
SNAPSHOT = "snapshot.bin"


def plan(name: str, folder: Path) -> Plan:
    """The Worker alone; whatever it is bound to is filled by a Worker without a word of Python."""
    config = tomllib.loads(CONFIGS[name].read_text(encoding="utf-8"))
    objects = config.get("durable_objects", {}).get("bindings", [])
    foreign = [entry for entry in objects if "script_name" in entry]
    script = folder / f"{FILLER}.mjs"
    classes = "".join(f"export class {entry['class_name']} {{}}\n" for entry in foreign)
    script.write_text(
        f'export default {{ fetch() {{ return new Response("filler"); }} }};\n{classes}',
        encoding="utf-8",
    )

    def bound(**where: str) -> dict[str, Any]:
        return {
            "durableObjects": {
                entry["name"]: {"className": entry["class_name"], "useSQLite": True, **where}
                for entry in foreign
            }
        }

    worker = Worker(
        config=CONFIGS[name],
        service_bindings={entry["binding"]: FILLER for entry in config.get("services", [])},
        options=bound(scriptName=FILLER) if foreign else {},
    )
    return Plan(workers=(worker, Worker(script=script, options=bound())))


def start(name: str, folder: Path, *options: str) -> int:
    """Start the Worker, ask it for its root, and return the status of the answer."""
    host = Host(plan(name, folder), (*bundle_options(), *options))
    try:
        worker = tomllib.loads(CONFIGS[name].read_text(encoding="utf-8"))["name"]
        url = host.wait_ready(60).urls[worker]
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
    finally:
        host.stop()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_worker_answers_the_same_from_its_snapshot(name: str, tmp_path: Path) -> None:
    where = f"--python-snapshot-dir={tmp_path}"
    fresh = start(name, tmp_path, "--python-save-snapshot", where)
    assert (tmp_path / SNAPSHOT).stat().st_size > 1_000_000
    assert start(name, tmp_path, f"--python-load-snapshot={SNAPSHOT}", where) == fresh
