"""Fakes of the ports, and a loop whose time passes only when nothing else can happen.

They keep what a port promises and nothing more; the promises themselves are checked on the
real implementations in tests/contract.
"""

import asyncio
import selectors
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.errors import AgentError, BudgetError, Fenced
from bridge.model import (
    AgentEvent,
    Answer,
    Arrival,
    Ask,
    Completed,
    Inbound,
    Kind,
    Outcome,
    Place,
    Prompt,
    Session,
    SessionKey,
    Signal,
    Spend,
    Turn,
)
from bridge.ports import Desk, Live, Waiter
from bridge.progress import Progress
from bridge.settings import Settings, read
from budgets.model import Hold, Limit, Tokens, Usage
from routing.model import Choice, Request

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
    """`Inbox` in a dict. `faults` are raised by the next puts, before anything is stored.

    `latency`: seconds from a look at the rows to the moment it is known what was seen.
    """

    rows: dict[int, tuple[Arrival, Inbound]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)
    latency: float = 0.0

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
        oldest = next(iter(self._waiting(lambda i: i.key == key)), None)
        if self.latency:
            await asyncio.sleep(self.latency)
        return oldest

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
        session = await self.load(key, user, folder)
        self.known[key] = replace(session, epoch=session.epoch + 1)
        return self.known[key]


@dataclass
class FakeTurns:
    """`Turns` in dicts, fenced by the epochs of `sessions`."""

    inbox: FakeInbox
    sessions: FakeSessions
    entered: dict[int, Turn] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    answers: dict[int, Answer] = field(default_factory=dict)
    confirmed: set[int] = field(default_factory=set)

    async def enter(self, turn: Turn) -> bool:
        self.entered.setdefault(turn.update_id, turn)
        return turn.update_id not in self.touched

    async def touch(self, update_id: int) -> None:
        self.touched.add(update_id)

    async def close(self, turn: Turn, session: Session, answer: Answer) -> None:
        stored = self.sessions.known.get(session.key)
        if stored is None or stored.epoch != session.epoch:
            raise Fenced("Another server works on this session now.")
        self.sessions.known[session.key] = replace(session, pin=stored.pin)
        self.answers.setdefault(turn.update_id, answer)

    async def delivered(self, update_id: int) -> None:
        self.confirmed.add(update_id)
        await self.inbox.done(update_id)

    async def undelivered(self) -> Sequence[Answer]:
        return [a for number, a in sorted(self.answers.items()) if number not in self.confirmed]

    async def answer(self, update_id: int) -> Answer | None:
        return self.answers.get(update_id)


@dataclass
class FakeDecisions:
    """`Decisions` in a dict, by update id."""

    made: dict[int, tuple[Turn, Request, Choice]] = field(default_factory=dict)

    async def record(self, turn: Turn, request: Request, choice: Choice) -> None:
        self.made[turn.update_id] = (turn, request, choice)

    async def last(self, key: SessionKey) -> Choice | None:
        mine = [choice for turn, _, choice in self.made.values() if turn.key == key]
        return mine[-1] if mine else None


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

    async def running(self, key: SessionKey) -> bool:
        return key in self.served

    async def run(self) -> None:
        await asyncio.Event().wait()


Step = AgentEvent | Exception | float


