"""Decisions: which model, by which rule, on which request, and the steps up within the turn."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge import ports
from bridge.model import Climbed, SessionKey
from bridge.store.db import Database
from bridge.store.decisions import Decisions
from routing.model import Choice, Request, Seen
from tests.contract.samples import MAIN, NOON, UGLY, turn

REQUEST = Request(text=UGLY, user=111, role="owner", now=NOON, headroom=5_000_000)
DEFAULT = Choice("haiku", None, "the default")
PLAN = Choice("opus", "plan", "starts with /plan", "high", (Seen("long", "sonnet", "900"),))


@pytest.fixture
def decisions(db: Database) -> ports.Decisions:
    return Decisions(db)


async def test_the_last_decision_of_a_session(decisions: ports.Decisions) -> None:
    other = SessionKey(111, 0, "fix")
    await decisions.record(turn(1), REQUEST, DEFAULT)
    await decisions.record(turn(2), REQUEST, PLAN)
    await decisions.record(turn(3, other), REQUEST, Choice("sonnet", "big", "race condition"))
    made = await decisions.last(MAIN)
    assert made
    assert (made.update_id, made.key, made.choice, made.request) == (2, MAIN, PLAN, REQUEST)
    assert await decisions.last(SessionKey(1, 0, "main")) is None


async def test_a_turn_that_is_decided_again_keeps_the_new_decision(
    decisions: ports.Decisions,
) -> None:
    await decisions.record(turn(1), REQUEST, DEFAULT)
    await decisions.climbed(1, Climbed("haiku", "sonnet", "it was cut off"))
    await decisions.record(turn(1), REQUEST, PLAN)
    made = await decisions.find(1)
    assert made
    assert (made.choice, made.climbed) == (PLAN, ())


async def test_steps_up_are_kept_in_order(decisions: ports.Decisions) -> None:
    steps = (Climbed("haiku", "sonnet", "it asked"), Climbed("sonnet", "opus", UGLY))
    await decisions.record(turn(1), REQUEST, DEFAULT)
    for step in steps:
        await decisions.climbed(1, step)
    made = await decisions.find(1)
    assert made
    assert made.climbed == steps
    assert (made.choice.model, made.model) == ("haiku", "opus")


async def test_the_decisions_since_a_time_oldest_first(decisions: ports.Decisions) -> None:
    early = replace(turn(1), started_at=NOON - timedelta(days=1))
    await decisions.record(early, REQUEST, DEFAULT)
    await decisions.record(turn(3), REQUEST, DEFAULT)
    await decisions.record(turn(2), REQUEST, PLAN)
    assert [made.update_id for made in await decisions.since(turn(2).started_at)] == [2, 3]
