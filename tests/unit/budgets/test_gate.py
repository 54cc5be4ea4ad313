"""Everyone's circuit breaker: what becomes of it when nobody does anything."""

from datetime import UTC, datetime, timedelta

import pytest

from budgets.gate import Gate, State, current, emptied, passes, tripped

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
FLOOR = NOON - HOUR


def test_it_trips_and_keeps_what_an_owner_has_forgiven() -> None:
    by_an_owner = Gate(State.SMALL, NOON - HOUR, FLOOR, by=111)
    assert tripped(by_an_owner, NOON) == Gate(State.TRIPPED, NOON, FLOOR, by=0)


@pytest.mark.parametrize("state", [State.TRIPPED, State.SMALL])
def test_after_an_hour_it_is_open(state: State) -> None:
    gate = Gate(state, NOON, FLOOR, by=111)
    assert current(gate, NOON + HOUR - TICK) == gate
    assert current(gate, NOON + HOUR) == Gate(State.OPEN, floor=FLOOR)


@pytest.mark.parametrize("state", [State.OPEN, State.SHUT])
def test_what_an_owner_decided_without_an_end_has_none(state: State) -> None:
    gate = Gate(state, NOON, FLOOR, by=111)
    assert current(gate, NOON + 1000 * HOUR) == gate


def test_it_opens_when_the_hour_is_half_empty() -> None:
    gate = Gate(State.TRIPPED, NOON, FLOOR)
    assert emptied(gate, used=501, most=1000) == gate
    assert emptied(gate, used=500, most=1000) == Gate(State.OPEN, floor=FLOOR)


@pytest.mark.parametrize("state", [State.OPEN, State.SHUT, State.SMALL])
def test_an_empty_hour_changes_only_what_had_tripped(state: State) -> None:
    gate = Gate(state, NOON, FLOOR, by=111)
    assert emptied(gate, used=0, most=1000) == gate


def test_while_it_is_open_for_the_smallest_model_only_that_passes() -> None:
    assert [state for state in State if passes(state, small=True)] == [State.OPEN, State.SMALL]
    assert [state for state in State if passes(state, small=False)] == [State.OPEN]
