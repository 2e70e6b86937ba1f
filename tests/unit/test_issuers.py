"""Foreign issuers: whose tokens are accepted, where their keys come from, and for how long."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from contract.jose import jws
from contract.jose.jws import InvalidJws, UnknownKey
from identity.claims import InvalidClaims
from identity.http_lifetime import LONGEST, SHORTEST, USUAL, lifetime
from identity.issuer_keys import (
    MAX_STALE,
    REFRESH_AFTER,
    RETRY_AFTER,
    Fetched,
    IssuerKeys,
    IssuerUnavailable,
    Unreachable,
)
from identity.issuers import ForeignIssuer, TrustedIssuer, check_address, parse_issuers
from runtime.host_signatures import HostSignatures
from tests.signed_tokens import claims, key, key_set, token
from tests.unit.sqlite_database import SqliteDatabase

NOW = 1_795_000_000
HOUR = 3600
ISSUER = "https://login.partner.test"
KEYS = f"{ISSUER}/keys"
SETTINGS = TrustedIssuer(
    name="partner",
    issuer=ISSUER,
    audience="public-api",
    keys=KEYS,
    scopes=("roadmaps:read", "roadmaps:write"),
)


class Web:
    """What the issuer publishes; `is_down` takes it away."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.headers: Mapping[str, str] = {"cache-control": "max-age=600"}
        self.is_down = False
        self.asked: list[str] = []

    def publish(self, *keys: dict[str, Any]) -> None:
        self.documents[KEYS] = key_set(*keys)

    def __call__(self, url: str) -> Fetched:
        self.asked.append(url)
        if self.is_down or url not in self.documents:
            raise Unreachable(url)
        return Fetched(self.documents[url].encode(), self.headers)


@pytest.fixture
def web() -> Web:
    web = Web()
    web.publish(key("RS256"))
    return web


@pytest.fixture
def database() -> SqliteDatabase:
    return SqliteDatabase("services/auth/migrations")


def isolate(
    web: Web, database: SqliteDatabase, settings: TrustedIssuer = SETTINGS
) -> ForeignIssuer:
    """One isolate's view of the issuer."""
    keys = IssuerKeys(
        settings.issuer,
        settings.keys,
        fetch=web,
        database=database,
        check_address=lambda url: check_address(url, development=False),
    )
    return ForeignIssuer(settings, keys, HostSignatures())


def signed(name: str = "RS256", number: int = 1, *, now: float = NOW, **changes: Any) -> jws.Jws:
    times = {"iat": now, "nbf": now, "exp": now + 60}
    usual = {"iss": ISSUER, "scope": "roadmaps:read keys:admin", **times}
    content = claims(**{**usual, **changes})
    return jws.parse(token(key(name, number), content, typ="JWT"))


def test_its_subjects_and_scopes_are_kept_apart_from_ours(
    web: Web, database: SqliteDatabase
) -> None:
    holder = isolate(web, database).verify(signed(), NOW)
    assert holder.subject == "partner:alice"
    assert holder.scopes == ("roadmaps:read",)
    assert holder.expires_at == NOW + 60


@pytest.mark.parametrize("scp", ["roadmaps:write other", ["roadmaps:write", "other"]])
def test_scopes_have_another_name_with_some_issuers(
    web: Web, database: SqliteDatabase, scp: Any
) -> None:
    holder = isolate(web, database).verify(signed(scope=None, scp=scp), NOW)
    assert holder.scopes == ("roadmaps:write",)


REFUSED: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "other-api"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.test"},
    "expired": {"exp": NOW - 31},
    "no subject": {"sub": None},
    "no end": {"exp": None},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_its_tokens_have_to_be_good_too(
    web: Web, database: SqliteDatabase, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidClaims):
        isolate(web, database).verify(signed(**changes), NOW)


