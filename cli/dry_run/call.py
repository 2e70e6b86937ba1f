"""A request that is to be tried: what a client would send, and who the client is taken to be."""

import json
import re
import shlex
from collections.abc import Iterable
from typing import Final, NamedTuple

from messages import Headers, Request

DEFAULT_HOST: Final = "localhost"
"""Where a URL names no host."""

_METHOD: Final = re.compile(r"[A-Z]{1,20}")
_FIELD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_OF_BODIES: Final = ("content-length", "content-type")
_ABSOLUTE: Final = re.compile(r"(https?)://([^/?#]+)([^#]*)", re.IGNORECASE)


class CallError(ValueError):
    """What was given is no request; the text says why."""


class Caller(NamedTuple):
    """Whom the gateway is to take the client for."""

    subject: str
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    claims: tuple[tuple[str, str], ...] = ()


class Call(NamedTuple):
    """A request, as it comes in. Names of header fields are lower case."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    host: str = DEFAULT_HOST
    scheme: str = "https"
    caller: Caller | None = None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        """As `gateway explain` takes it: with the host where there is one to speak of."""
        if self.host == DEFAULT_HOST:
            return self.target
        return f"{self.scheme}://{self.host}{self.target}"

    @property
    def shortly(self) -> str:
        """All that tells it from others, on one line."""
        told = f"{self.method} {self.url}"
        fields = [f"{name}: {value}" for name, value in self.headers if name not in _OF_BODIES]
        if self.caller is not None:
            scopes = ", ".join(self.caller.scopes) or "no scopes"
            told_of = "".join(f", {role}" for role in self.caller.roles)
            told_of += "".join(f", {name}={value}" for name, value in self.caller.claims)
            fields.append(f"as {self.caller.subject} ({scopes}{told_of})")
        return f"{told}  [{'; '.join(fields)}]" if fields else told

    def request(self) -> Request:
        """The same for the gateway, whose policies may change it."""
        return Request(
            self.method,
            self.path,
            self.query,
            Headers(self.headers),
            self.body,
            host=self.host,
            scheme=self.scheme,
        )

    def curl(self, base: str = "http://127.0.0.1:8787") -> str:
        """The command that sends it to the gateway at `base`; a token is left to the reader."""
        words = ["curl", "-i", *self._method_for_curl(), "--path-as-is", base + self.target]
        if self.host != DEFAULT_HOST:
            words += ["-H", f"Host: {self.host}"]
        words += self._flags()
        line = shlex.join(words)
        if self.caller is not None and "authorization" not in dict(self.headers):
            options = ["--subject", self.caller.subject, "--scopes", " ".join(self.caller.scopes)]
            line += f' -H "Authorization: Bearer $(gateway token {shlex.join(options)})"'
        return line

    def explain(self, *options: str) -> str:
        """The `gateway explain` that tries it; `options` go behind."""
        words = ["gateway", "explain", self.method, self.url, *self._flags()]
        if self.caller is not None:
            words += ["--as", self.caller.subject]
            words += [word for scope in self.caller.scopes for word in ("--scope", scope)]
            words += [word for role in self.caller.roles for word in ("--role", role)]
            for name, value in self.caller.claims:
                words += ["--claim", f"{name}={value}"]
        return shlex.join([*words, *options])

    def _method_for_curl(self) -> list[str]:
        if self.method == "GET" and self.body is None:
            return []
        return ["-I"] if self.method == "HEAD" else ["-X", self.method]

    def _flags(self) -> list[str]:
        words = []
        for name, value in self.headers:
            if name != "content-length":  # whoever sends it knows
                words += ["-H", f"{name}: {value}"]
        if self.body is not None:
            words += ["-d", self.body.decode("utf-8", "replace")]
        return words


def make_call(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    caller: Caller | None = None,
) -> Call:
    """A call of `method` to `url`: a whole one, or a path. Raises `CallError`.

    What a client adds by itself is added: the length of a body, and its type where it is JSON.
    """
    if not _METHOD.fullmatch(method):
        raise CallError(f"expected a method such as GET, found `{method[:40]}`")
    absolute = _ABSOLUTE.fullmatch(url.partition("#")[0])
    scheme, host, target = "https", DEFAULT_HOST, url.partition("#")[0]
    if absolute is not None:
        scheme, host, target = absolute[1].lower(), absolute[2], absolute[3]
    elif not target.startswith("/"):
        expected = "a path such as /v2/roadmaps, or a URL with http:// or https://"
        raise CallError(f"expected {expected}, found `{url[:80]}`")
    path, _, query = target.partition("?")
    fields = Headers([(name.lower(), value) for name, value in headers])
    for name, value in fields:
        if not _FIELD.fullmatch(name) or not value.isprintable():
            raise CallError(f"`{name[:40]}` is not a header field that can be sent")
    host = fields.get("host") or host
    fields.remove("host")
    if body is not None:
        if "content-type" not in fields and is_json(body):
            fields.add("content-type", "application/json")
        if "content-length" not in fields and "transfer-encoding" not in fields:
            fields.add("content-length", str(len(body)))
    return Call(method, path or "/", query, tuple(fields), body, host, scheme, caller)


def parse_field(line: str) -> tuple[str, str]:
    """`Name: value` as curl takes it. Raises `CallError`."""
    name, colon, value = line.partition(":")
    if not colon or not _FIELD.fullmatch(name):
        raise CallError(f"expected `Name: value`, found `{line[:80]}`")
    return name, value.strip()


def parse_claim(text: str) -> tuple[str, str]:
    """`name=value`. Raises `CallError`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CallError(f"expected a claim such as tenant=acme, found `{text[:80]}`")
    return name, value


def is_json(body: bytes) -> bool:
    """Whether `body` reads as JSON."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
