"""Debian's Chromium without a window, driven over the DevTools protocol on a pair of pipes.

Pipes (`--remote-debugging-pipe`) need no port and no WebSocket, and so no package: messages are
JSON texts that end in NUL.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 30.0
"""Seconds that a command may take."""

_QUIET: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-proxy-server",
)


_PLACE: Final = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for place, end in zip((3, 4), ends):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads from descriptor 3 and writes to 4: puts the ends of the pipes there."""


class BrowserError(Exception):
    """Chromium did not do what it was told; the text is its own."""


def executable() -> str | None:
    """Where Chromium is, if it is installed."""
    return shutil.which("chromium")


class Browser:
    """One page of a running Chromium."""

    def __init__(self, write: int, read: int) -> None:
        self._write = write
        self._read = read
        self._received = b""
        self._number = 0
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Page.enable")

    def open(self, url: str) -> None:
        """Load the page at `url`, and wait until it is there."""
        self._call("Page.navigate", url=url)
        self._until(lambda message: message.get("method") == "Page.loadEventFired")

    def bypass_csp(self, bypassed: bool) -> None:
        """Whether pages, from the next one on, may do what their CSP forbids."""
        self._call("Page.setBypassCSP", enabled=bypassed)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of its promise, in the page."""
        found = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise BrowserError(json.dumps(found["exceptionDetails"]))
        return found["result"].get("value")

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        return answer["result"]

    def _until(self, wanted: Any) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            text, end, rest = self._received.partition(b"\0")
            if end:
                self._received = rest
                message = json.loads(text)
                if wanted(message):
                    return message
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise BrowserError(f"no answer within {PATIENCE:g} s")
            part = os.read(self._read, 65_536)
            if not part:
                raise BrowserError("Chromium has ended")
            self._received += part


@contextmanager
def browser(profile: Path, hosts: Mapping[str, str]) -> Iterator[Browser]:
    """A Chromium with a new `profile`, for which `hosts` (`name:port`) are at these addresses; all
    other names lead nowhere."""
    program = executable()
    if program is None:
        raise BrowserError("Chromium is not installed: make browser")
    rules = ", ".join([*(f"MAP {name} {to}" for name, to in hosts.items()), "EXCLUDE 127.0.0.1"])
    to_browser, our_write = os.pipe()
    our_read, from_browser = os.pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _PLACE, str(to_browser), str(from_browser)),
            *(program, *_QUIET, "--remote-debugging-pipe"),
            f"--user-data-dir={profile}",
            f"--host-resolver-rules={rules}, MAP * ~NOTFOUND",
            "about:blank",
        ],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Browser(our_write, our_read)
    finally:
        os.close(our_write)
        os.close(our_read)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own: only what it started
            process.wait()