def test_an_algorithm_that_is_not_listed_costs_no_fetch(web: Web, database: SqliteDatabase) -> None:
    with pytest.raises(InvalidClaims, match="algorithm"):
        isolate(web, database).verify(signed("HS256"), NOW)
    assert web.asked == []


def test_its_keys_are_fetched_once_for_their_lifetime(web: Web, database: SqliteDatabase) -> None:
    here = isolate(web, database)
    for now in (NOW, NOW + 1, NOW + 599):
        here.verify(signed(now=now), now)
    assert web.asked == [KEYS]
    here.verify(signed(now=NOW + 600), NOW + 600)
    assert web.asked == [KEYS, KEYS]


def test_another_isolate_takes_them_from_the_database(web: Web, database: SqliteDatabase) -> None:
    isolate(web, database).verify(signed(), NOW)
    isolate(web, database).verify(signed(), NOW + 1)
    assert web.asked == [KEYS]


def test_while_the_issuer_is_down_for_an_hour_its_tokens_are_verified(
    web: Web, database: SqliteDatabase
) -> None:
    here = isolate(web, database)
    here.verify(signed(), NOW)
    web.is_down = True
    minutes = [NOW + 60 * minute for minute in range(1, 71)]
    for now in minutes:
        assert here.verify(signed(now=now), now).subject == "partner:alice"
    # Asked at most once in `RETRY_AFTER`, and only once what is there has become stale.
    stale = [now for now in minutes if now >= NOW + 600]
    assert len(web.asked) - 1 == len(stale) <= (minutes[-1] - NOW) / RETRY_AFTER
    newcomer = isolate(web, database)
    assert newcomer.verify(signed(now=minutes[-1]), minutes[-1]).subject == "partner:alice"
    web.is_down = False
    web.publish(key("RS256", 2))
    back = minutes[-1] + RETRY_AFTER
    assert here.verify(signed(number=2, now=back), back).subject == "partner:alice"


def test_an_hour_of_outage_costs_the_issuer_little_whatever_tokens_come(
    web: Web, database: SqliteDatabase
) -> None:
    """Every five seconds a good token and one of a key that nobody knows, until it is back."""
    here = isolate(web, database)
    here.verify(signed(), NOW)
    web.is_down = True
    good = signed(exp=NOW + 2 * HOUR)
    strange = signed(number=2, exp=NOW + 2 * HOUR)
    for now in range(NOW + 1, NOW + HOUR, 5):
        assert here.verify(good, now).subject == "partner:alice"
        with pytest.raises(UnknownKey):
            here.verify(strange, now)
    assert len(web.asked) - 1 <= HOUR / REFRESH_AFTER + HOUR / RETRY_AFTER
    web.is_down = False
    web.publish(key("RS256"), key("RS256", 2))
    moments = [now for now in range(NOW + HOUR, NOW + HOUR + 60) if knows(here, strange, now)]
    assert moments[0] - (NOW + HOUR) <= REFRESH_AFTER
    assert len(moments) == 60 - (moments[0] - (NOW + HOUR))


def knows(issuer: ForeignIssuer, credential: jws.Jws, now: float) -> bool:
    try:
        issuer.verify(credential, now)
    except UnknownKey:
        return False
    return True


def test_stale_keys_do_not_last_for_ever(web: Web, database: SqliteDatabase) -> None:
    here = isolate(web, database)
    here.verify(signed(), NOW)
    web.is_down = True
    here.verify(signed(now=NOW + MAX_STALE - 1), NOW + MAX_STALE - 1)
    with pytest.raises(IssuerUnavailable):
        here.verify(signed(now=NOW + MAX_STALE), NOW + MAX_STALE)


def test_without_any_keys_nothing_is_said_about_a_token(web: Web, database: SqliteDatabase) -> None:
    web.is_down = True
    here = isolate(web, database)
    for now in (NOW, NOW + 1, NOW + RETRY_AFTER - 1):
        with pytest.raises(IssuerUnavailable):
            here.verify(signed(), now)
    assert web.asked == [KEYS]
    web.is_down = False
    assert here.verify(signed(), NOW + RETRY_AFTER).subject == "partner:alice"


