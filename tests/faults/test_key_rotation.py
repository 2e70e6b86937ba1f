"""The signing keys are rotated while clients call: no request fails, and a key that went is gone.

The three secrets are those of `gateway signing-keys`, as docs/operations.md says; what a new secret
means on Cloudflare is modelled by tests/rotation.py. `pytest -s` shows what was sent.
"""

import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, Self

import jwt

from runtime.local import LocalRuntime
from tests.conftest import Deploy
from tests.consumer import SECRETS, Consumer, bearer, mint, problem
from tests.eventually import eventually
from tests.plan import DEMO_CLIENT_SECRET, ISSUER, LABS, SIGNING_KEYS
from tests.rotation import key_ids, secrets_of

OLD, NEW = key_ids(secrets_of(SIGNING_KEYS)["announce"])
EACH: Final = 12
"""Requests that every client makes in every phase, at least."""


def new_token(consumer: Consumer) -> str:
    """A token of the client `demo`, by whichever deployment answers."""
    form = {"grant_type": "client_credentials"}
    response = consumer.post("/oauth/token", data=form, auth=("demo", DEMO_CLIENT_SECRET))
    assert response.status_code == 200, response.text
    token = str(response.json()["access_token"])
    SECRETS.add(token)
    return token


def key_of(token: str) -> str:
    """The name of the key that has signed it."""
    return str(jwt.get_unverified_header(token)["kid"])


class Answer(NamedTuple):
    lab: str
    signed_by: str
    status: int


class Client:
    """Calls a protected route at all isolates in turn, with tokens of the one key and the other."""

    def __init__(self, urls: dict[str, str]) -> None:
        self._urls = urls
        self._newest = ""
        self.expired = ""
        """The key whose tokens are no longer used, as they have come to their end."""
        self.answers: list[Answer] = []

    def run(self, done: threading.Event) -> None:
        consumers = {lab: Consumer(url) for lab, url in self._urls.items()}
        for number, lab in enumerate(itertools.cycle(LABS)):
            if done.is_set():
                break
            if number % 6 == 0 or key_of(self._newest) == self.expired:
                self._newest = new_token(consumers[lab])
            # By turns one of whoever signs now, which other isolates have seen, and one of the old
            # key that nobody has: no isolate remembers all that it could be asked about.
            token = mint() if number % 2 and self.expired != OLD else self._newest
            response = consumers[lab].get("/protected/rotated", headers=bearer(token))
            self.answers.append(Answer(lab, key_of(token), response.status_code))
        for consumer in consumers.values():
            consumer.close()


class Load:
    """Clients that go on until the block ends; whatever one of them raises, the block raises."""

    CLIENTS = 4

    def __init__(self, runtime: LocalRuntime) -> None:
        urls = {lab: runtime.url(lab) for lab in LABS}
        self._clients = [Client(urls) for _ in range(self.CLIENTS)]
        self._done = threading.Event()
        self._pool = ThreadPoolExecutor(self.CLIENTS)

    def __enter__(self) -> Self:
        self._running = [self._pool.submit(client.run, self._done) for client in self._clients]
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._pool.shutdown()
        for task in self._running:
            task.result()

    def go_on(self, number: int = EACH) -> None:
        """Wait until every client has made so many requests more."""
        enough = [len(client.answers) + number for client in self._clients]

        def made() -> bool:
            for task in self._running:
                assert not task.done(), task.exception()
            return all(len(one.answers) >= n for one, n in zip(self._clients, enough, strict=True))

        eventually(made, 120)

    def expire(self, key: str) -> None:
        """The last token of this key has come to its end; nobody sends one from now on."""
        for client in self._clients:
            client.expired = key
        self.go_on(2)

    @property
    def answers(self) -> list[Answer]:
        return [answer for client in self._clients for answer in client.answers]


def published(consumer: Consumer) -> jwt.PyJWKSet:
    """The key set, as somebody who verifies tokens by himself reads it."""
    return jwt.PyJWKSet.from_dict(consumer.get("/.well-known/jwks.json").json())


def names(keys: jwt.PyJWKSet) -> list[str]:
    return [str(key.key_id) for key in keys.keys]


def test_a_rotation_under_load_fails_no_request(
    runtime: LocalRuntime, lab: Consumer, deploy: Deploy
) -> None:
    forgotten = mint()  # a token of the old key that no isolate has ever seen
    with Load(runtime) as load:
        load.go_on()
        assert names(published(lab)) == [OLD]

        deploy("AUTH", "announce")  # the rollout of a secret: both versions answer
        load.go_on()
        deploy("announce")
        load.go_on()
        seen = published(lab)  # by a reader who keeps it for the five minutes of its max-age
        assert names(seen) == [OLD, NEW]

        deploy("announce", "promote")
        load.go_on()
        deploy("promote")
        load.go_on()
        assert names(published(lab)) == [NEW, OLD]

        load.expire(OLD)  # an hour later
        deploy("promote", "retire")
        load.go_on()
        deploy("retire")
        load.go_on()
        assert names(published(lab)) == [NEW]

    # Who verifies by himself, with what he read before the new key signed, has missed nothing.
    token = new_token(lab)
    assert key_of(token) == NEW
    claims = jwt.decode(
        token, seen[NEW], algorithms=["ES256"], audience="public-api", issuer=ISSUER
    )
    assert claims["sub"] == "demo"

    answers = load.answers
    failed = [answer for answer in answers if answer.status != 200]
    signed = Counter(answer.signed_by for answer in answers)
    print(f"\nrotation: {len(answers)} requests, {len(failed)} failed, signed by {dict(signed)}")
    assert failed == []
    assert {(answer.lab, answer.signed_by) for answer in answers} == {
        (lab, key) for lab in LABS for key in (OLD, NEW)
    }

    for name in LABS:
        with Consumer(runtime.url(name), bearer(forgotten)) as consumer:
            problem(consumer.get("/protected/x"), 401, "invalid-credentials")


def test_a_key_that_signs_before_it_is_announced_would_fail(lab: Consumer, deploy: Deploy) -> None:
    """What the first step is for, and that the load above would have noticed."""
    deploy("promote")
    token = new_token(lab)
    deploy("AUTH")
    problem(lab.get("/protected/x", headers=bearer(token)), 401, "invalid-credentials")
