"""Decisions: which model, by which rule, on which request."""

import json

import pytest

from bridge import ports
from bridge.model import SessionKey
from bridge.store.db import Database
from bridge.store.decisions import Decisions
from routing.model import Choice, Request
from tests.contract.samples import MAIN, NOON, UGLY, turn

REQUEST = Request(text=UGLY, user=111, role="owner", now=NOON, headroom=5_000_000)


@pytest.fixture
def decisions(db: Database) -> ports.Decisions:
    return Decisions(db)


async def test_the_last_decision_of_a_session(decisions: ports.Decisions) -> None:
    other = SessionKey(111, 0, "fix")
    await decisions.record(turn(1), REQUEST, Choice("haiku", None, "the default"))
    await decisions.record(turn(2), REQUEST, Choice("opus", "plan", "starts with /plan"))
    await decisions.record(turn(3, other), REQUEST, Choice("sonnet", "big", "race condition"))
    assert await decisions.last(MAIN) == Choice("opus", "plan", "starts with /plan")
    assert await decisions.last(SessionKey(1, 0, "main")) is None


async def test_a_turn_that_is_decided_again_keeps_the_new_decision(
    decisions: ports.Decisions,
) -> None:
    await decisions.record(turn(1), REQUEST, Choice("haiku", None, "the default"))
    await decisions.record(turn(1), REQUEST, Choice("opus", "plan", "starts with /plan"))
    assert await decisions.last(MAIN) == Choice("opus", "plan", "starts with /plan")


async def test_the_whole_request_is_kept_to_decide_it_again(
    decisions: ports.Decisions, db: Database
) -> None:
    await decisions.record(turn(1), REQUEST, Choice("haiku", None, "the default"))
    features = await db.read(
        lambda conn: conn.exec_driver_sql("SELECT features FROM decisions").scalar_one()
    )
    kept = json.loads(features)
    assert (kept["text"], kept["headroom"], kept["now"]) == (UGLY, 5_000_000, NOON.isoformat())
