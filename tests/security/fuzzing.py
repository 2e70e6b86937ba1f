"""Requests made of good ones by chance, and the connection that sends them as they are.

The same seed gives the same requests. `make fuzz` sends more of them than `make test`.
"""

import base64
import http.client
import json
import random
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

TOKEN: Final = "0123456789abcdef"
ALLOWED: Final = "http://allowed.test:8000"
SESSION: Final = "__Host-session"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PATHS: Final = (
    *("/protected/x", "/either-scope/x", "/by-role/x", "/by-claim/x", "/by-session/x"),
    *("/signed-in/x", "/pages/x", "/pages-protected/x", "/v2/roadmaps", "/healthz"),
    *("/problems/not-found", "/"),
)
_BITS: Final = (
    *("..", ".", "//", "%2e%2e", "%2f", "%5c", "%00", "%0d%0a", "%ff", "%", "%zz", "%c0%af", ";"),
    *("{id}", "${claim.sub}", "'", '"', "<script>", "v1", "v99", "\\", "~", "@evil.test", "*", "|"),
    *("?", "#", "&", "=", "a" * 300, "%F0%9F%98%80", "..;/", "healthz", "gateway-identity"),
)
_VALUES: Final = (
    *(
        "",
        " ",
        ",",
        ";",
        "=",
        "null",
        "*",
        "a" * 9000,
        "\t",
        "\xe9",
        "\xff\xfe",
        "Bearer",
        "Basic ",
    ),
    *("Bearer ", "bearer x", "Bearer a, Bearer b", "Basic ZGVtbzpkZW1v", "Digest a=b", "{}", "[]"),
    *("${jndi:ldap://a}", "' OR 1=1 --", "gk_demo_", "http://allowed.test", "https://evil.test"),
    *(f"{ALLOWED}.evil.test", f"{ALLOWED}@evil.test", "https://evil.test/.example.com"),
    *("https://a.example.com", "https://example.com.evil.test", "https://.example.com", "file://"),
    *(f"__Host-csrf={TOKEN}", "__Host-csrf=", "__host-csrf=x", f"a=b; __Host-csrf={TOKEN}x"),
)


class Known(NamedTuple):
    """What is good, and what comes near it."""

    token: str
    session: str
    csrf_token: str
    other_session: str
    other_csrf_token: str
    origin: str
    """The gateway's own."""


