"""Ledger: everyone's circuit breaker, and what owners grant."""

from datetime import timedelta

import pytest

from bridge import ports
from bridge.store.db import open_database
from bridge.store.ledger import Ledger
from budgets.gate import Gate, State
from budgets.model import Limit, Scope, Tokens, Usage
from budgets.windows import hour
from tests.contract.samples import NOON, hold, limit

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = limit(10_000, Scope.USER_DAY)


def within(minutes: float, most: int = 1000) -> list[Limit]:
    """Everyone's hour, so many minutes past noon."""
    return [Limit(hour(NOON + minutes * MINUTE), most)]


async def spend(ledger: ports.Ledger, name: str, amount: int, minutes: float = 0) -> Usage | None:
    at = NOON + minutes * MINUTE
    return await ledger.hold(hold(name, amount, at=at), within(minutes))


async def state(ledger: ports.Ledger, minutes: float) -> State:
    """As `usage` tells it."""
    (used,) = await ledger.usage(111, within(minutes))
    return used.gate


async def test_it_is_open_at_first(ledger: ports.Ledger) -> None:
    assert await ledger.gate(NOON) == Gate()
    assert await state(ledger, 0) is State.OPEN


async def test_what_does_not_fit_the_hour_trips_it_for_everyone(ledger: ports.Ledger) -> None:
    assert await spend(ledger, "a", 600) is None
    (now,) = within(1)
    assert await spend(ledger, "b", 401, 1) == Usage(now, 0, 600, State.TRIPPED)
    assert await ledger.gate(NOON + MINUTE) == Gate(State.TRIPPED, NOON + MINUTE)
    (later,) = within(2)
    assert await spend(ledger, "c", 1, 2) == Usage(later, 0, 600, State.TRIPPED)
    assert await state(ledger, 2) is State.TRIPPED
    assert await ledger.gate(NOON + 2 * MINUTE) == Gate(State.TRIPPED, NOON + MINUTE), "once"


async def test_one_that_is_too_large_for_an_hour_hardly_used_is_refused_by_itself(
    ledger: ports.Ledger,
) -> None:
    assert await spend(ledger, "a", 500) is None
    assert await spend(ledger, "b", 501, 1) is not None
    assert await state(ledger, 1) is State.OPEN
    assert await spend(ledger, "c", 500, 1) is None


async def test_what_another_limit_refuses_does_not_trip_it(ledger: ports.Ledger) -> None:
    day = limit(10, Scope.USER_DAY)
    assert await ledger.hold(hold("a", 5000), [day, *within(0)]) == Usage(day, 0, 0)
    assert await state(ledger, 0) is State.OPEN


async def test_without_a_limit_of_the_hour_there_is_none(ledger: ports.Ledger) -> None:
    await ledger.set_gate(Gate(State.SHUT, NOON))
    assert await ledger.hold(hold("a", 5000), [DAY]) is None


async def test_a_request_that_is_held_already_passes(ledger: ports.Ledger) -> None:
    await spend(ledger, "a", 600)
    await ledger.set_gate(Gate(State.SHUT, NOON))
    assert await spend(ledger, "a", 600) is None


async def test_it_opens_when_the_hour_has_half_emptied(ledger: ports.Ledger) -> None:
    await spend(ledger, "a", 500, 0)
    await spend(ledger, "b", 500, 10)
    await spend(ledger, "c", 1, 20)
    assert await state(ledger, 60) is State.TRIPPED, "an hour ago is still in"
    assert await state(ledger, 61) is State.OPEN
    assert await spend(ledger, "d", 500, 61) is None
    assert await ledger.gate(NOON + 61 * MINUTE) == Gate(State.OPEN), "the hold has written it"


@pytest.mark.parametrize(("cost", "then"), [(501, State.TRIPPED), (500, State.OPEN)])
async def test_it_opens_when_what_was_held_turns_out_cheap(
    ledger: ports.Ledger, cost: int, then: State
) -> None:
    await spend(ledger, "a", 1000, 0)
    await spend(ledger, "b", 1, 1)
    await ledger.settle("a", cost, Tokens())
    assert await state(ledger, 2) is then
    refused = await spend(ledger, "c", 1, 2)
    assert (refused is None) == (then is State.OPEN)


async def test_a_raised_limit_opens_it(ledger: ports.Ledger) -> None:
    await spend(ledger, "a", 1000)
    await spend(ledger, "b", 1)
    assert await ledger.hold(hold("b", 1), within(0, most=1999)) is not None
    assert await ledger.hold(hold("b", 1), within(0, most=2000)) is None


async def test_an_owner_opens_it_and_what_was_before_does_not_count(ledger: ports.Ledger) -> None:
    await spend(ledger, "a", 1000, 0)
    await spend(ledger, "b", 1, 10)
    at = NOON + 10 * MINUTE
    await ledger.set_gate(Gate(State.OPEN, at, floor=at, by=111))
    assert await spend(ledger, "c", 1000, 10) is None
    (now,) = within(11)
    assert await spend(ledger, "d", 1, 11) == Usage(now, 0, 1000, State.TRIPPED)
    assert (await ledger.gate(NOON + 11 * MINUTE)).floor == at, "or it would count again"
    assert await state(ledger, 69) is State.TRIPPED
    assert await state(ledger, 71) is State.OPEN


async def test_an_owner_keeps_it_shut(ledger: ports.Ledger) -> None:
    shut = Gate(State.SHUT, NOON, by=111)
    await ledger.set_gate(shut)
    assert (await spend(ledger, "a", 1, 600)) == Usage(within(600)[0], 0, 0, State.SHUT)
    assert await ledger.gate(NOON + 1000 * HOUR) == shut


