"""Every legal step of a session, and every illegal one."""

from itertools import product
from pathlib import Path

import pytest

from bridge.session import NEXT, Event, IllegalStep, State, diagram, step

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


ARCHITECTURE = Path(__file__).parents[3] / "ARCHITECTURE.md"


def test_the_diagram_in_the_architecture_is_the_table() -> None:
    """`scripts/diagram` draws it anew."""
    _, _, rest = ARCHITECTURE.read_text().partition("<!-- states -->")
    drawn, _, _ = rest.partition("<!-- /states -->")
    assert drawn.strip() == f"```mermaid\n{diagram()}\n```"


@pytest.mark.parametrize(("state", "event"), LEGAL)
def test_the_diagram_has_an_arrow_for_every_legal_step(state: State, event: Event) -> None:
    arrows = [line.strip() for line in diagram().splitlines()]
    target = f"{state} --> {NEXT[state][event]}: "
    assert any(a.startswith(target) and event in a.removeprefix(target) for a in arrows)


@pytest.mark.parametrize("event", [Event.ASK, Event.REPLY, Event.STOP])
def test_what_still_comes_while_a_turn_is_stopping_changes_nothing(event: Event) -> None:
    assert step(State.STOPPING, event) is State.STOPPING