def test_a_database_that_is_down_is_no_obstacle(web: Web, database: SqliteDatabase) -> None:
    database.is_down = True
    here = isolate(web, database)
    here.verify(signed(), NOW)
    here.verify(signed(now=NOW + 700), NOW + 700)
    assert web.asked == [KEYS, KEYS]


def test_an_unknown_key_is_looked_for_at_a_bounded_rate(web: Web, database: SqliteDatabase) -> None:
    here = isolate(web, database)
    here.verify(signed(), NOW)
    web.publish(key("RS256"), key("RS256", 2))
    assert here.verify(signed(number=2), NOW + 1).subject == "partner:alice"
    assert len(web.asked) == 2
    for second in range(2, REFRESH_AFTER):
        with pytest.raises(UnknownKey):
            here.verify(signed(number=3), NOW + second)
    assert len(web.asked) == 2
    web.publish(key("RS256", 3))
    assert here.verify(signed(number=3), NOW + 1 + REFRESH_AFTER).subject == "partner:alice"
    with pytest.raises(UnknownKey):
        here.verify(signed(number=1), NOW + 2 + REFRESH_AFTER)


def test_a_key_that_another_isolate_has_found_costs_no_fetch(
    web: Web, database: SqliteDatabase
) -> None:
    first, second = isolate(web, database), isolate(web, database)
    first.verify(signed(), NOW)
    second.verify(signed(), NOW)
    web.publish(key("RS256"), key("RS256", 2))
    first.verify(signed(number=2), NOW + 1)
    second.verify(signed(number=2), NOW + 2)
    assert len(web.asked) == 2