async def test_small_requests_pass_for_an_hour_then_all_do(ledger: ports.Ledger) -> None:
    """Who is small, the booth and the router know."""
    small = Gate(State.SMALL, NOON, floor=NOON, by=111)
    await ledger.set_gate(small)
    assert await spend(ledger, "a", 900, 30) is None
    assert await state(ledger, 59) is State.SMALL
    assert await ledger.gate(NOON + 59 * MINUTE) == small
    assert await state(ledger, 60) is State.OPEN
    assert (await ledger.gate(NOON + 60 * MINUTE)).state is State.OPEN


async def test_others_are_refused_meanwhile_and_change_nothing(ledger: ports.Ledger) -> None:
    gate = Gate(State.SMALL, NOON, floor=NOON, by=111)
    await ledger.set_gate(gate)
    assert await spend(ledger, "a", 600, 30) is None
    for amount in (1, 401):
        large = hold("b", amount, at=NOON + 30 * MINUTE, small=False)
        refused = Usage(within(30)[0], 0, 600, State.SMALL)
        assert await ledger.hold(large, within(30)) == refused
    assert await ledger.gate(NOON + 30 * MINUTE) == gate
    after = hold("b", 1, at=NOON + HOUR, small=False)
    assert await ledger.hold(after, within(60)) is None


async def test_a_rough_amount_that_does_not_fit_leaves_it_open(ledger: ports.Ledger) -> None:
    await spend(ledger, "a", 600)
    rough = hold("b", 401, at=NOON + MINUTE, rough=True)
    assert await ledger.hold(rough, within(1)) == Usage(within(1)[0], 0, 600, State.OPEN)
    assert await state(ledger, 1) is State.OPEN
    assert await spend(ledger, "b", 400, 1) is None, "the same request, known better"


async def test_small_requests_can_trip_it_too(ledger: ports.Ledger) -> None:
    await ledger.set_gate(Gate(State.SMALL, NOON, floor=NOON, by=111))
    assert await spend(ledger, "a", 600, 30) is None
    assert await spend(ledger, "b", 401, 30) is not None
    at = NOON + 30 * MINUTE
    assert await ledger.gate(at) == Gate(State.TRIPPED, at, floor=NOON)


@pytest.mark.parametrize("kept", [State.TRIPPED, State.SHUT, State.SMALL, State.OPEN])
async def test_it_survives_a_restart(store_url: str, kept: State) -> None:
    gate = Gate(kept, NOON, NOON - MINUTE, by=222)
    async with open_database(store_url) as db:
        await Ledger(db).set_gate(Gate(State.SHUT))
        await Ledger(db).set_gate(gate)
    async with open_database(store_url) as db:
        assert await Ledger(db).gate(NOON) == gate


# What owners grant.


async def test_what_was_granted_raises_the_users_own_limits(ledger: ports.Ledger) -> None:
    own = [limit(100, scope) for scope in (Scope.USER_DAY, Scope.USER_MONTH)]
    everyone = [limit(1000, scope) for scope in (Scope.HOUR, Scope.MONTH)]
    assert await ledger.hold(hold("a", 90), [*own, *everyone]) is None
    await ledger.grant(1, 111, 50, by=999, at=NOON)
    limits = [used.limit.amount for used in await ledger.usage(111, [*own, *everyone])]
    assert limits == [150, 150, 1000, 1000]
    raised = limit(150, Scope.USER_DAY)
    assert await ledger.hold(hold("b", 61), own) == Usage(raised, 0, 90)
    assert await ledger.hold(hold("b", 60), own) is None
    assert [used.limit.amount for used in await ledger.usage(222, own)] == [100, 100]


async def test_before_anything_was_held_a_grant_counts_as_well(ledger: ports.Ledger) -> None:
    await ledger.grant(1, 111, 50, by=999, at=NOON)
    (used,) = await ledger.usage(111, [DAY])
    assert used.limit.amount == 10_050
    assert await ledger.hold(hold("a", 10_050), [DAY]) is None


async def test_a_grant_is_for_the_day_it_was_given(ledger: ports.Ledger) -> None:
    await ledger.grant(1, 111, 50, by=999, at=NOON + 24 * HOUR)
    await ledger.grant(2, 111, 7, by=999, at=NOON - MINUTE)
    (used,) = await ledger.usage(111, [DAY])
    assert used.limit == DAY


async def test_the_same_command_grants_once(ledger: ports.Ledger) -> None:
    await ledger.hold(hold("a", 1), [DAY])
    for _ in range(3):
        await ledger.grant(1, 111, 50, by=999, at=NOON)
    await ledger.grant(2, 111, 5, by=999, at=NOON)
    (used,) = await ledger.usage(111, [DAY])
    assert used.limit.amount == 10_055


async def test_a_grant_is_no_budget(ledger: ports.Ledger) -> None:
    """Where none was declared, nothing may be spent."""
    none = limit(None, Scope.USER_DAY)
    await ledger.grant(1, 111, 50, by=999, at=NOON)
    assert await ledger.hold(hold("a", 1), [none]) == Usage(none, 0, 0)


# What was told.


async def test_a_part_of_a_window_is_noted_once(ledger: ports.Ledger) -> None:
    assert await ledger.alert(Scope.USER_DAY, 111, NOON, 0.8)
    assert not await ledger.alert(Scope.USER_DAY, 111, NOON, 0.8)
    assert await ledger.alert(Scope.USER_DAY, 111, NOON, 1.0)
    assert await ledger.alert(Scope.USER_DAY, 222, NOON, 0.8)
    assert await ledger.alert(Scope.USER_MONTH, 111, NOON, 0.8)
    assert await ledger.alert(Scope.USER_DAY, 111, NOON + 24 * HOUR, 0.8)
