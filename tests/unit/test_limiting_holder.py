"""The isolate's side of leases: how long a permit is good, what is told of it, when it asks."""

import pytest
from msgspec.structs import replace

from contract.limiting.holder import Held, Holding, Wallet
from contract.limiting.limit import DRIFT, Limit, passed, told
from contract.limits import LeaseAnswer, Return

LIMIT = Limit(algorithm="sliding_log", quota=1000, window=100.0)


def holding() -> Holding:
    return Holding("isolate", 0.0)


def lease(
    held: Holding, permits: int = 10, *, asked: float = 0.0, came: float = 0.0, name: str = "a.1"
) -> None:
    """What the object answers to somebody who asks for no cost and a batch."""
    asking = held.ask(LIMIT, 0, asked, batch=True)
    answer = LeaseAnswer(admitted=True, lease=name, permits=permits, life=9.0, remaining=5)
    held.learn(asking, answer, came)


def took(held: Held | None) -> bool:
    return held is not None


def test_the_life_of_a_lease_is_counted_from_when_it_was_asked_for() -> None:
    held = holding()
    lease(held, asked=1.0, came=6.0)
    assert [took(held.take(1, at)) for at in (6.0, 9.9, 10.0)] == [True, True, False]
    lease(held, asked=20.0, came=29.0)
    assert not took(held.take(1, 29.0))


@pytest.mark.parametrize("life", [0.1, 1.0, 60.0])
def test_a_slow_clock_does_not_outlive_what_the_object_counts(life: float) -> None:
    assert told(life) / (1 - DRIFT) < life
    assert passed(told(life)) <= life
    assert passed(1.0) * (1 - DRIFT) > 1.0


def test_a_lease_has_as_many_permits_as_were_granted() -> None:
    held = holding()
    lease(held, 3)
    assert not took(held.take(4, 1.0))
    assert [took(held.take(cost, 1.0)) for cost in (1, 3, 2, 1)] == [True, False, True, False]


def test_what_is_told_of_a_lease_is_what_was_used_and_when_at_last() -> None:
    held = holding()
    lease(held, 10, asked=1.0)
    for at in (2.0, 3.0, 4.5):
        assert took(held.take(2, at))
    assert held.ask(LIMIT, 1, 5.0).request.returns == ()  # it is still good
    assert held.ask(LIMIT, 1, 10.0).request.returns == (Return("a.1", used=6, age=3.5),)


def test_what_was_told_is_told_again_until_it_was_heard() -> None:
    held = holding()
    lease(held, 1)
    held.take(1, 1.0)
    held.owe(3)
    asking = held.ask(LIMIT, 1, 2.0)
    told_of = asking.request.returns, asking.request.report
    held.failed(asking, 3.0, 1.0, "away")
    asking = held.ask(LIMIT, 1, 5.0)
    assert (asking.request.returns, asking.request.report) == told_of
    held.learn(asking, LeaseAnswer(admitted=True), 5.0)
    assert not held.has_news()


def test_what_is_given_back_can_be_taken_again_while_the_lease_is_good_and_never_after() -> None:
    held = holding()
    lease(held, 1)
    permit = held.take(1, 1.0)
    assert permit is not None
    held.give_back(permit, 1, 1.0)
    assert took(held.take(1, 2.0))
    held.ask(LIMIT, 1, 3.0)  # which tells that it was used up
    held.give_back(permit, 1, 3.0)
    assert not took(held.take(1, 3.0))
    assert held.ask(LIMIT, 1, 3.0).request.returns == (Return("a.1", used=0, age=2.0),)


def test_a_clock_that_was_set_back_voids_what_was_counted_by_it() -> None:
    held = Holding("isolate", 1000.0)
    lease(held, asked=1000.0, came=1000.0)
    assert took(held.take(1, 999.5))  # readings of several requests may differ
    assert not took(held.take(1, 900.0))
    asking = held.ask(LIMIT, 0, 950.0, batch=True)
    held.take(1, 100.0)
    held.learn(asking, LeaseAnswer(admitted=True, lease="a.2", permits=5, life=9.0), 100.0)
    assert not took(held.take(1, 100.0))


def test_a_permit_that_is_held_is_not_there_for_others() -> None:
    held = holding()
    asking = held.ask(LIMIT, 3, 0.0, batch=True, hold=True)
    answer = LeaseAnswer(admitted=True, lease="a.1", permits=2, life=9.0)
    permit = held.learn(asking, answer, 0.0)
    assert permit is not None
    assert [took(held.take(1, 1.0)) for _ in range(3)] == [True, True, False]
    held.give_back(permit, 3, 1.0)
    assert held.left(1.0) == 3
    held.give_back(permit, 99, 1.0)  # never more than there were
    assert held.left(1.0) == 5


def telling(share: int) -> LeaseAnswer:
    return LeaseAnswer(admitted=True, remaining=2 * share, share=share)


def test_what_falls_to_the_isolate_is_what_it_was_last_told_less_what_it_owes() -> None:
    held = holding()
    assert held.share(LIMIT) == 0
    for share in (70, 40, 90):
        held.learn(held.ask(LIMIT, 1, 1.0), telling(share), 1.0)
        assert held.share(LIMIT) == share
    held.owe(20)
    assert held.share(LIMIT) == 70
    held.owe(75)
    assert held.share(LIMIT) == 0
    held.learn(held.ask(LIMIT, 1, 1.0), LeaseAnswer(admitted=False, share=3), 1.0)
    assert held.share(LIMIT) == 3
    # From an object that does not know of it.
    held.learn(held.ask(LIMIT, 1, 1.0), LeaseAnswer(admitted=True, remaining=50), 1.0)
    assert held.share(LIMIT) == 0