class FakeAgent:
    """`Agent` by script: one for each turn, and an echo of the prompt when there is none left.

    Events are told, exceptions raised, numbers are seconds that pass. Interrupted while they
    do, the turn is STOPPED. An echo takes `pace` seconds.
    """

    def __init__(self, *scripts: Sequence[Step], pace: float = 0.0) -> None:
        self.prompts: list[Prompt] = []
        self.replies: list[tuple[str, tuple[int, ...]]] = []
        self.steered: list[Prompt] = []
        self.interrupts = 0
        self.busy = False
        self._killed = False
        self.scripts = deque(scripts)
        self._pace = pace
        self._stop = asyncio.Event()

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        assert not self.busy, "one turn at a time"
        self.busy = True
        self.prompts.append(prompt)
        self._stop.clear()
        self._killed = False
        echo = (self._pace, Completed(Outcome.DONE, f"Re: {prompt.text}"))
        try:
            for step in self.scripts.popleft() if self.scripts else echo:
                if isinstance(step, Exception):
                    raise step
                if not isinstance(step, int | float):
                    yield step
                elif await self._stopped(step):
                    if self._killed:
                        raise AgentError("Claude Code was killed.")
                    yield Completed(Outcome.STOPPED, "")
                    return
        finally:
            self.busy = False

    async def interrupt(self) -> None:
        self.interrupts += 1
        self._stop.set()

    async def reply(self, nonce: str, chosen: Sequence[int]) -> None:
        self.replies.append((nonce, tuple(chosen)))

    async def steer(self, prompt: Prompt) -> bool:
        if self.busy:
            self.steered.append(prompt)
        return self.busy

    async def kill(self) -> None:
        """The turn dies as soon as time passes in it."""
        self._killed = True
        self._stop.set()

    async def close(self) -> None:
        assert not self.busy, "closed while a turn ran"

    async def _stopped(self, seconds: float) -> bool:
        """Whether it was interrupted before they had passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True


@dataclass
class FakeAgents:
    """`Agents` that lends `agent` to everyone and makes nobody wait."""

    agent: FakeAgent = field(default_factory=FakeAgent)
    waiters: dict[SessionKey, Waiter] = field(default_factory=dict)  # who has a client now
    lent: list[SessionKey] = field(default_factory=list)
    closing: float = 0.0  # seconds that giving back takes

    @asynccontextmanager
    async def lend(self, session: Session, waiter: Waiter) -> AsyncIterator[FakeAgent]:
        self.waiters[session.key] = waiter
        self.lent.append(session.key)
        try:
            yield self.agent
        finally:
            await asyncio.sleep(self.closing)
            del self.waiters[session.key]


@dataclass
class FakeToll:
    """`Toll` that keeps the tickets in use, and the turns that may spend."""

    tickets: dict[str, SessionKey] = field(default_factory=dict)
    spending: dict[SessionKey, Turn] = field(default_factory=dict)
    issued: int = 0

    def issue(self, key: SessionKey) -> str:
        self.issued += 1
        url = f"http://booth/t/{self.issued}"
        self.tickets[url] = key
        return url

    def revoke(self, url: str) -> None:
        del self.tickets[url]

    def begin(self, turn: Turn) -> None:
        self.spending[turn.key] = turn

    async def end(self, turn: Turn) -> None:
        self.spending.pop(turn.key, None)


@dataclass
class FakeChat:
    """`Chat` that notes what a user would see. `faults` are raised by the next answers."""

    shown: list[Progress] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    answered: list[Answer] = field(default_factory=list)
    said: list[tuple[Place, str]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    views: int = 0  # open now

    def show(self, progress: Progress) -> None:
        self.shown.append(progress)

    @asynccontextmanager
    async def live(self, inbound: Inbound) -> AsyncIterator[Live]:
        self.views += 1
        try:
            yield self
        finally:
            self.views -= 1

    async def seen(self, inbound: Inbound) -> None:
        pass

    async def ask(self, ask: Ask) -> None:
        self.asked.append(ask)

    async def answer(self, answer: Answer) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.answered.append(answer)

    async def say(self, place: Place, text: str) -> None:
        self.said.append((place, text))

    def texts(self) -> list[str]:
        return [answer.text for answer in self.answered]


@dataclass
class Fakes:
    """One fake of each port; `desk()` puts them on a desk."""

    inbox: FakeInbox = field(default_factory=FakeInbox)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    turns: FakeTurns = field(init=False)
    decisions: FakeDecisions = field(default_factory=FakeDecisions)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    asks: FakeAsks = field(default_factory=FakeAsks)
    agents: FakeAgents = field(default_factory=FakeAgents)
    toll: FakeToll = field(default_factory=FakeToll)
    chat: FakeChat = field(default_factory=FakeChat)
    clock: LoopClock = field(default_factory=LoopClock)

    def __post_init__(self) -> None:
        self.turns = FakeTurns(self.inbox, self.sessions)

    def desk(self, **replaced: Any) -> Desk:
        ports = {port.name: getattr(self, port.name) for port in fields(self)}
        return Desk(**ports | replaced)

    async def say(self, number: int, text: str = "hi", chat: int = 1, user: int = 1) -> Inbound:
        """A message comes in; the chat is the one with Ada."""
        raw = Arrival(number, Kind.MESSAGE, Place(chat), user, "{}", text, message_id=number)
        inbound = await self.inbox.put(raw, most=1000)
        assert inbound, "a number is used once"
        return inbound


def desk(**replaced: Any) -> Desk:
    """All fakes, but for those given."""
    return Fakes().desk(**replaced)


@dataclass
class Watch:
    """Stands before every port of a desk: notes the calls, and raises what is planned for one.

    A call is named like "turns.close". A planned exception is raised instead of the call.
    """

    calls: list[str] = field(default_factory=list)
    faults: dict[str, list[BaseException]] = field(default_factory=dict)

    def over(self, desk: Desk) -> Desk:
        watched = {f.name: _Watched(f.name, getattr(desk, f.name), self) for f in fields(desk)}
        return Desk(**watched)

    def of(self, *calls: str) -> list[str]:
        return [call for call in self.calls if call in calls]


class _Watched:
    def __init__(self, name: str, port: object, watch: Watch) -> None:
        self._name, self._port, self._watch = name, port, watch

    def __getattr__(self, method: str) -> Any:
        call = f"{self._name}.{method}"

        def noted(*given: Any, **named: Any) -> Any:
            self._watch.calls.append(call)
            if planned := self._watch.faults.get(call):
                raise planned.pop(0)
            return getattr(self._port, method)(*given, **named)

        return noted


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
