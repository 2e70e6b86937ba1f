"""Who is calling, from the gateway to one service: what is signed, when, and what is believed."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from contract import problems
from contract.auth import CredentialKind, Principal
from contract.callers import Callers
from contract.identity import (
    LEEWAY,
    LIFETIME,
    MAX_LENGTH,
    IdentityVerifier,
    RefusedIdentity,
    encode_identity,
    gateway_name,
    identity_of,
    parse_public_keys,
    parse_signing_set,
)
from contract.jose.jwk import parse_key
from contract.names import IDENTITY, IDENTITY_KEYS_PATH
from contract.problems import Problem
from contract.service import ServiceRequest
from identities import MAX_KEPT, RENEW_BEFORE, Identities, Kept
from identity_keys import IdentityKeys
from routing.table import ServiceSettings
from runtime.host_signatures import HostSignatures
from tests.identified import KEY, sign
from tests.plan import IDENTITY_JWK, IDENTITY_JWKS, IDENTITY_KEYS
from tests.signed_tokens import key as made
from tests.unit.fakes import NOW, FakeSigner, exchange, run

ISSUER = gateway_name("production")
PUBLIC = IDENTITY_JWKS["IDENTITY_JWKS"]
CALLER = Principal(
    subject="partner:ada",
    kind=CredentialKind.API_KEY,
    scopes=("roadmaps:read", "roadmaps:write"),
    roles=("editor",),
    claims={"plan": "gold", "tenants": [1, 2]},
    expires_at=int(NOW) + 3600,
    credential_id="key-1",
)


def payload(**changes: Any) -> bytes:
    """What is signed for CALLER, with some members changed, or left out where None."""
    told = msgspec.to_builtins(
        identity_of(CALLER, issuer=ISSUER, audience="DATA", now=int(NOW)), str_keys=True
    )
    members = {**told, **changes}
    return json.dumps({name: one for name, one in members.items() if one is not None}).encode()


def verifier(keys: str = PUBLIC) -> IdentityVerifier:
    return IdentityVerifier(
        parse_public_keys(keys, "KEYS"), HostSignatures(), issuer=ISSUER, audience="DATA"
    )


def test_a_service_reads_what_the_gateway_knows() -> None:
    told = verifier().verify(sign(payload()), NOW)
    expected = msgspec.structs.replace(CALLER, issued_at=int(NOW), expires_at=int(NOW) + LIFETIME)
    assert told == expected


SPELLED = payload().replace(b'"sub"', b'"sub": "root", "sub"')
REFUSED: dict[str, tuple[str, str]] = {
    "for another service": (sign(payload(aud="AUTH")), "another service than DATA"),
    "for several services": (sign(payload(aud=["DATA", "AUTH"])), "claims"),
    "of another gateway": (sign(payload(iss=gateway_name("staging"))), "was not signed by"),
    "expired": (sign(payload(iat=int(NOW) - 330, exp=int(NOW) - LEEWAY)), "has expired"),
    "not valid yet": (sign(payload(iat=int(NOW) + 31)), "not valid yet"),
    "good for too long": (sign(payload(exp=int(NOW) + LIFETIME + 1)), "more than 300 s"),
    "without an end": (sign(payload(exp=None)), "exp"),
    "without a subject": (sign(payload(sub=None)), "sub"),
    "of an unknown kind": (sign(payload(kind="root")), "kind"),
    "with a member twice": (sign(SPELLED), "claims"),
    "an access token": (sign(payload(), type="at+jwt"), "its type"),
    "of another key": (sign(payload(), parse_key(made("EdDSA"))), "key that is not known"),
    "of another key under our name": (
        sign(payload(), parse_key({**made("EdDSA"), "kid": KEY.id})),
        "signature",
    ),
    "of another algorithm": (
        sign(payload(), parse_key({**made("RS256"), "kid": KEY.id})),
        "algorithm is not accepted",
    ),
    "unsigned, as it once was": ('{"subject":"root","kind":"token"}', "not valid"),
    "empty": ("", "not valid"),
    "too long": (sign(payload(claims={"x": "x" * MAX_LENGTH})), "too long"),
}


@pytest.mark.parametrize(("field", "reason"), REFUSED.values(), ids=REFUSED)
def test_nothing_else_is_believed(field: str, reason: str) -> None:
    with pytest.raises(RefusedIdentity, match=reason):
        verifier().verify(field, NOW)


def test_a_signature_belongs_to_what_was_signed() -> None:
    header, _, signature = sign(payload()).split(".")
    _, other, _ = sign(payload(sub="root")).split(".")
    with pytest.raises(RefusedIdentity, match="signature"):
        verifier().verify(f"{header}.{other}.{signature}", NOW)


class Counting(HostSignatures):
    """Counts the signatures that it verifies."""

    count = 0

    def verify(self, *arguments: Any) -> bool:
        self.count += 1
        return super().verify(*arguments)


def test_what_was_verified_is_remembered_until_its_end() -> None:
    signatures = Counting()
    one = IdentityVerifier(
        parse_public_keys(PUBLIC, "KEYS"), signatures, issuer=ISSUER, audience="DATA"
    )
    field = sign(payload())
    for later in (0, 1, LIFETIME + LEEWAY - 1):
        assert one.verify(field, NOW + later).subject == CALLER.subject
    assert signatures.count == 1
    with pytest.raises(RefusedIdentity, match="has expired"):
        one.verify(field, NOW + LIFETIME + LEEWAY)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IdentityVerifier, "MAX_REMEMBERED", 2)
    signatures = Counting()
    one = IdentityVerifier(
        parse_public_keys(PUBLIC, "KEYS"), signatures, issuer=ISSUER, audience="DATA"
    )
    fields = [sign(payload(sub=f"caller-{number}")) for number in range(3)]
    for field in (*fields, fields[2], fields[0]):
        one.verify(field, NOW)
    assert signatures.count == 4


def key_set(*keys: Mapping[str, Any]) -> str:
    return json.dumps({"keys": keys})


def test_keys_are_rotated_with_overlap() -> None:
    following = {**made("ES256"), "kid": "next"}
    public = {name: value for name, value in following.items() if name != "d"}
    both = verifier(key_set(json.loads(PUBLIC)["keys"][0], public))
    assert both.verify(sign(payload()), NOW)
    assert both.verify(sign(payload(), parse_key(following)), NOW)


UNUSABLE: dict[str, tuple[str, str]] = {
    "missing": ("", "KEYS is missing"),
    "no set": ("AAAA", "it is not a JWK set"),
    "RSA": (key_set(made("RS256")), "keys are for EdDSA or ES256"),
    "a secret": (key_set(made("HS256")), "keys are for EdDSA or ES256"),
}


@pytest.mark.parametrize("parse", [parse_public_keys, parse_signing_set])
@pytest.mark.parametrize(("text", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_setting_that_is_not_usable_says_so(parse: Any, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(text, "KEYS")


def test_private_keys_are_the_gateways_alone() -> None:
    private = IDENTITY_KEYS["IDENTITY_KEYS"]
    with pytest.raises(ValueError, match="a private key in it") as refused:
        parse_public_keys(private, "KEYS")
    assert IDENTITY_JWK["d"] not in str(refused.value)
    with pytest.raises(ValueError, match="has to be a private one"):
        parse_signing_set(PUBLIC, "KEYS")


def callers(log: list[dict[str, Any]], **changes: str) -> Callers:
    names = {"keys": PUBLIC, "issuer": ISSUER, "audience": "DATA", **changes}
    return Callers(names.pop("keys"), HostSignatures(), log=log.append, **names)


def asked(field: str | None) -> ServiceRequest:
    return ServiceRequest("GET", "/", headers={} if field is None else {IDENTITY: field})


def test_a_service_knows_its_callers() -> None:
    known = callers([])
    assert known.trouble == ""
    assert known.identified(asked(sign(payload())), NOW).principal().subject == CALLER.subject
    assert known.identified(asked(None), NOW).caller is None


def test_a_service_refuses_a_field_that_does_not_verify() -> None:
    log: list[dict[str, Any]] = []
    with pytest.raises(Problem) as refused:
        callers(log).identified(asked('{"subject":"root"}'), NOW)
    assert refused.value.type is problems.IDENTITY_REFUSED
    assert [(line["event"], line["error"]) for line in log] == [
        ("identity", "The token is not valid.")
    ]


@pytest.mark.parametrize("lacking", ["keys", "issuer", "audience"])
def test_a_service_without_its_settings_believes_nobody(lacking: str) -> None:
    unset = callers([], **{lacking: ""})
    assert "is missing" in unset.trouble
    with pytest.raises(Problem) as refused:
        unset.identified(asked(sign(payload())), NOW)
    assert refused.value.type is problems.AUTH_UNAVAILABLE
    assert unset.identified(asked(None), NOW).caller is None


def field(signer: FakeSigner, kept: Kept | None, *, audience: str = "DATA", later: int = 0) -> str:
    """What the service is told `later`, where the credential is still the same."""
    one = exchange(now=NOW + later)
    one.identities = kept
    return run(Identities(signer).field(one, CALLER, audience))


def test_it_is_signed_once_for_each_service_and_anew_before_its_end() -> None:
    signer, kept = FakeSigner(), Kept()
    first = field(signer, kept)
    assert field(signer, kept, later=LIFETIME - RENEW_BEFORE - 1) == first
    assert field(signer, kept, audience="AUTH") != first
    assert len(signer.signed) == 2
    assert field(signer, kept, later=LIFETIME - RENEW_BEFORE) != first
    assert len(signer.signed) == 3


def test_it_ends_with_the_credential_and_is_not_made_anew_for_that() -> None:
    signer, kept = FakeSigner(), Kept()
    told = json.loads(field(signer, kept, later=3590))
    assert told["exp"] == CALLER.expires_at
    field(signer, kept, later=3599)
    assert len(signer.signed) == 1


def test_what_is_kept_of_a_credential_is_bounded() -> None:
    signer, kept = FakeSigner(), Kept()
    for number in range(MAX_KEPT + 1):
        field(signer, kept, audience=f"S{number}")
    assert len(kept) <= MAX_KEPT


def test_what_cannot_be_signed_is_not_sent() -> None:
    signer = FakeSigner()
    signer.down = True
    with pytest.raises(Problem) as refused:
        field(signer, {})
    assert refused.value.type is problems.AUTH_UNAVAILABLE


AUDIENCES = {
    "a binding": (ServiceSettings(binding="ORDERS"), "ORDERS"),
    "a URL": (ServiceSettings(url="https://Orders.example.com/v1/x"), "https://orders.example.com"),
    "a port": (ServiceSettings(url="http://127.0.0.1:8080"), "http://127.0.0.1:8080"),
}


@pytest.mark.parametrize(("service", "audience"), AUDIENCES.values(), ids=AUDIENCES)
def test_what_a_service_is_called(service: ServiceSettings, audience: str) -> None:
    assert service.audience == audience


def test_the_public_keys_are_there_for_everybody() -> None:
    answer_keys = IdentityKeys(FakeSigner())
    answer = run(answer_keys(exchange("GET", IDENTITY_KEYS_PATH)))
    assert answer.body == b'{"keys":[{"kid":"public"}]}'
    assert answer.headers.get("cache-control") == "public, max-age=300"
    with pytest.raises(Problem, match="not allowed"):
        run(answer_keys(exchange("POST", IDENTITY_KEYS_PATH)))


def test_an_identity_is_a_short_text() -> None:
    told = identity_of(CALLER, issuer=ISSUER, audience="DATA", now=int(NOW))
    assert len(sign(encode_identity(told))) < 600
