"""Fakes of the ports, and a loop whose time passes only when nothing else can happen.

They keep what a port promises and nothing more; the promises themselves are checked on the
real implementations in tests/contract.
"""

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.errors import BudgetError
from bridge.model import (
    Arrival,
    Ask,
    Inbound,
    Kind,
    Place,
    Session,
    SessionKey,
    Signal,
    Spend,
)
from bridge.settings import Settings, read
from budgets.model import Hold, Limit, Tokens, Usage

TICK = 1e-7  # seconds one turn of the loop takes; were it 0, rounding could stop time for ever
START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class VirtualSelector(selectors.SelectSelector):
    """Instead of waiting for a timer, lets time jump; waits while a socket or thread may speak."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._threads = threading.active_count()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += TICK
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        sockets = len(self.get_map()) > 1  # more than the loop's own wake-up pipe
        if sockets or threading.active_count() > self._threads:
            began = time.monotonic()
            ready = super().select(timeout)
            self.now += time.monotonic() - began
            return ready
        if timeout is None:
            raise RuntimeError("nothing can ever happen in this test any more")
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """No test waits for time to pass, and every run takes the same course."""

    def __init__(self) -> None:
        self._virtual = VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class LoopClock:
    """`Clock` on the time of the running loop."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Bot API. `at` is the loop's time when it came, to the millisecond."""

    method: str
    params: Mapping[str, Any]
    at: float


Reaction = Exception | Callable[[Mapping[str, Any]], Any]


class FakeApi:
    """The Bot API as far as it answers. `plan` decides the next answers to a method, in order."""

    def __init__(self, latency: float = 0.0) -> None:
        self.calls: list[Call] = []
        self.latency = latency
        self.in_flight = 0
        self._plans: dict[str, list[Reaction | None]] = {}
        self._message = 100

    def plan(self, method: str, *reactions: Reaction | None) -> None:
        """None: the usual answer."""
        self._plans.setdefault(method, []).extend(reactions)

    async def call(self, method: str, /, **params: Any) -> Any:
        at = round(asyncio.get_running_loop().time(), 3)
        self.calls.append(Call(method, params, at))
        self.in_flight += 1
        try:
            await asyncio.sleep(self.latency)
            return self._react(method, params)
        finally:
            self.in_flight -= 1

    def of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def texts(self) -> list[str]:
        return [str(call.params["text"]) for call in self.of("sendMessage")]

    def _react(self, method: str, params: Mapping[str, Any]) -> Any:
        plan = self._plans.get(method)
        reaction = plan.pop(0) if plan else None
        if isinstance(reaction, Exception):
            raise reaction
        if reaction is not None:
            return reaction(params)
        if method != "sendMessage":
            return True
        self._message += 1
        return {"message_id": self._message, "chat": {"id": params["chat_id"]}}


@dataclass
class FakeInbox:
    """`Inbox` in a dict. `faults` are raised by the next puts, before anything is stored."""

    rows: dict[int, tuple[Arrival, Inbound]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)

    async def put(self, arrival: Arrival, most: int) -> Inbound | None:
        if self.faults:
            raise self.faults.pop(0)
        if arrival.update_id in self.rows:
            return None
        waiting = self._waiting(lambda i: i.user == arrival.user)
        key = SessionKey(arrival.place.chat, arrival.place.thread, "main")
        inbound = Inbound(
            arrival.update_id, key, arrival.user, arrival.text, arrival.message_id, START
        )
        self.rows[arrival.update_id] = (arrival, inbound)
        if arrival.kind is Kind.MESSAGE and len(waiting) >= most:
            self.rejected.add(arrival.update_id)
            raise BudgetError(f"{len(waiting)} messages are waiting already.")
        return inbound

    async def next(self, key: SessionKey) -> Inbound | None:
        return next(iter(self._waiting(lambda i: i.key == key)), None)

    async def done(self, update_id: int) -> None:
        self.finished.add(update_id)

    async def undone(self) -> Sequence[SessionKey]:
        return list(dict.fromkeys(inbound.key for inbound in self._waiting(lambda _: True)))

    async def pending(self) -> Sequence[Arrival]:
        kinds = (Kind.COMMAND, Kind.TAP, Kind.STOP)
        return [
            arrival
            for number, (arrival, _) in sorted(self.rows.items())
            if arrival.kind in kinds and number not in self.finished
        ]

    async def waiting(self, key: SessionKey) -> int:
        return len(self._waiting(lambda i: i.key == key))


    def _waiting(self, wanted: Callable[[Inbound], bool]) -> list[Inbound]:
        return [
            inbound
            for number, (arrival, inbound) in sorted(self.rows.items())
            if arrival.kind is Kind.MESSAGE
            and number not in self.finished | self.rejected
            and wanted(inbound)
        ]


