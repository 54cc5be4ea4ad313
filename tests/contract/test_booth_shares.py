"""A subscription's windows: seen in the headers of each answer, and kept to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.booth.shares import Shares
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say
from bridge.simulator.serve import serving
from bridge.store.db import Database
from bridge.store.ledger import Ledger
from budgets.shares import FIVE_HOURS
from tests.contract.tollbooth import TURN, asked, house

USED = 0.5


async def test_when_the_part_is_used_the_next_request_is_refused(db: Database) -> None:
    """Dollars are only counted then: there is no limit of them."""
    seen, ledger = Shares(), Ledger(db)
    resets_at = datetime.now(UTC) + timedelta(hours=2)
    used = {"5h": (USED, resets_at), "7d": (0.1, resets_at)}
    api = messages(lambda _: [Say("Hello.")], windows=lambda: used)
    terms: dict[str, Any] = {"limits": (), "shares": {FIVE_HOURS: USED, "seven_days": 0.9}}
    async with serving(api) as address, house(address, ledger, seen=seen, **terms) as booth:
        first, second = [await booth.post(body=asked()) for _ in range(2)]
        await booth.tickets.end(TURN)
    assert (first.status_code, second.status_code) == (200, 402)
    assert first.headers["anthropic-ratelimit-unified-5h-utilization"] == "0.5"
    assert second.json()["error"]["message"].startswith("50% of what the Claude subscription")
    assert await ledger.turn_cost(TURN.update_id) == api.bill > 0
    assert len(api.requests) == 1


async def test_an_answer_to_a_key_tells_of_no_window(db: Database) -> None:
    seen = Shares()
    api = messages(lambda _: [Say("Hello.")])
    async with serving(api) as address, house(address, Ledger(db), seen=seen) as booth:
        await booth.post()
    assert not seen.last


async def test_neither_dollars_nor_shares_declared_is_a_refusal(db: Database) -> None:
    api = messages(lambda _: [Say("Hello.")])
    async with serving(api) as address, house(address, Ledger(db), limits=()) as booth:
        answer = await booth.post()
    assert answer.status_code == 402
    assert "No budget is set for you" in answer.json()["error"]["message"]
    assert not api.requests