@pytest.mark.parametrize(("first", "second", "known"), [(60, 40, 40), (40, 60, 40)])
def test_of_answers_that_were_on_their_way_together_the_lesser_counts(
    first: int, second: int, known: int
) -> None:
    held = holding()
    held.learn(held.ask(LIMIT, 1, 1.0), telling(90), 1.0)
    one, other = held.ask(LIMIT, 1, 2.0), held.ask(LIMIT, 1, 2.0)
    held.learn(other, telling(first), 2.5)
    later = held.ask(LIMIT, 1, 2.5)
    held.learn(one, telling(second), 2.6)
    assert held.share(LIMIT) == known
    held.learn(later, telling(80), 2.7)
    assert held.share(LIMIT) == known
    held.learn(held.ask(LIMIT, 1, 2.7), telling(85), 2.7)
    assert held.share(LIMIT) == 85


def test_after_an_answer_that_did_not_come_nothing_falls_to_the_isolate_until_it_asks_again() -> (
    None
):
    held = holding()
    held.learn(held.ask(LIMIT, 1, 1.0), telling(90), 1.0)
    before, lost = held.ask(LIMIT, 1, 1.0), held.ask(LIMIT, 1, 1.0)
    held.failed(lost, 2.0, 1.0, "away")
    assert held.share(LIMIT) == 0
    held.learn(before, telling(80), 2.0)  # which does not know what was lost
    assert held.share(LIMIT) == 0
    held.learn(held.ask(LIMIT, 1, 2.0), telling(70), 2.0)
    assert held.share(LIMIT) == 70


def test_a_first_answer_that_did_not_come_is_known_to_the_second() -> None:
    held = holding()
    before, lost = held.ask(LIMIT, 1, 1.0), held.ask(LIMIT, 1, 1.0)
    held.failed(lost, 2.0, 1.0, "away")
    held.learn(before, telling(80), 2.0)
    assert held.share(LIMIT) == 0


def test_a_limit_with_less_in_the_same_place_has_so_much_less_and_one_with_more_no_more() -> None:
    held = holding()
    held.learn(held.ask(LIMIT, 1, 1.0), telling(700), 1.0)
    plans = [replace(LIMIT, quota=quota) for quota in (200, 400, 1000, 5000)]
    assert [held.share(plan) for plan in plans] == [0, 100, 700, 700]
    few, many = held.ask(plans[1], 1, 2.0), held.ask(plans[3], 1, 2.0)
    held.learn(few, telling(100), 2.0)
    held.learn(many, telling(4000), 2.0)  # of which 700 more are taken than that one knew
    assert [held.share(plan) for plan in plans[1:]] == [0, 0, 4000]


def test_a_refusal_is_remembered_for_what_costs_as_much_until_somebody_is_admitted() -> None:
    held = holding()
    held.learn(held.ask(LIMIT, 5, 1.0), LeaseAnswer(admitted=False, wait=8.0), 2.0)
    assert [held.refused_for(cost, 3.0) for cost in (4, 5, 6)] == [0.0, 7.0, 7.0]
    held.learn(held.ask(LIMIT, 0, 3.0), LeaseAnswer(admitted=True), 3.0)  # which is always
    assert held.refused_for(5, 3.0) == 7.0
    held.learn(held.ask(LIMIT, 4, 3.0), LeaseAnswer(admitted=True), 3.0)
    assert held.refused_for(5, 3.0) == 0.0


def test_each_report_has_a_name_of_its_own_and_a_debt_is_in_one_of_them() -> None:
    wallet = Wallet("nonce")
    told_of = []
    for key in ("one", "two"):
        held = wallet.of(key, 0.0)
        for debt in (2, 3):
            held.owe(debt)
            asking = held.ask(LIMIT, 1, 1.0)
            told_of.append(asking.request.report)
            held.learn(asking, LeaseAnswer(admitted=True), 1.0)
    assert [report and report.permits for report in told_of] == [2, 3, 2, 3]
    assert len({report and report.id for report in told_of}) == 4


def test_one_request_at_a_time_asks_for_more_than_its_cost() -> None:
    held = holding()
    for _ in range(40):
        held.take(1, 1.0)
    wanted = []
    for at in (1.0, 1.0, 1.5, 2.1, 2.1):  # the answer may take a second
        asking = held.ask(LIMIT, 1, at, batch=True)
        wanted.append(asking.batch)
    assert wanted == [True, False, False, True, False]


def test_batches_grow_with_demand_and_shrink_without() -> None:
    held, sizes = holding(), []
    for at in (0.1, 0.2, 0.3, 0.4, 60.0, 120.0):
        for _ in range(20 if at < 1 else 2):
            held.take(1, at)
        asking = held.ask(LIMIT, 1, at, batch=True)
        sizes.append(asking.request.wanted)
        held.learn(asking, LeaseAnswer(admitted=True), at)
    assert sizes[:4] == [0, 2, 4, 8]
    assert sizes[4] <= 16
