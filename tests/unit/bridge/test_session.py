"""Every legal step of a session, and every illegal one."""

from itertools import product

import pytest

from bridge.session import NEXT, Event, IllegalStep, State, step

EVERY = list(product(State, Event))
LEGAL = [(s, e) for s, e in EVERY if e in NEXT[s]]
ILLEGAL = [pair for pair in EVERY if pair not in LEGAL]


@pytest.mark.parametrize(("state", "event"), LEGAL)
def test_a_legal_step_leads_where_the_table_says(state: State, event: Event) -> None:
    assert step(state, event) is NEXT[state][event]


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_an_illegal_step_raises(state: State, event: Event) -> None:
    with pytest.raises(IllegalStep, match=f"{event} while {state}"):
        step(state, event)


def test_every_state_can_be_left_and_reached() -> None:
    reached = {to for steps in NEXT.values() for to in steps.values()}
    assert reached == set(State)
    assert all(NEXT[state] for state in State)
