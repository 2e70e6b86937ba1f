"""Credentials: what a service is shown so that it lets the gateway in, made of secrets.

The table names secrets and says where they stand, and never what they are. They are put in behind
everything else, into a request of their own: what transforms, plug-ins, mirrors and the log get to
see never has them.
"""

import base64
import math
import re
from collections.abc import Callable, Sequence
from typing import Final

from contract.names import IDENTITY_SECRET
from ends.settings import BasicSettings, CredentialsSettings
from messages import Request, Response
from ports import Secret, Service, Unavailable, Unconfigured

_FIELD_VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

Field = tuple[str, str]
_Make = Callable[[Sequence[str]], str]
"""The field's value of those of the secrets. Raises `ValueError` where they make none."""


class Credentials:
    """The header field that `settings` ask for.

    Secrets of the Worker itself are read once, as an isolate never gets others: a new value is a
    new deploy. Those of a store are asked for again once a minute, and where it does not answer the
    last value goes on.
    """

    KEPT: Final = 60.0
    """Seconds until a store is asked again."""

    RETRIED: Final = 5.0
    """The same where it has given no value."""

    def __init__(
        self,
        service: str,
        settings: CredentialsSettings,
        find: Callable[[str], Secret],
        clock: Callable[[], float],
    ) -> None:
        self._service = service
        self._header = settings.header.lower()
        self._clock = clock
        basic = settings.basic
        self._names, self._make = _of_basic(basic) if basic is not None else _of_secret(settings)
        # Here as well as in the check: whoever publishes a table need not have checked it.
        self._secrets = [find(name) if name != IDENTITY_SECRET else None for name in self._names]
        self._field: Field | None = None
        self._wrong = ""
        self._look_at = 0.0
        if all(secret is None or isinstance(secret, str) for secret in self._secrets):
            self._take([secret if isinstance(secret, str) else None for secret in self._secrets])
            self._look_at = math.inf

    async def field(self) -> Field:
        """Name and value. Raises `Unconfigured`, which says what is missing, and no value."""
        if self._look_at != math.inf and self._clock() >= self._look_at:
            await self._look()
        if self._field is None:
            raise Unconfigured(self._service, reason=self._wrong)
        return self._field

    async def are_there(self) -> bool:
        """Whether the service can be called."""
        try:
            await self.field()
        except Unconfigured:
            return False
        return True

    async def _look(self) -> None:
        try:
            values = [
                secret if secret is None or isinstance(secret, str) else await secret.get()
                for secret in self._secrets
            ]
        except Unavailable as failure:
            self._wrong = str(failure)
            self._look_at = self._clock() + self.RETRIED
            return
        self._take(values)
        self._look_at = self._clock() + (self.RETRIED if self._field is None else self.KEPT)

    def _take(self, values: Sequence[str | None]) -> None:
        self._field = None
        for name, value in zip(self._names, values, strict=True):
            if not value or not value.strip():
                self._wrong = f"the secret {name} is not set"
                return
        try:
            # Many a value is set from a file, with the end of its line.
            made = self._make([value.rstrip("\r\n") for value in values if value])
        except ValueError:
            self._wrong = f"the secret {' or '.join(self._names)} cannot stand in a header field"
            return
        self._field = self._header, made


def _of_secret(settings: CredentialsSettings) -> tuple[list[str], _Make]:
    if settings.secret is None:
        raise ValueError("credentials without a secret: the table was not checked")
    prefix = settings.prefix or ""

    def make(values: Sequence[str]) -> str:
        if _FIELD_VALUE.fullmatch(values[0]) is None:
            raise ValueError
        return prefix + values[0]

    return [settings.secret], make


def _of_basic(settings: BasicSettings) -> tuple[list[str], _Make]:
    """RFC 7617, section 2."""

    def make(values: Sequence[str]) -> str:
        user = settings.user or values[0]
        if ":" in user or _CONTROL.search(user + values[-1]):
            raise ValueError
        return "Basic " + base64.b64encode(f"{user}:{values[-1]}".encode()).decode()

    user = [settings.user_secret] if settings.user_secret is not None else []
    return [*user, settings.password_secret], make


class CredentialedService:
    """`service`, which is shown `credentials` in place of what clients send in that field."""

    def __init__(self, service: Service, credentials: Credentials) -> None:
        self._service = service
        self._credentials = credentials

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        """As `Service.send`. Raises `Unconfigured` as well."""
        name, value = await self._credentials.field()
        headers = request.headers.copy()
        headers.set(name, value)
        shown = Request(
            request.method,
            request.path,
            request.query,
            headers,
            request.body,
            host=request.host,
            scheme=request.scheme,
            origin=request.origin,
        )
        shown.keeps_coding = request.keeps_coding
        return await self._service.send(shown, timeout=timeout, total=total, host=host)
