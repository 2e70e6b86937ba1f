"""A running gateway, as the commands that publish tables speak to it: by `/-/tables` alone."""

import argparse
import ipaddress
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

URL: Final = "http://127.0.0.1:8787"
SCOPE: Final = "tables:admin"
_PATH: Final = "/-/tables"
_TIMEOUT: Final = 30.0
_MAX_ANSWER: Final = 8 * 1024 * 1024


class RemoteError(Exception):
    """The gateway cannot be spoken to, or does not let us; the text says why."""


class Refused(Exception):
    """The gateway has understood, and does not do it. `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def add_remote(parser: argparse.ArgumentParser) -> None:
    """Add `--url` and `--token`."""
    parser.add_argument(
        "--url",
        default=os.environ.get("GATEWAY_URL") or URL,
        help=f"of the gateway; default: $GATEWAY_URL, or {URL}",
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help=f"access token or API key with the scope {SCOPE}; default: $GATEWAY_TOKEN, which no "
        "list of processes shows",
    )


class Remote:
    """The gateway at `url`."""

    def __init__(self, url: str, token: str) -> None:
        """Raises `RemoteError` where the token must not be sent there."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RemoteError(f"expected a URL such as {URL}, found `{url[:100]}`")
        here = _is_loopback(parts.hostname)
        if parts.scheme == "http" and not here:
            raise RemoteError(f"{url[:100]} is not encrypted, and so gets no token; use https")
        if not token:
            raise RemoteError(
                f"there is no token; set GATEWAY_TOKEN, against `make dev` with "
                f'GATEWAY_TOKEN="$(gateway token --scope {SCOPE})"'
            )
        self.url = url.rstrip("/")
        self._token = token
        handlers: list[Any] = [_NoRedirect()]
        if here:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    @classmethod
    def chosen(cls, options: argparse.Namespace) -> "Remote":
        """The one that the options of `add_remote` name. Raises `RemoteError`."""
        return cls(options.url, options.token or os.environ.get("GATEWAY_TOKEN") or "")

    def status(self) -> dict[str, Any]:
        """Which table answers. Raises `RemoteError` and `Refused`, as all of these do."""
        return dict(self._json("GET", ""))

    def history(self, limit: int) -> dict[str, Any]:
        """The latest pointers, the newest first, under `pointers`."""
        return dict(self._json("GET", f"/history?limit={limit}"))

    def document(self, id: str) -> bytes:
        """The compiled table called `id`."""
        return self._ask("GET", f"/{id}")

    def put(self, id: str, document: bytes, author: str, note: str) -> None:
        """Store a compiled table."""
        self._ask("PUT", f"/{id}?{urlencode({'author': author, 'note': note})}", document)

    def move(self, change: dict[str, Any]) -> dict[str, Any]:
        """Move the pointer; what stands then. Refused with 409 where somebody was first."""
        body = json.dumps(change).encode()
        return dict(self._json("POST", "/pointer", body))

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            return json.loads(self._ask(method, path, body))
        except ValueError:
            raise RemoteError(f"{self.url} is no gateway: its answer is no JSON") from None

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310  (http and https alone)
            f"{self.url}{_PATH}{path}",
            data=body,
            method=method,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": "gateway-command",
            },
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                answer: bytes = response.read(_MAX_ANSWER + 1)
        except urllib.error.HTTPError as error:
            raise _failure(self.url, error) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise RemoteError(f"{self.url} does not answer: {reason}") from None
        if len(answer) > _MAX_ANSWER:
            raise RemoteError(f"{self.url} answers more than {_MAX_ANSWER} bytes")
        return answer


def attempt(command: str, work: Callable[[], int]) -> int:
    """The exit status of `work`; 1 where the gateway refused, 2 where it could not be asked."""
    import sys  # noqa: PLC0415

    try:
        return work()
    except Refused as refused:
        print(f"gateway {command}: {refused}", file=sys.stderr)
        return 1
    except RemoteError as error:
        print(f"gateway {command}: {error}", file=sys.stderr)
        return 2


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes where the user said, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _failure(url: str, error: urllib.error.HTTPError) -> Exception:
    try:
        problem = json.loads(error.read(100_000))
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return RemoteError(f"{url} is no gateway that can publish: it answers {error.code}")
    if error.code in (401, 403):
        return RemoteError(f"{url} does not accept the token: {detail} ({code})")
    if error.code >= 500:
        return RemoteError(f"{url}: {detail} ({code})")
    return Refused(error.code, detail)
