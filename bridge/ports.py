"""What the heart of the bridge needs of the world, as Protocols.

Adapters implement them (telegram, agent, store, engine, booth); tests/fakes does too.
Whoever holds a port knows nothing of the library behind it.
"""

from collections.abc import AsyncGenerator, Sequence
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
    Exchange,
    History,
    Inbound,
    Place,
    Prompt,
    Session,
    SessionKey,
    Signal,
    Spend,
    Turn,
)
from bridge.progress import Progress
from budgets.model import Hold, Limit, Tokens, Usage
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

        None: it was there before (a duplicate ends here). Every kind takes the name of its
        chat's current session.
        BudgetError: the user has `most` messages waiting; it is stored as rejected.
        """
        ...

    async def next(self, key: SessionKey) -> Inbound | None:
        """The oldest undone message of a session; it stays undone."""
        ...

    async def done(self, update_id: int) -> None: ...

    async def undone(self) -> Sequence[SessionKey]:
        """Every session with undone messages, oldest first."""
        ...

    async def pending(self) -> Sequence[Arrival]:
        """Commands, taps and stops whose effect a crash may have cut off, oldest first."""
        ...

    async def waiting(self, key: SessionKey) -> int: ...

    async def find(self, update_id: int) -> Inbound | None:
        """A message that is not done and that no turn was entered for."""
        ...

    async def withdraw(self, update_id: int) -> bool:
        """Take a waiting message out. False: it is being answered, or done."""
        ...

    async def edit(self, place: Place, message_id: int, text: str) -> bool:
        """A waiting message has other words now. False: it is being answered, or done."""
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


class Decisions(Protocol):
    async def record(self, turn: Turn, request: Request, choice: Choice) -> None: ...

    async def last(self, key: SessionKey) -> Choice | None: ...


class Ledger(Protocol):
    """Money. One entry for each API request: held before it is sent, settled after."""

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        """What each window holds already: the user's own, or everyone's, by its scope."""
        ...

    async def hold(self, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
        """Hold if it fits every limit, in one write transaction.

        None: held. Otherwise the usage of the first window that it does not fit; nothing is
        written. The same request id twice is held once.
        """
        ...

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        """What the request did cost; a second time changes nothing."""
        ...

    async def spent(
        self, since: datetime, until: datetime, user: int | None = None, timezone: str = "UTC"
    ) -> Sequence[Spend]: ...

    async def turn_cost(self, update_id: int) -> int: ...


class Asks(Protocol):
    """Questions with buttons, so that a tap counts once and survives a restart."""

    async def open(self, ask: Ask) -> None: ...

    async def take(self, nonce: str) -> Ask | None:
        """Answer it: the ask, or None when it was answered, expired or never there."""
        ...

    async def find(self, nonce: str) -> Ask | None:
        """An open one, untouched."""
        ...

    async def expire(self, update_id: int) -> None:
        """The turn is over: nothing of it can be tapped any more."""
        ...


class Agent(Protocol):
    """Claude Code in one session. One turn at a time."""

    def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        """The events of one turn; the last one is Completed. AgentError: it died."""
        ...

    async def interrupt(self) -> None:
        """End the running turn; its events end with Completed(STOPPED)."""
        ...

    async def reply(self, nonce: str, chosen: Sequence[int]) -> None:
        """Answer an Asked event; an unknown nonce changes nothing."""
        ...

    async def steer(self, prompt: Prompt) -> bool:
        """Give a further message to the running turn, which ends when that is answered too.

        False: no turn runs, or it is ending.
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

    async def end(self, turn: Turn) -> None:
        """From here on the session's requests are refused; returns when all are settled."""
        ...


class Live(Protocol):
    """The view of one running turn in the chat."""

    def show(self, progress: Progress) -> None:
        """The newest snapshot; returns at once, the pacing decides when it is drawn."""
        ...


class Chat(Protocol):
    def live(self, inbound: Inbound) -> AbstractAsyncContextManager[Live]: ...

    async def seen(self, inbound: Inbound) -> None:
        """The first sign: the message has arrived. Returns at once."""
        ...

    async def ask(self, ask: Ask) -> None: ...

    async def answer(self, answer: Answer) -> None:
        """Returns when Telegram has confirmed every part. ChatError otherwise."""
        ...

    async def say(self, place: Place, text: str) -> None:
        """A short text of ours, in Markdown."""
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
