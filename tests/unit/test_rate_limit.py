"""The rate-limit policy: who shares a quota, what the answers say, and what happens in a fault."""

import pytest

from contract.problems import Problem
from messages import Exchange
from policies.rate_limit import By, LocalWindows, RateLimit
from tests.unit.fakes import NOW, FakePlatform, answer_empty, exchange, principal, run

QUOTA, WINDOW = 2, 60.0
START = NOW - NOW % WINDOW  # the beginning of a window, so that the whole quota is there


def limit(
    platform: FakePlatform, by: By = "address", local: LocalWindows | None = None
) -> RateLimit:
    return RateLimit(
        "few",
        QUOTA,
        WINDOW,
        by,
        timeout=0.5,
        limiters=platform.limiters,
        local=local or LocalWindows(),
    )


def ask(policy: RateLimit, subject: str | None = None, address: str = "192.0.2.1") -> Exchange:
    asked = exchange(now=START, address=address)
    asked.principal = principal(subject) if subject else None
    run(policy(asked, answer_empty))
    return asked


def platform() -> FakePlatform:
    fake = FakePlatform()
    fake.clock.now = START
    return fake


def test_each_answer_says_what_is_left() -> None:
    policy = limit(platform())
    assert ask(policy).answer_fields == [
        ("ratelimit-policy", '"few";q=2;w=60'),
        ("ratelimit", '"few";r=1;t=60'),
    ]
    assert ask(policy).answer_fields[1] == ("ratelimit", '"few";r=0;t=60')


def test_past_the_quota_a_request_is_refused_and_told_when_to_come_back() -> None:
    fake = platform()
    policy = limit(fake)
    ask(policy)
    ask(policy)
    asked = exchange(now=START)
    with pytest.raises(Problem) as refused:
        run(policy(asked, answer_empty))
    assert refused.value.type.code == "rate-limited"
    wait = int(refused.value.headers["retry-after"])
    assert asked.answer_fields[1] == ("ratelimit", f'"few";r=0;t={wait}')
    fake.clock.now = START + wait
    ask(policy)


SHARING: list[tuple[By, tuple[str | None, str], tuple[str | None, str], bool]] = [
    # counted by, (subject, address) of one, of another, do they share a quota?
    ("address", (None, "192.0.2.1"), (None, "192.0.2.1"), True),
    ("address", (None, "192.0.2.1"), (None, "192.0.2.2"), False),
    ("address", ("ada", "192.0.2.1"), ("bob", "192.0.2.1"), True),
    ("subject", ("ada", "192.0.2.1"), ("ada", "192.0.2.2"), True),
    ("subject", ("ada", "192.0.2.1"), ("bob", "192.0.2.1"), False),
    ("subject", (None, "192.0.2.1"), (None, "192.0.2.1"), True),
    ("subject", (None, "192.0.2.1"), (None, "192.0.2.2"), False),
    # Nobody can spend an address's quota by calling himself like it.
    ("subject", ("192.0.2.1", "192.0.2.9"), (None, "192.0.2.1"), False),
    ("route", ("ada", "192.0.2.1"), (None, "192.0.2.2"), True),
]


@pytest.mark.parametrize(("by", "one", "other", "shared"), SHARING)
def test_who_shares_a_quota(
    by: By, one: tuple[str | None, str], other: tuple[str | None, str], shared: bool
) -> None:
    fake = platform()
    policy = limit(fake, by)
    ask(policy, *one)
    ask(policy, *other)
    assert len(fake.limiters.windows) == (1 if shared else 2)
    assert not any("192.0.2" in key or "ada" in key for key in fake.limiters.windows)


def test_while_the_object_is_down_the_isolate_limits_by_itself() -> None:
    fake = platform()
    fake.limiters.down = True
    policy = limit(fake)
    asked = ask(policy)
    assert asked.answer_fields[1] == ("ratelimit", '"few";r=1;t=60;local')
    assert asked.log["limiter"] == "rate limiter: timed out"
    ask(policy)
    with pytest.raises(Problem) as refused:
        ask(policy)
    assert refused.value.type.code == "rate-limited"


def test_the_local_windows_are_bounded() -> None:
    fake, local = platform(), LocalWindows()
    fake.limiters.down = True
    policy = limit(fake, local=local)
    for number in range(LocalWindows.MAX_KEYS + 1):
        ask(policy, address=f"2001:db8:0:{number:x}::1")
    # The first address was forgotten, so its quota is whole again.
    assert ask(policy, address="2001:db8::0").answer_fields[1][1] == '"few";r=1;t=60;local'
