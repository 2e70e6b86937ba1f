"""The auth Worker's core as a whole, made from its settings; and which path is whose."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from contract import problems
from contract.auth import VerifyRequest
from contract.database import Database
from contract.problems import Problem
from contract.service import ServiceRequest, ServiceResponse
from identity.clients import Derive
from identity.demo import demo_credentials
from identity.issuer_keys import Fetch, IssuerKeys
from identity.issuers import ForeignIssuer, check_address, parse_issuers
from identity.key_endpoint import KeyEndpoint
from identity.metadata_endpoint import MetadataEndpoint
from identity.signatures import Asymmetric
from identity.store import Store
from identity.token_endpoint import TokenEndpoint
from identity.tokens import TokenAuthority, parse_signing_keys
from identity.verification import Verifier

_decode = msgspec.json.Decoder(VerifyRequest).decode
_encode = msgspec.json.Encoder().encode

Method = Callable[..., ServiceResponse]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The Worker's variables and secrets. A text that is not set is empty."""

    environment: str = ""
    issuer: str = ""
    audience: str = ""
    signing_keys: str = ""
    trusted_issuers: str = ""
    demo_client_secret: str = ""
    demo_api_key: str = ""


class AuthService:
    """Answers RPC and HTTP. Raises `ValueError` at construction where a setting is not usable."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        derive: Derive,
        asymmetric: Asymmetric,
        fetch: Fetch,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        if not settings.issuer or not settings.audience:
            raise ValueError("ISSUER or AUDIENCE is missing")
        tokens = TokenAuthority(
            parse_signing_keys(settings.signing_keys),
            asymmetric,
            issuer=settings.issuer,
            audience=settings.audience,
        )
        demo = demo_credentials(
            settings.environment,
            client_secret=settings.demo_client_secret,
            api_key=settings.demo_api_key,
        )
        store = Store(database)
        foreign = _foreign_issuers(settings, database, asymmetric, fetch)
        self._verifier = Verifier(tokens, foreign, store, demo, clock)
        token_endpoint = TokenEndpoint(
            tokens, store, demo, derive=derive, clock=clock, entropy=entropy
        )
        keys = KeyEndpoint(store, clock, entropy)
        metadata = MetadataEndpoint(tokens)
        self._jwks: Mapping[str, Method] = {"GET": metadata.keys}
        self._metadata: Mapping[str, Method] = {"GET": metadata.metadata}
        self._token: Mapping[str, Method] = {"POST": token_endpoint.post}
        self._keys: Mapping[str, Method] = {"GET": keys.get, "POST": keys.post}
        self._key: Mapping[str, Method] = {"DELETE": keys.delete}

    def verify(self, request: str) -> str:
        """A JSON `VerifyRequest` in, a JSON `VerifyResponse` out."""
        return _encode(self._verifier.verify(_decode(request).credential)).decode()

    def handle(self, request: ServiceRequest) -> ServiceResponse:
        """Answer one HTTP request. Raises `Problem` and `DatabaseUnavailable`."""
        ids: tuple[str, ...] = ()
        match request.path.split("/")[1:]:
            case ["oauth", "token"]:
                methods = self._token
            case ["keys"]:
                methods = self._keys
            case ["keys", id]:
                methods, ids = self._key, (id,)
            case [".well-known", "jwks.json"]:
                methods = self._jwks
            case [".well-known", "oauth-authorization-server"]:
                methods = self._metadata
            case _:
                raise Problem(problems.NOT_FOUND)
        method = methods.get(request.method)
        if method is None:
            allowed = {"allow": ", ".join(methods)}
            raise Problem(problems.METHOD_NOT_ALLOWED, headers=allowed)
        return method(request, *ids)


def _foreign_issuers(
    settings: Settings, database: Database, asymmetric: Asymmetric, fetch: Fetch
) -> dict[str, ForeignIssuer]:
    """By what their tokens say in `iss`. Raises `ValueError`."""
    development = settings.environment == "development"
    trusted = parse_issuers(settings.trusted_issuers, development=development)
    if settings.issuer in {one.issuer for one in trusted}:
        raise ValueError("TRUSTED_ISSUERS is not usable: ISSUER is among them")
    check = partial(check_address, development=development)
    return {
        one.issuer: ForeignIssuer(
            one,
            IssuerKeys(one.issuer, one.keys, fetch=fetch, database=database, check_address=check),
            asymmetric,
        )
        for one in trusted
    }
