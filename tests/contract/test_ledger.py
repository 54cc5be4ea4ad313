"""Ledger: no window ever holds more than its limit, whatever is asked in whatever order."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bridge import ports
from bridge.errors import StoreError
from bridge.model import Spend
from bridge.store.audit import verify
from bridge.store.db import Database, open_database
from bridge.store.ledger import Ledger, recover
from bridge.store.tables import minutes, windows
from budgets.model import Limit, Scope, Tokens, Usage
from tests.contract.samples import NOON, hold, limit

MICROSECOND = timedelta(microseconds=1)
DAY = limit(1000)


@pytest.fixture
def ledger(db: Database) -> ports.Ledger:
    return Ledger(db)


async def sums(ledger: ports.Ledger, which: Limit = DAY, user: int = 111) -> tuple[int, int]:
    (used,) = await ledger.usage(user, [which])
    return used.settled, used.held


async def test_a_hold_counts_until_the_cost_takes_its_place(ledger: ports.Ledger) -> None:
    assert await ledger.hold(hold("r", 100), [DAY]) is None
    assert await sums(ledger) == (0, 100)
    await ledger.settle("r", 30, Tokens(input=10, output=5))
    assert await sums(ledger) == (30, 0)


async def test_a_hold_fits_to_the_last_micro_dollar(ledger: ports.Ledger) -> None:
    assert await ledger.hold(hold("a", 600), [DAY]) is None
    await ledger.settle("a", 500, Tokens())
    assert await ledger.hold(hold("b", 501), [DAY]) == Usage(DAY, settled=500, held=0)
    assert await sums(ledger) == (500, 0), "a refused hold leaves nothing"
    assert await ledger.hold(hold("b", 500), [DAY]) is None
    assert await ledger.hold(hold("c", 1), [DAY]) == Usage(DAY, settled=500, held=500)


async def test_an_absent_limit_refuses(ledger: ports.Ledger) -> None:
    none = limit(None)
    assert await ledger.hold(hold("r", 0), [DAY, none]) == Usage(none, 0, 0)
    assert await ledger.turn_cost(1) == 0


async def test_every_limit_must_fit_and_the_first_that_does_not_is_named(
    ledger: ports.Ledger,
) -> None:
    day, hour, month = (
        limit(amount, scope)
        for amount, scope in ((500, Scope.USER_DAY), (50, Scope.HOUR), (40, Scope.MONTH))
    )
    limits = [day, hour, month]
    assert await ledger.hold(hold("r", 100), limits) == Usage(hour, 0, 0)
    assert await ledger.hold(hold("r", 501), limits) == Usage(day, 0, 0)


async def test_the_same_request_is_held_once(ledger: ports.Ledger) -> None:
    for _ in range(3):
        assert await ledger.hold(hold("r", 600), [DAY]) is None
    assert await sums(ledger) == (0, 600)
    await ledger.settle("r", 10, Tokens())
    assert await ledger.hold(hold("r", 600), [DAY]) is None
    assert await sums(ledger) == (10, 0)


async def test_a_request_is_settled_once(ledger: ports.Ledger) -> None:
    await ledger.hold(hold("r", 100), [DAY])
    await ledger.settle("r", 30, Tokens())
    await ledger.settle("r", 99, Tokens())
    assert await sums(ledger) == (30, 0)


async def test_a_request_that_was_never_held_cannot_be_settled(ledger: ports.Ledger) -> None:
    with pytest.raises(StoreError, match="never held"):
        await ledger.settle("r", 1, Tokens())


async def test_money_is_never_negative(ledger: ports.Ledger) -> None:
    with pytest.raises(StoreError):
        await ledger.hold(hold("a", -1), [DAY])
    await ledger.hold(hold("b", 1), [DAY])
    with pytest.raises(StoreError):
        await ledger.settle("b", -1, Tokens())
    assert await sums(ledger) == (0, 1)


async def test_some_windows_are_the_users_and_some_are_everyones(ledger: ports.Ledger) -> None:
    await ledger.hold(hold("a", 1, user=111), [DAY])
    await ledger.hold(hold("b", 2, user=222), [DAY])
    windows = [limit(1000, scope) for scope in Scope]
    seen = {used.limit.window.scope: used.held for used in await ledger.usage(111, windows)}
    assert seen == {Scope.USER_DAY: 1, Scope.USER_MONTH: 1, Scope.HOUR: 3, Scope.MONTH: 3}


async def test_a_window_has_its_first_moment_and_not_its_end(ledger: ports.Ledger) -> None:
    end = NOON + timedelta(hours=24)
    for moment in (NOON - MICROSECOND, NOON, end - MICROSECOND, end):
        await ledger.hold(hold(str(moment), 1, at=moment), [limit(9, at=moment)])
    assert await sums(ledger) == (0, 2)


async def test_a_request_is_charged_to_the_window_it_was_held_in(ledger: ports.Ledger) -> None:
    """Settled after midnight, it still belongs to the day before."""
    before = NOON - timedelta(minutes=1)
    await ledger.hold(hold("r", 100, at=before), [limit(1000, at=before)])
    await ledger.settle("r", 70, Tokens())
    assert await sums(ledger) == (0, 0)
    assert await sums(ledger, limit(1000, at=NOON - timedelta(hours=24))) == (70, 0)


async def test_100_turns_of_ten_cents_against_five_dollars(ledger: ports.Ledger) -> None:
    """At once: exactly 50 run."""
    cent = 10_000
    limits = [limit(500 * cent), limit(500 * cent, Scope.USER_DAY)]
    turns = (ledger.hold(hold(f"r{n}", 10 * cent, update_id=n), limits) for n in range(100))
    assert (await asyncio.gather(*turns)).count(None) == 50
    assert await sums(ledger, limits[0]) == (0, 500 * cent)


async def test_64_at_once_never_overspend(ledger: ports.Ledger) -> None:
    refused = await asyncio.gather(*(ledger.hold(hold(f"r{n}", 100), [DAY]) for n in range(64)))
    assert refused.count(None) == 10
    assert await sums(ledger) == (0, 1000)


async def test_a_cancelled_caller_leaves_a_hold_that_can_be_settled(ledger: ports.Ledger) -> None:
    """Whoever was cut off while it held need not guess whether it did."""
    held = asyncio.ensure_future(ledger.hold(hold("r", 100), [DAY]))
    await asyncio.sleep(0)
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    await ledger.settle("r", 0, Tokens())
    assert await sums(ledger) == (0, 0)


async def test_a_turn_costs_what_was_settled_and_what_is_held(ledger: ports.Ledger) -> None:
    await ledger.hold(hold("a", 100, update_id=7), [DAY])
    await ledger.hold(hold("b", 200, update_id=7), [DAY])
    await ledger.hold(hold("c", 400, update_id=8), [DAY])
    await ledger.settle("a", 30, Tokens())
    assert await ledger.turn_cost(7) == 230
    assert await ledger.turn_cost(9) == 0


async def test_a_restart_keeps_what_is_held(store_url: str) -> None:
    async with open_database(store_url) as db:
        await Ledger(db).hold(hold("r", 900), [DAY])
    async with open_database(store_url) as db:
        again = Ledger(db)
        assert await again.hold(hold("s", 200), [DAY]) == Usage(DAY, 0, 900)
        await again.settle("r", 100, Tokens())
        assert await again.hold(hold("s", 200), [DAY]) is None


async def test_what_a_crash_left_open_is_settled_at_the_hold(
    ledger: ports.Ledger, db: Database
) -> None:
    """Only what is older than this start; and what comes late changes nothing any more."""
    await ledger.hold(hold("a", 100), [DAY])
    await ledger.hold(hold("b", 200), [DAY])
    await ledger.hold(hold("c", 400, at=NOON + MICROSECOND), [DAY])
    await ledger.settle("a", 30, Tokens())
    assert await sums(ledger) == (30, 600), "until then it stays counted"
    assert await db.write(recover, NOON + MICROSECOND) == 1
    assert await sums(ledger) == (230, 400)
    await ledger.settle("b", 1, Tokens())
    assert await sums(ledger) == (230, 400)
    assert await db.write(recover, NOON + MICROSECOND) == 0


# The sums that are kept.


async def test_a_window_that_is_asked_for_later_has_what_was_held_before(
    ledger: ports.Ledger,
) -> None:
    """As when a user moves to another time zone."""
    for minute in range(5):
        at = NOON + timedelta(minutes=minute)
        await ledger.hold(hold(f"r{minute}", 10, at=at), [DAY])
    await ledger.settle("r4", 1, Tokens())
    moved = limit(35, Scope.USER_DAY, at=NOON + timedelta(minutes=1))
    assert await sums(ledger, moved) == (1, 30)
    late = NOON + timedelta(minutes=9)
    assert await ledger.hold(hold("s", 5, at=late), [moved]) == Usage(moved, 1, 30)
    assert await ledger.hold(hold("s", 4, at=late), [moved]) is None
    await ledger.settle("r0", 0, Tokens())
    await ledger.settle("r1", 0, Tokens())
    assert await sums(ledger, moved) == (1, 24)


@pytest.mark.parametrize("length", [0.5, 1, 1.5, 59.5, 60, 61.25, 24 * 60])
@pytest.mark.parametrize("seconds", [0, 10, 59.999999])
async def test_the_sliding_hour_is_exact_to_the_microsecond(
    ledger: ports.Ledger, length: float, seconds: float
) -> None:
    """Though it is summed from whole minutes."""
    start = NOON + timedelta(seconds=seconds)
    end = start + timedelta(minutes=length)
    moments = [start - MICROSECOND, start, start + (end - start) / 2, end - MICROSECOND, end]
    for number, at in enumerate(moments):
        await ledger.hold(hold(str(number), 10**number, at=at), [limit(10**6, at=at)])
    await ledger.settle("2", 7, Tokens())
    hour = limit(10**6, Scope.HOUR, start, length / 60)
    assert await sums(ledger, hour) == (7, 1010)


async def test_sums_that_are_wrong_are_found(ledger: ports.Ledger, db: Database) -> None:
    await ledger.hold(hold("r", 100), [limit(1000, scope) for scope in Scope])
    assert await db.read(verify) == []
    await db.write(lambda conn: conn.execute(sa.update(windows).values(held=99)).rowcount)
    await db.write(lambda conn: conn.execute(sa.update(minutes).values(settled=1)).rowcount)
    found = await db.read(verify)
    assert len(found) == 3
    assert found[0].endswith("settled 0, in truth 0, held 99, in truth 100, granted 0, in truth 0")
    assert found[-1].startswith("minute 2026-11-22 12:00: settled 1, in truth 0")


# What /cost shows.

ALWAYS = (NOON - timedelta(days=400), NOON + timedelta(days=400))


async def test_spend_is_told_by_day_user_session_and_model(ledger: ports.Ledger) -> None:
    wide = [replace(DAY, amount=10**9)]
    requests = [
        hold("a", 100, update_id=1),
        hold("b", 100, update_id=1),
        hold("c", 100, update_id=2),
        hold("d", 100, update_id=1, model="claude-opus-5-5"),
        hold("e", 100, update_id=3, session="fix"),
        hold("f", 100, update_id=4, user=222),
    ]
    for request in requests:
        await ledger.hold(request, wide)
    await ledger.settle("a", 10, Tokens())
    await ledger.settle("f", 7, Tokens())
    day, haiku = "2026-11-22", "claude-haiku-5-5"
    ours = [
        Spend(day, 111, "fix", haiku, turns=1, cost=100),
        Spend(day, 111, "main", haiku, turns=2, cost=210),
        Spend(day, 111, "main", "claude-opus-5-5", turns=1, cost=100),
    ]
    assert await ledger.spent(*ALWAYS, user=111) == ours
    assert await ledger.spent(*ALWAYS) == [*ours, Spend(day, 222, "main", haiku, 1, 7)]


async def test_spend_of_one_chat(ledger: ports.Ledger) -> None:
    await ledger.hold(hold("a", 10, chat=111), [DAY])
    await ledger.hold(hold("b", 20, chat=-100, user=222), [DAY])
    await ledger.hold(hold("c", 40, chat=-100), [DAY])
    assert sum(spend.cost for spend in await ledger.spent(*ALWAYS, chat=-100)) == 60
    assert sum(spend.cost for spend in await ledger.spent(*ALWAYS, chat=-100, user=111)) == 40


async def test_nothing_spent_is_an_empty_list(ledger: ports.Ledger) -> None:
    assert await ledger.spent(*ALWAYS) == []


@pytest.mark.parametrize(
    ("at", "timezone", "day"),
    [
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "UTC", "2026-11-22"),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "Europe/Copenhagen", "2026-11-23"),
        (datetime(2026, 11, 22, 4, 59, tzinfo=UTC), "America/New_York", "2026-11-21"),
        # The 23 hour day begins at 23:00 UTC and the next one at 22:00 UTC.
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "Europe/Copenhagen", "2026-03-29"),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "Europe/Copenhagen", "2026-03-29"),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "Europe/Copenhagen", "2026-03-30"),
        # Here midnight itself was skipped: the day began at one o'clock, 05:00 UTC.
        (datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC), "America/Havana", "2026-03-07"),
        (datetime(2026, 3, 8, 5, 0, tzinfo=UTC), "America/Havana", "2026-03-08"),
    ],
)
async def test_a_day_is_the_local_one(
    ledger: ports.Ledger, at: datetime, timezone: str, day: str
) -> None:
    await ledger.hold(hold("r", 100, at=at), [limit(1000, at=at)])
    (row,) = await ledger.spent(at, at + MICROSECOND, timezone=timezone)
    assert (row.day, row.cost) == (day, 100)
    assert await ledger.spent(at - timedelta(days=3), at, timezone=timezone) == []


async def test_rows_are_disjoint_over_the_days(ledger: ports.Ledger) -> None:
    for hour in range(72):
        at = NOON + timedelta(hours=hour)
        await ledger.hold(hold(str(hour), 1, at=at), [limit(1000, at=at)])
    rows = await ledger.spent(*ALWAYS, timezone="Asia/Kathmandu")
    assert [row.day for row in rows] == ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"]
    assert sum(row.cost for row in rows) == 72


def test_sqlite_is_new_enough() -> None:
    """RETURNING, which `claim` and `take` use, came with 3.35."""
    assert sqlite3.sqlite_version_info >= (3, 35)
