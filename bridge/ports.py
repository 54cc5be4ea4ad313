"""What the heart of the bridge needs of the world, as Protocols.

Adapters implement them (telegram, agent, store, engine, booth); tests/fakes does too.
Whoever holds a port knows nothing of the library behind it.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bridge.model import (
    AgentEvent,
    Answer,
    Arrival,
    Ask,
    Climbed,
    Deed,
    Exchange,
    History,
    Inbound,
    Mode,
    Offer,
    Place,
    Prompt,
    Session,
    SessionKey,
    Signal,
    Spend,
    Turn,
)
from bridge.progress import Progress
from budgets.gate import Gate
from budgets.model import Hold, Item, Limit, Tokens, Usage
from budgets.shares import Share
from routing.model import Choice, Request


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Inbox(Protocol):
    """The truth: what came in and is not done yet. Order is by update id."""

    async def put(self, arrival: Arrival, most: int) -> Inbound | None:
        """Store one update in one transaction, durable when this returns.

        None: it was there before (a duplicate ends here), or it became a part of a message that
        waits: an album, or what was forwarded together. Every kind takes the name of its chat's
        current session.
        BudgetError: the user has `most` messages waiting; it is stored as rejected.
        """
        ...

    async def next(self, key: SessionKey) -> Inbound | None:
        """The oldest undone message of a session; it stays undone.

        One that may have more parts is returned a second after the last of them came.
        """
        ...

    async def done(self, update_id: int) -> None: ...

    async def undone(self) -> Sequence[SessionKey]:
        """Every session with undone messages, oldest first."""
        ...

    async def pending(self) -> Sequence[Arrival]:
        """Commands, taps and stops whose effect a crash may have cut off, oldest first."""
        ...

    async def waiting(self, key: SessionKey) -> int: ...

    async def free_at(self, user: int, most: int) -> datetime | None:
        """When the user may send one more, of whom `most` are taken in an hour; None: now."""
        ...

    async def find(self, update_id: int) -> Inbound | None:
        """A message that is not done and that no turn was entered for."""
        ...

    async def question(self, update_id: int) -> Inbound | None:
        """A message, whatever became of it."""
        ...

    async def withdraw(self, update_id: int) -> bool:
        """Take a waiting message out. False: it is being answered, or done."""
        ...

    async def edit(self, place: Place, message_id: int, text: str) -> bool:
        """A waiting message has other words now. False: it is being answered, or done."""
        ...

    async def heard(self, update_id: int, text: str) -> None:
        """What was said in a voice message."""
        ...


class Sessions(Protocol):
    async def current(self, place: Place) -> SessionKey: ...

    async def load(self, key: SessionKey, user: int, folder: Path) -> Session:
        """The session; made for `user` in `folder` at the first message ever."""
        ...

    async def find(self, key: SessionKey) -> Session | None: ...

    async def claim(self, key: SessionKey, user: int, folder: Path) -> Session:
        """Become its only server: the session with its epoch raised."""
        ...

    async def every(self, place: Place) -> Sequence[Session]:
        """Those of one chat or topic, the last active first."""
        ...

    async def within(self, folder: Path) -> Sequence[Session]:
        """Those of all chats that live in this very folder."""
        ...

    async def add(self, session: Session) -> bool:
        """Make it, and make it its chat's current one. False: the name is taken there."""
        ...

    async def enter(self, key: SessionKey) -> None:
        """Make it its chat's current one; it need not exist yet."""
        ...

    async def rename(self, key: SessionKey, name: str) -> bool:
        """With all that belongs to it, waiting messages too. False: the name is taken."""
        ...

    async def delete(self, key: SessionKey) -> None:
        """Forget it and drop its waiting messages; its chat's current one is "main" then.

        Entries of the ledger, turns and decisions stay: money is never forgotten.
        """
        ...

    async def begin(self, session: Session, claude_id: str, home: str) -> None:
        """Its history has begun, or was forked: known even if this turn is cut off.

        Fenced: as with `Turns.close`.
        """
        ...

    async def set_minutes(self, key: SessionKey, minutes: float | None) -> None: ...

    async def set_mode(self, key: SessionKey, mode: Mode) -> None: ...

    async def set_pin(self, key: SessionKey, model: str | None) -> None: ...

    async def set_effort(self, key: SessionKey, effort: str) -> None: ...