class Fuzzed(NamedTuple):
    """A request; `forged` where its credential is none that anybody has issued."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    forged: bool

    def __str__(self) -> str:
        return f"{self.method} {self.target!r} {self.fields!r}"


class Answered(NamedTuple):
    """What came back."""

    status: int
    fields: dict[str, str]
    body: bytes


def requests(seed: int, number: int, known: Known) -> Iterator[Fuzzed]:
    """`number` requests, made of what is `known` to be good."""
    chance = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    token = known.token
    for _ in range(number):
        if chance.random() < 0.3:
            yield _of_a_browser(chance, known)
            continue
        target = _mutated(chance, chance.choice(_PATHS))
        fields = [("X-Fuzz", "1")]
        forged = True
        if chance.random() < 0.7:
            credential = _credential(chance, token)
            forged = _meaning(credential) != _meaning(f"Bearer {token}")
            fields.append(("Authorization", credential))
        fields += [
            (name, _mutated(chance, chance.choice(_VALUES), path=False))
            for name in ("Cookie", "Origin", "X-CSRF-Token", "Sec-Fetch-Site")
            if chance.random() < 0.4
        ]
        if chance.random() < 0.2:
            fields.append(("Access-Control-Request-Method", chance.choice(_METHODS)))
        if chance.random() < 0.1:
            fields.append(("API-Version", chance.choice(("1", "v2", "2026-06-01", "x" * 50))))
        yield Fuzzed(chance.choice(_METHODS), target, tuple(fields), forged)


def _of_a_browser(chance: random.Random, known: Known) -> Fuzzed:
    """A request with a session, each part of it as it should be or nearly so."""

    def maybe(good: str, *others: str) -> str:
        """Good in two of three cases."""
        if chance.random() < 0.67:
            return good
        at = chance.randrange(len(good) + 1)
        changed = good[:at] + chance.choice("aB3-_ =;,") + good[at + chance.choice((0, 1)) :]
        return chance.choice((changed, good[:at], good.swapcase(), f'"{good}"', *others))

    session = f"{maybe(SESSION)}={maybe(known.session, known.token, known.other_session, '')}"
    csrf = f"__Host-csrf={maybe(known.csrf_token, known.other_csrf_token)}"
    pairs = chance.choice(
        (
            *([session, csrf], [session], [session, "a=1", csrf], [csrf, session]),
            *([csrf], [session, session], [session, f"{SESSION}={known.other_session}"]),
        )
    )
    fields = [("X-Fuzz", "1"), ("Cookie", chance.choice(("; ", "; ", "; ", ";", ", ")).join(pairs))]
    if chance.random() < 0.9:
        token = maybe(known.csrf_token, known.other_csrf_token, known.session, "")
        fields.append(("X-CSRF-Token", token))
    if chance.random() < 0.9:
        fields.append(("Origin", maybe(known.origin, "null", ALLOWED, "https://evil.test")))
    if chance.random() < 0.7:
        site = maybe("same-origin", "cross-site", "same-site", "none", "same-origin, none")
        fields.append(("Sec-Fetch-Site", site))
    forged = chance.random() < 0.85
    if not forged:
        fields.append(("Authorization", f"Bearer {known.token}"))
    method = chance.choice(("GET", "POST", "POST", "DELETE"))
    return Fuzzed(method, f"/signed-in/{chance.randrange(100)}", tuple(fields), forged)


def _mutated(chance: random.Random, text: str, *, path: bool = True) -> str:
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        at = chance.randrange(len(text) + 1)
        bit = chance.choice(_BITS if path else _VALUES)
        text = text[:at] + bit + text[at + chance.choice((0, 0, 1, 3)) :]
    return text if not path or text.startswith("/") else f"/{text}"


def _credential(chance: random.Random, token: str) -> str:  # noqa: PLR0911  # one for each way
    """A value of Authorization: anything, or a good token with something wrong about it."""
    header, payload, signature = token.split(".")
    match chance.randrange(8):
        case 0:
            return chance.choice(_VALUES)
        case 1:
            at = chance.randrange(len(token))
            other = chance.choice("ABCDEFGHIJabcdefghij0123456789-_.")
            return f"Bearer {token[:at]}{other}{token[at + 1 :]}"
        case 2:
            return f"Bearer {token[: chance.randrange(len(token))]}"
        case 3:
            alg = chance.choice(("none", "None", "HS512", "RS256", "", "HS256"))
            return f"Bearer {_part({'alg': alg, 'typ': 'at+jwt'})}.{payload}.{signature}"
        case 4:
            claims = json.loads(_decoded(payload))
            claims[chance.choice(("sub", "scope", "exp", "iss", "aud"))] = chance.choice(
                ("root", 10**12, "", None, [])
            )
            return f"Bearer {header}.{_part(claims)}.{signature}"
        case 5:
            return f"Bearer {_part({'alg': 'none'})}.{payload}."
        case 6:
            return f"Bearer {token}{chance.choice((', Bearer x', ' x', '=', '.', '.x', ','))}"
        case _:
            return f"{chance.choice(('Basic', 'Token', 'JWT', ''))} {token}"


def _meaning(credential: str) -> tuple[str, ...]:
    """What a credential says; the same for two spellings of one."""
    scheme, _, token = credential.partition(" ")
    return scheme.lower(), *(_decoded(part).hex() for part in token.strip().split("."))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return part.encode("utf-8", "replace")


class _Plain(http.client.HTTPConnection):
    """Sends what it is given; what is in a target is the fuzzer's business."""

    def _validate_path(self, url: str) -> None:
        """Whatever it is."""


class Connection:
    """A connection that is kept, and made anew where the other side has closed it."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        self._connection = _Plain(address.hostname, address.port, timeout=20)

    def send(self, fuzzed: Fuzzed) -> Answered:
        connection = self._connection
        connection.putrequest(fuzzed.method, fuzzed.target, skip_accept_encoding=True)
        for name, value in fuzzed.fields:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        fields = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            connection.close()
        return Answered(response.status, fields, body)
