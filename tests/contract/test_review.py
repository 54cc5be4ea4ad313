"""Decisions with what became of them, and the bill of a turn."""

from dataclasses import replace

from bridge.model import Outcome
from bridge.store import bills, review
from bridge.store.db import Database
from bridge.store.decisions import Decisions
from bridge.store.ledger import Ledger
from bridge.store.sessions import Sessions
from bridge.store.turns import Turns
from budgets.model import Item, Tokens
from routing.model import Choice, Request
from tests.contract.samples import FOLDER, MAIN, NOON, answer, hold, turn
from tests.fakes import LoopClock

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
REQUEST = Request("hi", 111, "owner", NOON)


async def spent(db: Database, request: str, update_id: int, model: str, cost: int) -> None:
    ledger = Ledger(db)
    amount = replace(hold(request, cost), update_id=update_id, model=model)
    assert await ledger.hold(amount, []) is None
    await ledger.settle(request, cost, Tokens(input=100, output=10))


async def test_a_bill_sums_the_requests_of_each_model_the_dearest_first(db: Database) -> None:
    await spent(db, "a", 1, HAIKU, 100)
    await spent(db, "b", 1, HAIKU, 50)
    await spent(db, "c", 1, SONNET, 4_000)
    await spent(db, "d", 2, SONNET, 7_000)
    assert await db.read(bills.bill, 1) == [
        Item(SONNET, Tokens(input=100, output=10), 4_000),
        Item(HAIKU, Tokens(input=200, output=20), 150),
    ]
    assert await db.read(bills.bill, 9) == []


async def test_a_review_joins_decision_outcome_and_bill(db: Database) -> None:
    decisions, turns = Decisions(db), Turns(db, LoopClock())
    for number in (1, 2):
        await decisions.record(turn(number), REQUEST, Choice("haiku", None, "no rule matched"))
    session = await Sessions(db, LoopClock()).claim(MAIN, 111, FOLDER)
    await turns.enter(turn(1))
    await turns.close(turn(1), session, answer(1))
    await spent(db, "a", 1, HAIKU, 100)
    first, second = await review.since(db, NOON)
    assert (first.decision.update_id, first.outcome) == (1, Outcome.DONE)
    assert [item.cost for item in first.items] == [100]
    assert (second.decision.update_id, second.outcome, second.items) == (2, None, [])


async def test_nothing_is_reviewed_where_nothing_was_decided(db: Database) -> None:
    assert await review.since(db, NOON) == []