class Turns(Protocol):
    """A turn is entered once by its update id and closed once. An answer is stored with it."""

    async def enter(self, turn: Turn) -> bool:
        """False: a crash cut it off before, after a tool had run."""
        ...

    async def touch(self, update_id: int) -> None:
        """A tool is about to run: after a crash this turn is not repeated blindly."""
        ...

    async def close(
        self, turn: Turn, session: Session, answer: Answer, absorbed: Sequence[int] = ()
    ) -> None:
        """One transaction: the turn closed, the session saved, the answer stored.

        `absorbed`: the messages that were given to the turn while it ran; they are done with it.

        Fenced: the session's epoch was raised by another server; nothing was written.
        """
        ...

    async def confirmed(self, update_id: int, parts: int) -> None:
        """Telegram has taken the first `parts` messages of the answer: they are not sent again."""
        ...

    async def delivered(self, update_id: int) -> None:
        """One transaction: the answer delivered, its inbox row done."""
        ...

    async def undelivered(self) -> Sequence[Answer]: ...

    async def recent(self, key: SessionKey, most: int) -> Sequence[Exchange]:
        """What was said last in a session, oldest first."""
        ...

    async def last(self, key: SessionKey) -> Inbound | None:
        """The question of the last turn that was closed, for /retry; as it was stored."""
        ...

    async def answer(self, update_id: int) -> Answer | None:
        """The stored answer, if that turn was closed before."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Which model a turn was given, on what request, and how it stepped up later."""

    update_id: int
    key: SessionKey
    at: datetime
    settings: str  # hash of the settings in force
    request: Request
    choice: Choice
    climbed: tuple[Climbed, ...] = ()

    @property
    def model(self) -> str:
        """The one that answered in the end."""
        return self.climbed[-1].model if self.climbed else self.choice.model


class Decisions(Protocol):
    async def record(self, turn: Turn, request: Request, choice: Choice) -> None: ...

    async def climbed(self, update_id: int, step: Climbed) -> None:
        """A step up within the turn."""
        ...

    async def last(self, key: SessionKey) -> Decision | None: ...

    async def find(self, update_id: int) -> Decision | None: ...

    async def since(self, start: datetime) -> Sequence[Decision]:
        """Of all sessions, oldest first, those of deleted ones too."""
        ...


