"""LocalRuntime: what it reads from wrangler.toml, what a plan lays over it, and what survives."""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from runtime.host import HostError
from runtime.local import LocalRuntime
from runtime.plan import Plan, Worker

WORKERS = Path(__file__).parent / "workers"
FRONT = Worker(config=WORKERS / "front/wrangler.toml")
BACK = Worker(config=WORKERS / "back/wrangler.toml")


def ask(url: str, method: str = "GET") -> str:
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(response.read().decode())


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    state = tmp_path_factory.mktemp("state")
    with LocalRuntime(Plan(workers=(FRONT, BACK), state=state)) as runtime:
        yield runtime


def test_bindings_and_variables_come_from_wrangler_toml(local: LocalRuntime) -> None:
    assert ask(local.url("front")).startswith("hello ")


def test_migrations_are_applied_in_order_before_ready(local: LocalRuntime) -> None:
    assert ask(local.url("back")).startswith("10/")


def test_what_workers_print_is_in_the_log(local: LocalRuntime) -> None:
    start = len(local.log_lines())
    ask(local.url("front"))
    assert local.wait_for_log(r"^asked$", start=start) == "asked"


def test_a_log_line_that_never_comes_is_an_error(local: LocalRuntime) -> None:
    with pytest.raises(TimeoutError, match="no line matches"):
        local.wait_for_log("nobody prints this", timeout=0.1)


def test_a_killed_workerd_comes_back_with_its_state_and_addresses(
    local: LocalRuntime,
) -> None:
    before, pid, urls = ask(local.url("back"), "POST"), local.workerd_pid, local.urls
    local.kill_workerd()
    local.wait_ready()
    assert local.workerd_pid != pid
    assert local.urls == urls
    assert ask(local.url("back")) == before


def test_a_plan_lays_over_what_wrangler_toml_says(local: LocalRuntime, tmp_path: Path) -> None:
    answer = tmp_path / "answer.py"
    answer.write_text('SUFFIX = "?"\n', encoding="utf-8")
    fault = tmp_path / "fault.mjs"
    fault.write_text(
        'export default { fetch: (_, env) => new Response(env.WORD + " from a fault") };\n',
        encoding="utf-8",
    )
    second = replace(
        FRONT,
        name="front-2",
        modules={"answer.py": answer},
        vars={"GREETING": "bye"},
        service_bindings={"BACK": "fault"},
    )
    script = Worker(script=fault, vars={"WORD": "nothing"})
    local.reload(Plan(workers=(FRONT, BACK, second, script)))
    assert ask(local.url("front-2")) == "bye nothing from a fault?"
    assert ask(local.url("front")).startswith("hello ")


def test_a_worker_that_cannot_be_imported_is_an_error_with_its_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "answer.py"
    broken.write_text("SUFFIX = \n", encoding="utf-8")
    plan = Plan(workers=(replace(FRONT, modules={"answer.py": broken}), BACK))
    with pytest.raises(HostError) as caught, LocalRuntime(plan):
        pass
    assert "SyntaxError" in "".join(caught.value.__notes__)


def test_dev_vars_are_read_only_where_the_plan_says_so(tmp_path: Path) -> None:
    (tmp_path / "wrangler.toml").write_text(
        'name = "vars"\nmain = "worker.mjs"\ncompatibility_date = "2026-11-17"\n'
        '[vars]\nFROM = "wrangler.toml"\n',
        encoding="utf-8",
    )
    (tmp_path / "worker.mjs").write_text(
        "export default { fetch: (_, env) => new Response(env.FROM) };\n", encoding="utf-8"
    )
    (tmp_path / ".dev.vars").write_text("FROM=.dev.vars\n", encoding="utf-8")
    plan = Plan(workers=(Worker(config=tmp_path / "wrangler.toml"),))
    with LocalRuntime(plan, options=()) as runtime:
        assert ask(runtime.url("vars")) == "wrangler.toml"
        runtime.reload(replace(plan, dev_vars=True))
        assert ask(runtime.url("vars")) == ".dev.vars"
        pid = runtime.workerd_pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