@pytest.mark.parametrize("broken", ["", "[]", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AA"}]}'])
def test_what_is_no_key_set_does_not_replace_one(
    web: Web, database: SqliteDatabase, broken: str
) -> None:
    here = isolate(web, database)
    here.verify(signed(), NOW)
    web.documents[KEYS] = broken
    here.verify(signed(now=NOW + 700), NOW + 700)


METADATA = f"{ISSUER}/.well-known/openid-configuration"
RFC_8414 = f"{ISSUER}/.well-known/oauth-authorization-server"
DISCOVERED: dict[str, tuple[str, dict[str, Any], bool]] = {
    "OpenID": (METADATA, {}, True),
    "RFC 8414": (RFC_8414, {}, True),
    "of another issuer": (METADATA, {"issuer": "https://evil.test"}, False),
    "keys at an address": (METADATA, {"jwks_uri": "https://169.254.169.254/keys"}, False),
    "keys without TLS": (METADATA, {"jwks_uri": KEYS.replace("https", "http")}, False),
    "keys on this machine": (METADATA, {"jwks_uri": "http://127.0.0.1/keys"}, False),
    "no keys": (METADATA, {"jwks_uri": None}, False),
}


@pytest.mark.parametrize(("where", "changes", "good"), DISCOVERED.values(), ids=DISCOVERED)
def test_metadata_say_where_the_keys_are(
    web: Web, database: SqliteDatabase, where: str, changes: dict[str, Any], good: bool
) -> None:
    web.documents[where] = json.dumps({"issuer": ISSUER, "jwks_uri": KEYS, **changes})
    here = isolate(web, database, TrustedIssuer(name="p", issuer=ISSUER, audience="public-api"))
    if good:
        assert here.verify(signed(), NOW).subject == "p:alice"
        return
    with pytest.raises(IssuerUnavailable):
        here.verify(signed(), NOW)
    assert not [url for url in web.asked if not url.startswith(f"{ISSUER}/.well-known/")]


GOOD = {"name": "partner", "issuer": ISSUER, "audience": "public-api"}
UNUSABLE: dict[str, tuple[Any, str]] = {
    "not JSON": ("[", "truncated"),
    "no audience": ([{"name": "a", "issuer": ISSUER}], "audience"),
    "an unknown member": ([{**GOOD, "jwks": "x"}], "jwks"),
    "a name with a colon": ([{**GOOD, "name": "a:b"}], "name"),
    "http": ([{**GOOD, "issuer": "http://partner.test"}], "https"),
    "this machine": ([{**GOOD, "keys": "http://127.0.0.1:9/keys"}], "https"),
    "an address": ([{**GOOD, "keys": "https://10.0.0.1/keys"}], "name of a host"),
    "an address in octal": ([{**GOOD, "keys": "https://0177.0.0.1/keys"}], "name of a host"),
    "an address as a number": ([{**GOOD, "keys": "https://2130706433/"}], "name of a host"),
    "an address in hexadecimal": ([{**GOOD, "keys": "https://1.0x7f/"}], "name of a host"),
    "an address of version 6": ([{**GOOD, "keys": "https://[::1]/"}], "name of a host"),
    "a user in the address": ([{**GOOD, "keys": "https://a@b.test/"}], "without user"),
    "HMAC": ([{**GOOD, "algorithms": ["HS256"]}], "found HS256"),
    "none": ([{**GOOD, "algorithms": ["none"]}], "found none"),
    "no algorithm": ([{**GOOD, "algorithms": []}], "length"),
    "twice": ([GOOD, {**GOOD, "issuer": "https://b.test"}], "same name"),
}


@pytest.mark.parametrize(("setting", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_setting_that_is_not_usable_is_refused(setting: Any, reason: str) -> None:
    text = setting if isinstance(setting, str) else json.dumps(setting)
    with pytest.raises(ValueError, match="TRUSTED_ISSUERS") as refused:
        parse_issuers(text, development=False)
    assert reason in str(refused.value)


def test_a_setting_that_is_usable() -> None:
    assert parse_issuers("", development=False) == []
    (issuer,) = parse_issuers(json.dumps([GOOD]), development=False)
    assert issuer.name == "partner"
    local = [{**GOOD, "keys": "http://127.0.0.1:9/keys"}]
    assert parse_issuers(json.dumps(local), development=True)
    hexadecimal = [{**GOOD, "keys": "https://abc.de/keys"}]
    assert parse_issuers(json.dumps(hexadecimal), development=False)


LIFETIMES: list[tuple[dict[str, str], int]] = [
    ({}, USUAL),
    ({"cache-control": "max-age=600"}, 600),
    ({"cache-control": "public, Max-Age=600, must-revalidate"}, 600),
    ({"cache-control": 'max-age="600"'}, 600),
    ({"cache-control": "s-maxage=10"}, USUAL),
    ({"cache-control": "max-age=600", "age": "100"}, 500),
    ({"cache-control": "max-age=600", "age": "x"}, 600),
    ({"cache-control": "max-age=0"}, SHORTEST),
    ({"cache-control": "no-store, max-age=600"}, SHORTEST),
    ({"cache-control": "max-age=99999999"}, LONGEST),
    ({"expires": "Wed, 18 Nov 2026 11:00:00 GMT"}, SHORTEST),
    ({"expires": "Wed, 18 Nov 2026 11:23:20 GMT"}, 1000),
    ({"expires": "0"}, SHORTEST),
]


@pytest.mark.parametrize(("headers", "seconds"), LIFETIMES)
def test_a_document_is_good_for_as_long_as_http_says(headers: dict[str, str], seconds: int) -> None:
    assert lifetime(headers, NOW) == seconds


def test_a_token_is_checked_by_its_signature_in_the_end(web: Web, database: SqliteDatabase) -> None:
    forged = signed()._replace(signature=b"\1" * 256)
    with pytest.raises(InvalidJws, match="signature"):
        isolate(web, database).verify(forged, NOW)
