"""The supervisor in a process of its own: what it prints, what keeps running, what it leaves."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.toolchain import ROOT

SUPERVISED = Path(__file__).with_name("supervised.py")
PATIENCE = 40.0
"""Seconds that a line may take; a line that comes ends the wait at once."""


def start(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, str(SUPERVISED), str(folder)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )


class Supervised:
    """A running supervisor and the lines that it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answer('"!"')
        self.process = start(folder)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        ready = self.wait_for(r"^ready (\S+) (\d+)$")
        self.url, self.workerd = ready[1], int(ready[2])

    def answer(self, suffix: str) -> None:
        """Write the source that is watched, in one step as editors do."""
        prepared = self.folder / "answer.new"
        prepared.write_text(f"SUFFIX = {suffix}\n", encoding="utf-8")
        prepared.replace(self.folder / "answer.py")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first line from here on that matches."""
        seen = []
        while True:
            try:
                seen.append(self._lines.get(timeout=PATIENCE))
            except queue.Empty:
                raise AssertionError(f"no line {pattern!r} in {seen}") from None
            found = re.search(pattern, seen[-1])
            if found:
                return found

    def ask(self, method: str = "GET") -> str:
        request = urllib.request.Request(self.url, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            return str(response.read().decode())

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())


def status(pid: int) -> list[str]:
    """State, parent and so on, as the kernel tells them; nothing for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, each after its parent."""
    all_processes = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    below = [pid]
    for parent in below:
        below += [child for child in all_processes if status(child)[1:2] == [str(parent)]]
    return below[1:]


def alive(pid: int) -> bool:
    return status(pid)[:1] not in ([], ["Z"])


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    running = Supervised(tmp_path_factory.mktemp("supervised"))
    yield running
    running.process.terminate()
    running.process.wait(20)


def test_a_killed_workerd_is_started_again(supervised: Supervised) -> None:
    before = supervised.ask("POST")
    os.kill(supervised.workerd, signal.SIGKILL)
    supervised.wait_for("workerd died; starting it again")
    again = supervised.wait_for(r"running again .* \(workerd (\d+)\)")
    assert int(again[1]) != supervised.workerd
    assert supervised.ask() == before
    supervised.workerd = int(again[1])


def test_a_workerd_killed_while_it_starts_is_started_again(supervised: Supervised) -> None:
    before = supervised.ask("POST")
    host, workerd = descendants(supervised.process.pid)
    os.kill(workerd, signal.SIGKILL)
    supervised.wait_for("workerd died; starting it again")
    while not (starting := [pid for pid in descendants(host) if pid != workerd]):
        pass
    os.kill(starting[0], signal.SIGKILL)
    supervised.url = supervised.wait_for(r"running again .*: (http://\S+)")[1]
    assert supervised.ask() == before


def test_a_killed_host_is_started_again(supervised: Supervised) -> None:
    before = supervised.ask("POST")
    host, workerd = descendants(supervised.process.pid)
    os.kill(host, signal.SIGKILL)
    supervised.wait_for("the host stopped")
    # Nobody asked for a certain port, so the new host took another one.
    supervised.url = supervised.wait_for(r"running again .*: (http://\S+)")[1]
    assert not alive(workerd)
    assert supervised.ask() == before


@pytest.mark.parametrize("suffix", ["one", "two"])
def test_a_change_is_loaded(supervised: Supervised, suffix: str) -> None:
    supervised.answer(f'"{suffix}"')
    supervised.wait_for("changed: answer.py")
    supervised.wait_for("running again")
    assert supervised.ask().endswith(suffix)


def test_a_source_that_is_refused_leaves_the_last_good_one(supervised: Supervised) -> None:
    before = supervised.ask()
    supervised.answer("typo")
    supervised.wait_for("answer.py:1:1: there is a typo")
    supervised.wait_for("the last good one keeps running")
    assert supervised.ask() == before


def test_a_folder_that_was_removed_leaves_the_last_good_one(supervised: Supervised) -> None:
    before = supervised.ask()
    supervised.answer('"gone"')
    supervised.wait_for("wrangler.toml: cannot be read: no such file")
    supervised.wait_for("the last good one keeps running")
    assert supervised.ask() == before


def test_code_that_cannot_run_waits_for_the_next_change(supervised: Supervised) -> None:
    supervised.answer("")
    supervised.wait_for("SyntaxError")
    supervised.wait_for("waiting for the next change")
    supervised.answer('"mended"')
    supervised.wait_for("running again")
    assert supervised.ask().endswith("mended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    running = Supervised(tmp_path)
    below = descendants(running.process.pid)
    assert len(below) == 2, "the host and workerd"
    running.process.send_signal(number)
    running.wait_for("^stopped$")
    assert running.process.wait(20) == 0
    assert not any(map(alive, below))


def test_what_does_not_start_the_first_time_is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text("SUFFIX = \n", encoding="utf-8")
    output, _ = start(tmp_path).communicate(timeout=PATIENCE)
    assert "SyntaxError" in output
    assert "not started: The Workers runtime failed to start" in output