@dataclass
class FakeSessions:
    """`Sessions` in a dict."""

    known: dict[SessionKey, Session] = field(default_factory=dict)
    names: dict[Place, str] = field(default_factory=dict)

    async def current(self, place: Place) -> SessionKey:
        return SessionKey(place.chat, place.thread, self.names.get(place, "main"))

    async def load(self, key: SessionKey, user: int, folder: Path) -> Session:
        return self.known.setdefault(key, Session(key, user, folder, START, START))

    async def find(self, key: SessionKey) -> Session | None:
        return self.known.get(key)

    async def claim(self, key: SessionKey, user: int, folder: Path) -> Session:
        return await self.load(key, user, folder)


@dataclass
class FakeLedger:
    """`Ledger` that answers what a test puts in; it decides nothing."""

    spends: list[Spend] = field(default_factory=list)
    settled: int = 0
    held: int = 0

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        return [Usage(limit, self.settled, self.held) for limit in limits]

    async def hold(self, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
        self.held += hold.amount
        return None

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        self.settled += cost

    async def spent(
        self, since: datetime, until: datetime, user: int | None = None, timezone: str = "UTC"
    ) -> Sequence[Spend]:
        zone = ZoneInfo(timezone)
        days = [at.astimezone(zone).date().isoformat() for at in (since, until)]
        mine = [spend for spend in self.spends if user in (None, spend.user)]
        return [spend for spend in mine if days[0] <= spend.day < days[1]]

    async def turn_cost(self, update_id: int) -> int:
        return self.settled


@dataclass
class FakeAsks:
    """`Asks` in a dict."""

    open_: dict[str, Ask] = field(default_factory=dict)

    async def open(self, ask: Ask) -> None:
        self.open_.setdefault(ask.nonce, ask)

    async def take(self, nonce: str) -> Ask | None:
        return self.open_.pop(nonce, None)

    async def find(self, nonce: str) -> Ask | None:
        return self.open_.get(nonce)

    async def expire(self, update_id: int) -> None:
        self.open_ = {n: ask for n, ask in self.open_.items() if ask.update_id != update_id}


@dataclass
class FakeEngine:
    """`Engine` that notes what it is told. `served`: the sessions somebody serves."""

    activated: list[SessionKey] = field(default_factory=list)
    signals: list[tuple[SessionKey, Signal]] = field(default_factory=list)
    served: set[SessionKey] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)

    async def activate(self, key: SessionKey) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.activated.append(key)

    async def signal(self, key: SessionKey, signal: Signal) -> bool:
        self.signals.append((key, signal))
        return key in self.served

    async def run(self) -> None:
        await asyncio.Event().wait()


SETTINGS = """
[users.1]
name = "Ada"
role = "owner"
[users.2]
name = "Ben"
role = "member"
timezone = "Europe/Copenhagen"
[budgets.default]
day_usd = 1.00
month_usd = 20.00
[budgets.everyone]
hour_usd = 3.00
month_usd = 100.00
"""


def settings(folder: Path, more: str = "") -> Settings:
    """Settings as they are read from a file: Ada (1) is the owner, Ben (2) a member."""
    file = folder / "settings.toml"
    file.write_text(SETTINGS + more)
    return read({}, folder, [file], token_needed=False)
