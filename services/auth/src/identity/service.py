"""The auth Worker's core as a whole, made from its settings; and which path is whose."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from contract import problems
from contract.auth import VerifyRequest
from contract.database import Database
from contract.jose.signatures import Asymmetric
from contract.problems import Problem
from contract.service import Log, ServiceRequest, ServiceResponse
from identity.announcements import Announcements, Append
from identity.attempts import Attempts
from identity.demo import demo_credentials
from identity.issuer_keys import Fetch, IssuerKeys
from identity.issuers import ForeignIssuer, check_address, parse_issuers
from identity.key_endpoint import KeyEndpoint, OperatorKeyEndpoint
from identity.keys import ApiKeys
from identity.metadata_endpoint import MetadataEndpoint
from identity.oauth import ClientAuthentication
from identity.passwords import Derive
from identity.revocation_endpoint import RevocationEndpoint
from identity.session_endpoint import SessionEndpoint
from identity.sessions import Sessions
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
        append: Append,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        log: Log,
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
        self.announcements = Announcements(append, clock, log)
        announce = self.announcements.announce
        sessions = Sessions(database, entropy, announce)
        clients = ClientAuthentication(store, demo, derive)
        self._verifier = Verifier(tokens, foreign, store, sessions, demo=demo, clock=clock)
        token = TokenEndpoint(tokens, clients, sessions, clock=clock, entropy=entropy, log=log)
        ended = RevocationEndpoint(tokens, clients, sessions, clock)
        people = SessionEndpoint(
            sessions,
            Attempts(database),
            token,
            origin=settings.issuer,
            derive=derive,
            clock=clock,
        )
        api_keys = ApiKeys(store, clock, entropy, announce)
        keys, everybodys = KeyEndpoint(api_keys), OperatorKeyEndpoint(api_keys)
        metadata = MetadataEndpoint(tokens)
        self._methods: Mapping[str, Mapping[str, Method]] = {
            "/oauth/token": {"POST": token.post},
            "/oauth/revoke": {"POST": ended.revoke},
            "/oauth/introspect": {"POST": ended.introspect},
            "/.well-known/jwks.json": {"GET": metadata.keys},
            "/.well-known/oauth-authorization-server": {"GET": metadata.metadata},
            "/login": {"POST": people.log_in},
            "/logout": {"POST": people.log_out},
            "/session": {"GET": people.show},
            "/session/token": {"POST": people.exchange},
            "/keys": {"GET": keys.get, "POST": keys.post},
            "/-/keys": {"GET": everybodys.get, "POST": everybodys.post},
        }
        self._key: Mapping[str, Mapping[str, Method]] = {
            "/keys": {"DELETE": keys.delete},
            "/-/keys": {"DELETE": everybodys.delete},
        }
        self._rotation: Mapping[str, Mapping[str, Method]] = {
            "/keys": {"POST": keys.rotate},
            "/-/keys": {"POST": everybodys.rotate},
        }

    def verify(self, request: str) -> str:
        """A JSON `VerifyRequest` in, a JSON `VerifyResponse` out."""
        asked = _decode(request)
        return _encode(self._verifier.verify(asked.credential, session=asked.session)).decode()

    def handle(self, request: ServiceRequest) -> ServiceResponse:
        """Answer one HTTP request. Raises `Problem` and `DatabaseUnavailable`."""
        ids: tuple[str, ...] = ()
        methods = self._methods.get(request.path)
        if methods is None:
            *place, id = request.path.removesuffix("/rotate").split("/")
            known = self._rotation if request.path.endswith("/rotate") else self._key
            methods, ids = known.get("/".join(place)), (id,)
        if methods is None:
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
