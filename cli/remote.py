"""A running gateway, as the commands of operators speak to it: by what lies below `/-/` alone.

That is on a host of its own. One below `localhost` is this machine, whatever the system's resolver
knows of it (RFC 6761, section 6.3).
"""

import argparse
import ipaddress
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

URL: Final = "http://admin.localhost:8787"
PUBLISH: Final = "gateway:publish"
_PREFIX: Final = "/-/"
_TABLES: Final = "tables"
_THIS_MACHINE: Final = "127.0.0.1"
_TIMEOUT: Final = 30.0
_MAX_ANSWER: Final = 8 * 1024 * 1024


class RemoteError(Exception):
    """The gateway cannot be spoken to, or does not let us; the text says why."""


class Refused(Exception):
    """The gateway has understood, and does not do it. `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def add_remote(parser: argparse.ArgumentParser, scope: str = PUBLISH) -> None:
    """Add `--url` and `--token`, which has to have `scope`."""
    parser.add_argument(
        "--url",
        default=os.environ.get("GATEWAY_ADMIN_URL") or URL,
        help=f"of the gateway's host for operators; default: $GATEWAY_ADMIN_URL, or {URL}",
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help=f"access token or API key with the scope {scope}; default: $GATEWAY_TOKEN, which no "
        "list of processes shows",
    )


class Remote:
    """The gateway at `url`."""

    def __init__(self, url: str, token: str, scope: str = PUBLISH) -> None:
        """`scope` is what the token should have. Raises `RemoteError` where it must not be sent
        there."""
        scheme, host = _address(url)
        here = is_loopback(host)
        if scheme == "http" and not here:
            raise RemoteError(f"{url[:100]} is not encrypted, and so gets no token; use https")
        if not token:
            raise RemoteError(
                f"there is no token; set GATEWAY_TOKEN, against `make dev` with "
                f'GATEWAY_TOKEN="$(gateway token --scope {scope})"'
            )
        if not token.isascii() or not token.isprintable():
            # What http.client would say of it repeats it.
            raise RemoteError("the token has characters that no token has: is it one line?")
        self.url = url.rstrip("/")
        self._reached, self._host = _resolved(self.url)
        self._token = token
        handlers: list[Any] = [_NoRedirect()]
        if here:
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    @classmethod
    def chosen(cls, options: argparse.Namespace, scope: str = PUBLISH) -> "Remote":
        """The one that the options of `add_remote` name. Raises `RemoteError`."""
        return cls(options.url, options.token or os.environ.get("GATEWAY_TOKEN") or "", scope)

    def status(self) -> dict[str, Any]:
        """Which table answers. Raises `RemoteError` and `Refused`, as all of these do."""
        return dict(self.json("GET", _TABLES))

    def history(self, limit: int) -> dict[str, Any]:
        """The latest pointers, the newest first, under `pointers`."""
        return dict(self.json("GET", f"{_TABLES}/history?limit={limit}"))

    def document(self, id: str) -> bytes:
        """The compiled table called `id`."""
        return self._ask("GET", f"{_TABLES}/{id}")

    def put(self, id: str, document: bytes, author: str, note: str) -> None:
        """Store a compiled table."""
        query = urlencode({"author": author, "note": note})
        self._ask("PUT", f"{_TABLES}/{id}?{query}", document)

    def move(self, change: dict[str, Any]) -> dict[str, Any]:
        """Move the pointer; what stands then. Refused with 409 where somebody was first."""
        return dict(self.json("POST", f"{_TABLES}/pointer", change))

    def json(self, method: str, path: str, content: Any = None) -> Any:
        """What is answered at `path` below `/-/`; None where that is nothing."""
        body = None if content is None else json.dumps(content).encode()
        try:
            return json.loads(self._ask(method, path, body) or b"null")
        except Refused as refused:
            if refused.status != 404 or "/" in path:
                raise
            message = f"{self.url} is not the host on which this gateway answers operators"
            raise RemoteError(f"{message} (ADMIN_HOST)") from None
        except ValueError:
            raise RemoteError(f"{self.url} is no gateway: its answer is no JSON") from None

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310  (http and https alone)
            f"{self._reached}{_PREFIX}{path}",
            data=body,
            method=method,
            headers={
                "Host": self._host,
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

    from cli.terminal import printable  # noqa: PLC0415

    try:
        return work()
    except Refused as refused:
        print(printable(f"gateway {command}: {refused}"), file=sys.stderr)
        return 1
    except RemoteError as error:
        print(printable(f"gateway {command}: {error}"), file=sys.stderr)
        return 2


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes where the user said, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _address(url: str) -> tuple[str, str]:
    """The scheme and the host of `url`. Raises `RemoteError`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not close, a port beyond 65535
        usable = False
    if not usable:
        raise RemoteError(f"expected a URL such as {URL}, found `{url[:100]}`")
    return parts.scheme, parts.hostname or ""


def on_this_machine(url: str) -> bool:
    """Whether `url` leads to it. Raises `RemoteError`."""
    return is_loopback(_address(url)[1])


def is_loopback(host: str) -> bool:
    """Whether it is this machine."""
    if _is_localhost(host):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _resolved(url: str) -> tuple[str, str]:
    """Where to connect to for `url`, and what to say in Host."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme != "http" or not _is_localhost(parts.hostname or ""):
        return url, host
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=_THIS_MACHINE + port).geturl(), host


def _failure(url: str, error: urllib.error.HTTPError) -> Exception:
    try:
        problem = json.loads(error.read(100_000))
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return RemoteError(f"{url} is no gateway: it answers {error.code}")
    if error.code in (401, 403):
        return RemoteError(f"{url} does not accept the token: {detail} ({code})")
    if error.code >= 500:
        return RemoteError(f"{url}: {detail} ({code})")
    return Refused(error.code, detail)
