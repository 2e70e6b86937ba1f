"""Two sites in a real browser: one that the tests' table allows, one that it does not."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from runtime.local import LocalRuntime
from tests.browser.chromium import Browser, browser, executable
from tests.plan import LABS

ALLOWED = "http://allowed.test:8000"
REFUSED = "http://refused.test:8000"
API = "http://api.test:9000"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if executable() is None:
        for item in items:
            if "tests/browser/" in item.nodeid:
                item.add_marker(pytest.mark.skip(reason="no Chromium: make browser"))


class _Page(BaseHTTPRequestHandler):
    """The same empty page at every address."""

    def do_GET(self) -> None:
        content = b"<!doctype html><title>a page</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Nothing: tests say what they want to know."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Host and port of the pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def chromium(
    runtime: LocalRuntime, site: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A Chromium that finds the sites and the gateway under the names above."""
    api = urlsplit(runtime.url(LABS[0])).netloc
    hosts = {urlsplit(ALLOWED).netloc: site, urlsplit(REFUSED).netloc: site}
    hosts[urlsplit(API).netloc] = api
    with browser(tmp_path_factory.mktemp("profile"), hosts) as started:
        yield started


@pytest.fixture
def fetched(chromium: Browser) -> Callable[[str, str], object]:
    """What `fetch(…)` in a page of an origin comes to: `fetched(origin, arguments)`."""

    def fetch(origin: str, arguments: str) -> object:
        chromium.open(f"{origin}/")
        return chromium.evaluate(
            f"fetch({arguments}).then("
            "async answer => ({status: answer.status, type: answer.type, text: await answer.text(),"
            " seen: [...answer.headers.keys()]}), failure => String(failure))"
        )

    return fetch
