"""Who is told of the end of a credential, and what if nobody can be: on a real SQLite."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from contract.feed import Revocation
from identity.announcements import Announcements, FeedUnavailable
from tests.unit.test_identity import BASIC, GRANT, NEW_KEY, read
from tests.unit.test_people import People

Ended = tuple[list[str], int]
"""The ids that isolates are told, and the status of the answer."""


def claim(token: str, name: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})[name])


def client_token(auth: People) -> Ended:
    token = read(auth.token(GRANT, authorization=BASIC))["access_token"]
    status = auth.form("/oauth/revoke", token=token, authorization=BASIC).status
    return [claim(token, "jti")], status


def access_token(auth: People) -> Ended:
    token = auth.tokens()["access_token"]
    return [claim(token, "jti")], auth.form("/oauth/revoke", token=token).status


def refresh_token(auth: People) -> Ended:
    tokens = auth.tokens()
    status = auth.form("/oauth/revoke", token=tokens["refresh_token"]).status
    return [claim(tokens["access_token"], "sid")], status


def stolen_refresh_token(auth: People) -> Ended:
    tokens = auth.tokens()
    auth.refresh(tokens["refresh_token"])
    status = auth.refresh(tokens["refresh_token"]).status
    return [claim(tokens["access_token"], "sid")], status


def session(auth: People) -> Ended:
    cookie = auth.cookie()
    families = [claim(auth.tokens(cookie)["access_token"], "sid") for _ in range(3)]
    status = auth.json("/logout", {}, cookie=cookie).status
    return [cookie.split("_")[3], *families], status


def key(auth: People) -> Ended:
    id = read(auth.keys("POST", "/keys", NEW_KEY))["id"]
    return [id], auth.keys("DELETE", f"/keys/{id}").status


def rotated_key(auth: People) -> Ended:
    id = read(auth.keys("POST", "/keys", NEW_KEY))["id"]
    return [id], auth.keys("POST", f"/keys/{id}/rotate", {"overlap": 0}).status


WAYS: list[tuple[Callable[[People], Ended], int]] = [
    (client_token, 200),
    (access_token, 200),
    (refresh_token, 200),
    (stolen_refresh_token, 400),
    (session, 204),
    (key, 204),
    (rotated_key, 201),
]


@pytest.mark.parametrize(("way", "status"), WAYS)
@pytest.mark.parametrize("down", [False, True])
def test_what_ends_is_told_and_ends_though_nobody_hears(
    way: Callable[[People], Ended], status: int, down: bool
) -> None:
    auth = People()
    auth.feed_is_down = down
    ids, answered = way(auth)
    assert answered == status
    pending = [one.credential_id for one in auth.announcements.pending()]
    told, untold = (pending, auth.announced) if down else (auth.announced, pending)
    assert sorted(told) == sorted(ids)
    assert untold == []
    failures = [line["event"] for line in auth.log if line["event"] == "revocation_untold"]
    assert len(failures) == down, "one line, however many credentials end at once"


def test_what_is_not_there_is_not_told() -> None:
    auth = People()
    auth.form("/oauth/revoke", token="gr_unknown_secret")
    auth.form("/oauth/revoke", token="rubbish")
    auth.keys("DELETE", "/keys/unknown")
    auth.json("/logout", {}, cookie="__Host-session=gs_a_b")
    assert auth.announced == []


def test_a_family_ends_with_its_access_tokens_or_not_at_all() -> None:
    """Were the one written without the other, nobody could ask for the rest again."""
    auth = People()
    tokens = auth.tokens()
    auth.database.query("DROP TABLE revoked_tokens")
    assert auth.form("/oauth/revoke", token=tokens["refresh_token"]).status == 500
    assert auth.announced == []
    rows = auth.database.query("SELECT revoked_at FROM refresh_families")
    assert [row["revoked_at"] for row in rows] == [None]


class Told:
    """Announcements on a clock, and a feed that is there or not."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.down = True
        self.asked = 0
        self.lines: list[dict[str, Any]] = []
        self.announcements = Announcements(self._append, lambda: self.now, self.lines.append)

    def _append(self, revocation: Revocation) -> None:
        self.asked += 1
        if self.down:
            raise FeedUnavailable("timed out")

    @property
    def pending(self) -> list[str]:
        return [one.credential_id for one in self.announcements.pending()]


def test_after_a_failure_nobody_waits_again_for_a_while() -> None:
    told = Told()
    for id in ("a", "b", "c"):
        told.announcements.announce(id)
    assert (told.asked, told.pending) == (1, ["a", "b", "c"])
    told.down = False
    told.now += Announcements.PAUSE
    told.announcements.announce("d")
    assert (told.asked, told.pending) == (2, ["a", "b", "c"])
    told.announcements.told(Revocation(credential_id="b"))
    assert told.pending == ["a", "c"]


def test_it_is_told_for_as_long_as_that_makes_a_difference() -> None:
    told = Told()
    told.announcements.announce("a")
    told.now += Announcements.USEFUL - 1
    told.announcements.announce("b")
    assert told.pending == ["a", "b"]
    told.now += 1
    assert told.pending == ["b"]


def test_what_is_kept_is_bounded() -> None:
    told = Told()
    for number in range(Announcements.MAX_PENDING + 1):
        told.announcements.announce(str(number))
    assert len(told.pending) == Announcements.MAX_PENDING
    assert told.pending[0] == "1"
