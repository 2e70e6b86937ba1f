"""`gateway cache warm`: which URLs are asked for, and what is said of them."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from cli.main import main

TOLD = {
    "/miss": "edge-gateway; fwd=uri-miss; fwd-status=200; stored",
    "/hit": "edge-gateway; hit; ttl=30",
    "/waited": "edge-gateway; fwd=uri-miss; collapsed; ttl=30",
    "/private": "edge-gateway; fwd=uri-miss; fwd-status=200",
    "/behind": "other; hit, edge-gateway; fwd=uri-miss; fwd-status=200",
    "/uncached": "",
}


class Server:
    """A gateway that says `TOLD`, and notes who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.at_once = self.most = 0
        self.lock = Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with server.lock:
                    server.asked.append((self.path, self.headers.get("Accept-Language")))
                    server.at_once += 1
                    server.most = max(server.most, server.at_once)
                self.send_response(301 if self.path == "/hit" else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Cache-Status", TOLD[self.path.partition("?")[0]])
                self.send_header("Content-Length", "0")
                with server.lock:
                    server.at_once -= 1
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    thread = Thread(target=one.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.http.shutdown()
    thread.join()
    one.http.server_close()


def test_what_is_stored_is_told_from_what_is_not(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", "warm", "--json", *(f"{server.url}{path}" for path in TOLD)]) == 1
    results = {
        one["url"].removeprefix(server.url): one for one in json.loads(capsys.readouterr().out)
    }
    assert {path: one["result"] for path, one in results.items()} == {
        "/miss": "stored",
        "/hit": "hit",
        "/waited": "hit",
        "/private": "not stored",
        "/behind": "not stored",
        "/uncached": "not stored",
    }


def test_urls_come_from_a_file_too_each_once_and_a_few_at_once(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "urls"
    lines = ["# the shop", "", *(f"{server.url}/miss?{number}" for number in range(30))]
    file.write_text("\n".join([*lines, *lines]))
    options = ["--file", str(file), "--concurrency", "3", "-H", "Accept-Language: de"]
    assert main(["cache", "warm", *options, f"{server.url}/hit"]) == 0
    assert capsys.readouterr().out == "31 URLs: 1 hit, 30 stored\n"
    assert len(server.asked) == len(set(server.asked)) == 31
    assert {language for _, language in server.asked} == {"de"}
    assert server.most <= 3


def test_who_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "warm", "http://127.0.0.1:1/x"]) == 1
    assert "failed: http://127.0.0.1:1/x: " in capsys.readouterr().out


WRONG = [
    # options, what is said
    ([], "name URLs"),
    (["ftp://example.com/"], "expected an absolute URL"),
    (["/things"], "expected an absolute URL"),
    (["http://example.com/", "--concurrency", "65"], "from 1 to 64"),
    (["http://example.com/", "-H", "accept"], "expected a field"),
    (["--file", "/nowhere/at/all"], "No such file"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_wrong_use_is_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cache", "warm", *options]) == 2
    assert said in capsys.readouterr().err