class Ledger(Protocol):
    """Money. One entry for each API request: held before it is sent, settled after."""

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        """What each window holds already: the user's own, or everyone's, by its scope."""
        ...

    async def hold(self, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
        """Hold if it fits every limit, in one write transaction.

        None: held. Otherwise the usage of the first window that it does not fit; nothing is held.
        One that everyone's hour refuses trips the gate, unless the hold is rough, or not small
        while the gate is open for the smallest model only. The same request id twice is held
        once.
        What was granted to the user counts on top of the limits of the user's own windows.
        """
        ...

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        """What the request did cost; a second time changes nothing."""
        ...

    async def spent(
        self,
        since: datetime,
        until: datetime,
        user: int | None = None,
        timezone: str = "UTC",
        chat: int | None = None,
    ) -> Sequence[Spend]: ...

    async def turn_cost(self, update_id: int) -> int: ...

    async def bill(self, update_id: int) -> Sequence[Item]:
        """What each model had of a turn."""
        ...

    async def shares(self) -> Sequence[Share]:
        """Of a subscription's windows, as the API told them last."""
        ...

    async def grant(self, update_id: int, user: int, amount: int, by: int, at: datetime) -> None:
        """More money for the day and the month that `at` lies in; once for each update."""
        ...

    async def alert(self, what: str, user: int, start: datetime, part: float) -> bool:
        """Note that this part of a window is told of. False: it was noted before."""
        ...

    async def gate(self, now: datetime) -> Gate:
        """Everyone's circuit breaker."""
        ...

    async def set_gate(self, gate: Gate) -> None:
        """As an owner decided."""
        ...


class Alarm(Protocol):
    """Who must know about money is told. Both return at once; what they tell comes later."""

    def settled(self, turn: Turn) -> None:
        """A request of this turn was charged."""
        ...

    def refused(self, turn: Turn, usage: Usage) -> None:
        """This window did not hold what the turn needed next."""
        ...


class Asks(Protocol):
    """Questions with buttons, so that a tap counts once and survives a restart."""

    async def open(self, ask: Ask) -> None: ...

    async def take(self, nonce: str) -> Ask | None:
        """Answer it: the ask, or None when it was answered, expired or never there."""
        ...

    async def find(self, nonce: str) -> Ask | None:
        """An open one, untouched."""
        ...

    async def shown(self, nonce: str, message_id: int) -> None:
        """This message has its buttons."""
        ...

    async def listen(self, nonce: str, user: int) -> bool:
        """The next message of this user is its answer. False: it is not open any more."""
        ...

    async def worded(self, place: Place, user: int, reply_to: int) -> Ask | None:
        """The open one that a message of this user answers in words.

        It is the one whose message that is a reply to, or the last that waits for the next one.
        """
        ...

    async def expire(self, update_id: int) -> None:
        """The turn is over: nothing of it can be tapped any more."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the audit trail, and when it was written."""

    at: datetime
    deed: Deed


class Trail(Protocol):
    """What tools were called and why they were let through or not. Only ever added to."""

    async def note(self, deed: Deed) -> None:
        """Durable when this returns. StoreError: it is not recorded, and may not be done."""
        ...

    async def since(self, start: datetime) -> Sequence[Entry]:
        """Of all sessions, oldest first."""
        ...


class Agent(Protocol):
    """Claude Code in one session. One turn at a time."""

    def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        """The events of one turn; the last one is Completed. AgentError: it died."""
        ...

    async def interrupt(self) -> None:
        """End the running turn; its events end with Completed(STOPPED)."""
        ...

    async def reply(
        self, nonce: str, chosen: Sequence[int], words: str = "", user: int = 0
    ) -> None:
        """Answer an Asked event, as in `Tapped`; an unknown nonce changes nothing."""
        ...

    async def steer(self, prompt: Prompt) -> bool:
        """Give a further message to the running turn, which ends when that is answered too.

        False: no turn runs, or it is ending.
        """
        ...

    async def switch(self, model: str) -> None:
        """From its next request on, also within a turn, Claude Code uses this model (its id).

        AgentError: it cannot; the old one stays.
        """
        ...

    async def kill(self) -> None:
        """End its process at once, whatever it does; `run` raises AgentError."""
        ...


class Agents(Protocol):
    """The pool of warm clients."""

    def lend(self, session: Session, waiter: "Waiter") -> AbstractAsyncContextManager[Agent]:
        """A live client while the block lasts; waits while `max_live` are busy."""
        ...


class Histories(Protocol):
    """Conversations that were held in a terminal of this machine."""

    async def found(self, folder: Path) -> Sequence[History]:
        """Those that were held in this folder, the newest first."""
        ...

    async def adopt(self, history: History) -> str:
        """Copy one to a new home of our own; its name, for `Session.home`. AgentError."""
        ...


class Folders(Protocol):
    """The folders that sessions live in."""

    async def discard(self, folder: Path) -> Path:
        """Put a session's own folder away; where its files are kept now."""
        ...

    async def worktree(self, repository: Path, target: Path) -> None:
        """A git worktree of its own at `target`. StoreError: git's sentence."""
        ...

    def is_git(self, folder: Path) -> bool: ...


class Waiter(Protocol):
    """How the pool asks an idle server to give its client back."""

    def leave(self) -> None: ...


class Toll(Protocol):
    """The booth: who is charged for the requests of a session's process."""

    def issue(self, key: SessionKey) -> str:
        """The base URL for one client process; an unguessable ticket is in it."""
        ...

    def assign(self, url: str, key: SessionKey) -> None:
        """The process with this URL belongs to another session now: a spare was adopted."""
        ...

    def revoke(self, url: str) -> None: ...

    def begin(self, turn: Turn) -> None:
        """From here on the session's requests are charged to this turn."""
        ...

    def context(self, key: SessionKey) -> int:
        """Tokens of the prompt that the session's process sent last; 0 = none yet."""
        ...

    async def end(self, turn: Turn) -> None:
        """From here on the session's requests are refused; returns when all are settled."""
        ...


class Files(Protocol):
    """What people send beside words."""

    async def fetch(self, inbound: Inbound, folder: Path) -> tuple[Path, ...]:
        """Into the folder's `inbox`, under safe names, none overwritten.

        ChatError: one of them cannot be had, and why.
        """
        ...


class Live(Protocol):
    """The view of one running turn in the chat."""

    def show(self, progress: Progress) -> None:
        """The newest snapshot; returns at once, the pacing decides when it is drawn."""
        ...


class Chat(Protocol):
    def live(self, inbound: Inbound, mode: Mode) -> AbstractAsyncContextManager[Live]: ...

    async def seen(self, inbound: Inbound) -> None:
        """The first sign: the message has arrived. Returns at once."""
        ...

    async def ask(self, ask: Ask) -> int:
        """The id of the message with the buttons. ChatError: it is not asked."""
        ...

    async def settle(self, ask: Ask, chosen: str) -> None:
        """The question shows how it was answered, and has no buttons any more."""
        ...

    async def answer(self, answer: Answer, confirmed: Callable[[int], Awaitable[None]]) -> None:
        """Returns when Telegram has confirmed every part. ChatError otherwise.

        Each confirmed part is told: how many are there by now. Those that `answer.parts` counts
        are not sent again.
        """
        ...

    async def file(self, place: Place, path: Path, caption: str = "") -> None:
        """A file as a document. ChatError: it cannot be sent, and why."""
        ...

    async def say(
        self, place: Place, text: str, offers: Sequence[Offer] = (), user: int = 0
    ) -> None:
        """A short text of ours, in Markdown. `user`, or an owner, may tap on what is offered."""
        ...

    async def topic(self, chat: int, name: str) -> Place | None:
        """A new topic of that name. None: the chat has no topics, or we may make none."""
        ...


class Engine(Protocol):
    """Sees to it that each session with undone messages has exactly one server."""

    async def activate(self, key: SessionKey) -> None: ...

    async def signal(self, key: SessionKey, signal: Signal) -> bool:
        """False: nobody serves that session now."""
        ...

    async def running(self, key: SessionKey) -> bool:
        """Whether a turn of this session runs now."""
        ...

    async def run(self) -> None:
        """Serve until cancelled; then every server has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a turn needs, in one value."""

    inbox: Inbox
    sessions: Sessions
    turns: Turns
    decisions: Decisions
    ledger: Ledger
    asks: Asks
    agents: Agents
    toll: Toll
    chat: Chat
    clock: Clock
    alarm: Alarm
    files: Files
