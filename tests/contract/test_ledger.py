"""Ledger: no window ever holds more than its limit, whatever is asked in whatever order."""

import asyncio
import sqlite3
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from bridge import ports
from bridge.errors import StoreError
from bridge.model import Spend
from bridge.store.db import Database, open_database
from bridge.store.ledger import Ledger
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
    assert await ledger.hold(hold("r", 100), [day, hour, month]) == Usage(hour, 0, 0)


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


USERS = (111, 222)
TOP = {Scope.USER_DAY: 1000, Scope.HOUR: 1500}


class Books(RuleBasedStateMachine):
    """Any order of hold, settle and restart, against a ledger kept in a dictionary."""

    requests = Bundle[str]("requests")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.held: dict[str, tuple[int, int]] = {}  # request: user, amount
        self.settled: dict[str, int] = {}
        self.open()

    def open(self) -> None:
        self.stack = AsyncExitStack()
        url = f"sqlite:///{self.folder.name}/books.db"
        db = self.runner.run(self.stack.enter_async_context(open_database(url)))
        self.ledger = Ledger(db)

    def close(self) -> None:
        self.runner.run(self.stack.aclose())

    def teardown(self) -> None:
        self.close()
        self.runner.close()
        self.folder.cleanup()

    def counted(self, user: int | None = None) -> tuple[int, int]:
        """Settled and held, as the dictionaries have it."""
        ours = {r: amount for r, (of, amount) in self.held.items() if user in (None, of)}
        done = sum(self.settled[r] for r in ours if r in self.settled)
        return done, sum(amount for r, amount in ours.items() if r not in self.settled)

    @rule(target=requests, user=st.sampled_from(USERS), amount=st.integers(0, 700))
    def hold(self, user: int, amount: int) -> str:
        request = f"r{len(self.held)}-{user}-{amount}"
        limits = [limit(most, scope) for scope, most in TOP.items()]
        fits = (
            sum(self.counted(user)) + amount <= TOP[Scope.USER_DAY]
            and sum(self.counted()) + amount <= TOP[Scope.HOUR]
        )
        refused = self.runner.run(self.ledger.hold(hold(request, amount, user=user), limits))
        assert (refused is None) == fits
        if not fits:
            return multiple()  # type: ignore[return-value]  # how Hypothesis says: none
        self.held[request] = (user, amount)
        return request

    @rule(request=requests)
    def hold_again(self, request: str) -> None:
        user, amount = self.held[request]
        assert self.runner.run(self.ledger.hold(hold(request, amount, user=user), [])) is None

    @rule(request=requests, share=st.fractions(0, 1))
    def settle(self, request: str, share: float) -> None:
        cost = int(self.held[request][1] * share)
        self.runner.run(self.ledger.settle(request, cost, Tokens()))
        self.settled.setdefault(request, cost)

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @invariant()
    def every_window_holds_what_was_counted_and_no_more_than_its_limit(self) -> None:
        for user in USERS:
            limits = [limit(most, scope) for scope, most in TOP.items()]
            day, hour = self.runner.run(self.ledger.usage(user, limits))
            assert (day.settled, day.held) == self.counted(user)
            assert (hour.settled, hour.held) == self.counted()
            assert day.settled + day.held <= TOP[Scope.USER_DAY]
            assert hour.settled + hour.held <= TOP[Scope.HOUR]


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # it writes to a real disk
)


def test_sqlite_is_new_enough() -> None:
    """RETURNING, which `claim` and `take` use, came with 3.35."""
    assert sqlite3.sqlite_version_info >= (3, 35)
