"""Ledger: any order of what can happen to money, beside books that are kept by hand."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bridge.store.audit import verify
from bridge.store.db import Database, open_database
from bridge.store.ledger import Ledger, recover
from bridge.store.tables import gates, grants, ledger, minutes, windows
from budgets.gate import CLOSED, Gate, State
from budgets.model import Hold, Limit, Scope, Tokens, Usage
from budgets.windows import limits
from tests.contract.samples import NOON, hold

USERS = (111, 222)
ZONES = ("UTC", "Asia/Kathmandu", "America/Havana")
OF_ONE_USER = (Scope.USER_DAY, Scope.USER_MONTH)
HOUR = timedelta(hours=1)

amounts = st.integers(0, 700)
tops = st.integers(100, 2000)


@dataclass
class Entry:
    user: int
    at: datetime
    held: int
    cost: int | None = None


class Books(RuleBasedStateMachine):
    """Hold, settle, crash, restart, recover; time passes, limits and zones change; owners act."""

    url: str
    requests = Bundle[str]("requests")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = NOON
        self.tops = {"day": 1000, "month": 3000, "everyone_hour": 1500, "everyone_month": 5000}
        self.zones = dict.fromkeys(USERS, "UTC")
        self.entries: dict[str, Entry] = {}
        self.grants: list[tuple[int, datetime, int]] = []
        self.gate = Gate()
        self.open()
        self.runner.run(self.db.write(empty))

    def open(self) -> None:
        self.stack = AsyncExitStack()
        self.db: Database = self.runner.run(self.stack.enter_async_context(open_database(self.url)))
        self.ledger = Ledger(self.db)

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    # The books.

    def limits(self, user: int) -> tuple[Limit, ...]:
        return limits(self.now, self.zones[user], **self.tops)

    def usage(self, user: int, limit: Limit) -> Usage:
        window = limit.window
        own = window.scope in OF_ONE_USER
        start = window.start
        if window.scope is Scope.HOUR and self.gate.floor:
            start = max(start, self.gate.floor)
        counted = [
            entry
            for entry in self.entries.values()
            if start <= entry.at < window.end and (not own or entry.user == user)
        ]
        granted = sum(
            amount
            for to, at, amount in self.grants
            if own and to == user and start <= at < window.end
        )
        usage = Usage(
            replace(limit, amount=(limit.amount or 0) + granted),
            settled=sum(entry.cost or 0 for entry in counted),
            held=sum(entry.held for entry in counted if entry.cost is None),
        )
        if window.scope is Scope.HOUR:
            return replace(usage, gate=self.gate_by_now(usage).state)
        return usage

    def gate_by_now(self, hour: Usage) -> Gate:
        gate, most = self.gate, hour.limit.amount or 0
        over = gate.since is not None and gate.since + HOUR <= self.now
        empty = (hour.settled + hour.held) * 2 <= most
        if (gate.state is State.TRIPPED and (over or empty)) or (
            gate.state is State.SMALL and over
        ):
            return Gate(floor=gate.floor)
        return gate

    def refusal(self, hold: Hold) -> Usage | None:
        """The first window that does not hold it; the gate moves as it is passed."""
        for limit in self.limits(hold.user):
            usage = self.usage(hold.user, limit)
            fits = usage.settled + usage.held + hold.amount <= (usage.limit.amount or 0)
            if limit.window.scope is Scope.HOUR:
                self.gate = self.gate_by_now(usage)
                half = (usage.settled + usage.held) * 2 > (usage.limit.amount or 0)
                passed = not self.barred(hold) and not hold.rough
                if passed and not fits and half:
                    self.gate = Gate(State.TRIPPED, self.now, self.gate.floor)
                usage = replace(usage, gate=self.gate.state)
            if not fits or (limit.window.scope is Scope.HOUR and self.barred(hold)):
                return usage
        return None

    def barred(self, hold: Hold) -> bool:
        small_only = self.gate.state is State.SMALL and not hold.small
        return small_only or self.gate.state in CLOSED

    # What can happen.

    @rule(
        target=requests,
        user=st.sampled_from(USERS),
        amount=amounts,
        rough=st.booleans(),
        small=st.booleans(),
    )
    def hold(self, user: int, amount: int, *, rough: bool, small: bool) -> str:
        request = f"r{len(self.entries)}"
        asked = hold(request, amount, user=user, at=self.now, rough=rough, small=small)
        expected = self.refusal(asked)
        assert self.runner.run(self.ledger.hold(asked, self.limits(user))) == expected
        if expected is not None:
            return multiple()  # type: ignore[return-value]  # how Hypothesis says: none
        self.entries[request] = Entry(user, self.now, amount)
        for limit in self.limits(user):
            usage = self.usage(user, limit)
            assert usage.settled + usage.held <= (usage.limit.amount or 0)
        return request

    @rule(request=requests)
    def hold_again(self, request: str) -> None:
        entry = self.entries[request]
        asked = hold(request, entry.held, user=entry.user, at=self.now)
        assert self.runner.run(self.ledger.hold(asked, self.limits(entry.user))) is None

    @rule(request=consumes(requests), share=st.fractions(0, 1))
    def settle(self, request: str, share: float) -> None:
        entry = self.entries[request]
        if entry.cost is None:
            entry.cost = int(entry.held * share)
        for cost in (entry.cost, entry.cost + 1):
            self.runner.run(self.ledger.settle(request, cost, Tokens()))

    @rule()
    def crash(self) -> None:
        """Nobody settles what was held."""
        self.runner.run(self.stack.aclose())
        self.open()

    @rule()
    def recover(self) -> None:
        left = [entry for entry in self.entries.values() if entry.cost is None]
        before = self.now + timedelta(microseconds=1)
        assert self.runner.run(self.db.write(recover, before)) == len(left)
        for entry in left:
            entry.cost = entry.held

    @rule(minutes=st.sampled_from([0.01, 1, 20, 61, 12 * 60, 24 * 60, 31 * 24 * 60]))
    def time_passes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(name=st.sampled_from(["day", "month", "everyone_hour", "everyone_month"]), most=tops)
    def the_owner_edits_a_limit(self, name: str, most: int) -> None:
        self.tops[name] = most

    @rule(user=st.sampled_from(USERS), zone=st.sampled_from(ZONES))
    def a_user_moves(self, user: int, zone: str) -> None:
        self.zones[user] = zone

    @rule(user=st.sampled_from(USERS), amount=st.integers(1, 500))
    def an_owner_grants(self, user: int, amount: int) -> None:
        self.grants.append((user, self.now, amount))
        for _ in range(2):
            number = len(self.grants)
            self.runner.run(self.ledger.grant(number, user, amount, 999, self.now))

    @rule(state=st.sampled_from([State.OPEN, State.SMALL, State.SHUT]))
    def an_owner_sets_the_gate(self, state: State) -> None:
        floor = self.gate.floor if state is State.SHUT else self.now
        self.gate = Gate(state, self.now, floor, by=999)
        self.runner.run(self.ledger.set_gate(self.gate))

    @invariant()
    def every_window_tells_what_the_books_tell(self) -> None:
        for user in USERS:
            told = self.runner.run(self.ledger.usage(user, self.limits(user)))
            assert list(told) == [self.usage(user, limit) for limit in self.limits(user)]

    @invariant()
    def the_sums_equal_the_entries(self) -> None:
        assert self.runner.run(self.db.read(verify)) == []


def empty(conn: sa.Connection) -> None:
    for table in (ledger, windows, minutes, grants, gates):
        conn.execute(sa.delete(table))


def test_the_ledger_keeps_the_books(store_url: str) -> None:
    class OfThisStore(Books):
        url = store_url

    run_state_machine_as_test(
        OfThisStore,
        settings=settings(
            max_examples=60 if "sqlite" in store_url else 15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],  # it writes to a real disk
        ),
    )
