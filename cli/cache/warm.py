"""`gateway cache warm`: has answers stored before anybody asks, through the public routes."""

import argparse
import http.client
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from cli.terminal import console, fail, printable, write_json

_TIMEOUT: Final = 30.0
_MAX_BODY: Final = 64 * 1024 * 1024
_MAX_URLS: Final = 100_000
_MAX_CONCURRENCY: Final = 64
_CACHE: Final = "edge-gateway"
_USUAL: Final = {"User-Agent": "gateway-command", "Accept-Encoding": "br, gzip"}
"""The second as nearly all clients have it, and Cloudflare's edge for them: what is stored for
those who accept no coding would be of use to few."""


class Warmed(NamedTuple):
    """What came of one URL."""

    url: str
    result: str
    """`stored`, `hit`, `not stored` or `failed`."""
    detail: str
    """The status and Cache-Status, or why there are none."""


class _AsItIs(urllib.request.HTTPErrorProcessor):
    """Every status is an answer; nothing is followed."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    def https_response(self, request: Any, response: Any) -> Any:
        return response


def register(actions: Any) -> None:
    """Add the action to the parser of `gateway cache`."""
    parser = actions.add_parser(
        "warm",
        help="have answers stored before anybody asks for them",
        description="Asks for each URL as a client would, without credentials. That fills the tier "
        "that all share, and the one of the data centre that this machine reaches.",
        epilog="Exit status: 0 all are stored, 1 some are not, 2 wrong use.",
    )
    parser.add_argument("urls", nargs="*", metavar="URL", help="absolute")
    parser.add_argument("--file", metavar="FILE", help="with one URL a line; - is standard input")
    parser.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="to ask with; for answers that vary, once for each run",
    )
    parser.add_argument(
        "--concurrency", type=int, default=8, metavar="N", help="requests at once; default: 8"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask for all of them."""
    try:
        urls = list(dict.fromkeys((*options.urls, *_listed(options.file))))
        fields = dict(_field(text) for text in options.header)
        _check(urls, options.concurrency)
    except (OSError, ValueError) as error:
        return fail("cache warm", str(error))
    opener = urllib.request.build_opener(_AsItIs)
    with ThreadPoolExecutor(options.concurrency) as pool:
        results = list(pool.map(lambda url: _warm(opener, url, fields), urls))
    missed = [one for one in results if one.result not in ("stored", "hit")]
    if options.json:
        write_json([one._asdict() for one in results])
        return 1 if missed else 0
    terminal = console()
    for one in missed:
        terminal.print(printable(f"{one.result}: {one.url}: {one.detail}"), soft_wrap=True)
    counts = Counter(one.result for one in results)
    said = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    terminal.print(f"{len(results)} URLs: {said}")
    return 1 if missed else 0


def _warm(opener: urllib.request.OpenerDirector, url: str, fields: dict[str, str]) -> Warmed:
    request = urllib.request.Request(url, headers={**_USUAL, **fields})  # noqa: S310  (checked)
    try:
        with opener.open(request, timeout=_TIMEOUT) as response:
            told = response.headers.get("Cache-Status", "")
            status = int(response.status)
            # To the end, as what breaks off is not stored.
            left = _MAX_BODY
            while left > 0 and (chunk := response.read(min(65_536, left))):
                left -= len(chunk)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Warmed(url, "failed", str(getattr(error, "reason", error)))
    return Warmed(url, _result(told), f"{status} {told}".rstrip())


def _result(told: str) -> str:
    """What our member of Cache-Status (RFC 9211) says: it is the last, as the nearest cache."""
    for member in reversed(told.split(",")):
        name, *parameters = (part.strip() for part in member.split(";"))
        if name == _CACHE:
            if "hit" in parameters or "collapsed" in parameters:
                return "hit"
            return "stored" if "stored" in parameters else "not stored"
    return "not stored"


def _listed(file: str | None) -> Iterator[str]:
    if file is None:
        return
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    for line in text.splitlines():
        url = line.strip()
        if url and not url.startswith("#"):
            yield url


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"expected a field such as 'Accept: text/html', found {text[:100]!r}")
    return name.strip(), value.strip()


def _check(urls: list[str], concurrency: int) -> None:
    if not urls:
        raise ValueError("name URLs, or a --file with some")
    if len(urls) > _MAX_URLS:
        raise ValueError(f"at most {_MAX_URLS} URLs at once")
    if not 1 <= concurrency <= _MAX_CONCURRENCY:
        raise ValueError(f"--concurrency is from 1 to {_MAX_CONCURRENCY}")
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"expected an absolute URL, found {url[:100]!r}")
