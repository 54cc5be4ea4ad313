"""The words everyone in the bridge speaks. Values only: frozen, no I/O, no imports of ours.

Money is an integer of micro-USD, times are aware UTC, text is what the user wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

MICRO = 1_000_000  # micro-USD in a dollar


@dataclass(frozen=True, slots=True)
class Place:
    """Where in Telegram: a chat, and a topic in it (0 = the chat itself)."""

    chat: int
    thread: int = 0


@dataclass(frozen=True, slots=True)
class SessionKey:
    chat: int
    thread: int
    name: str

    @property
    def place(self) -> Place:
        return Place(self.chat, self.thread)

    def __str__(self) -> str:
        return f"{self.chat}/{self.thread}/{self.name}"


class Kind(StrEnum):
    """What an update is, which decides who serves it."""

    MESSAGE = "message"  # goes to the session's actor, in order
    COMMAND = "command"  # answered at once
    TAP = "tap"  # a button; answered at once
    STOP = "stop"  # the native Stop of a draft; answered at once
    EDIT = "edit"  # of an earlier message, which may still wait; answered at once
    OTHER = "other"  # nothing we serve
    UNREADABLE = "unreadable"  # set aside


@dataclass(frozen=True, slots=True)
class Arrival:
    """One update as it goes into the inbox. `raw` is Telegram's JSON, for quarantine and repair."""

    update_id: int
    kind: Kind
    place: Place
    user: int
    raw: str
    text: str = ""
    message_id: int = 0
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that waits for its answer."""

    update_id: int
    key: SessionKey
    user: int
    text: str
    message_id: int
    received_at: datetime
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: a folder, a history of Claude Code, a few choices of its users."""

    key: SessionKey
    user: int  # who started it
    folder: Path
    started_at: datetime
    active_at: datetime
    epoch: int = 0  # raised by each activation; a commit with an older one is refused
    claude_id: str | None = None  # Claude Code's own id of the history, to resume it
    pin: str | None = None  # a name in [models], chosen with /model
    model: str | None = None  # the model of the last turn
    messages: int = 0
    cost: int = 0  # micro-USD
    context_tokens: int = 0
    home: str = ""  # the name of Claude Code's own folder for it; "" = it has none yet
    last_entry: str = ""  # uuid of the last transcript entry when the last turn closed
    fork: bool = False  # `claude_id` is another session's history: to be forked, not continued
    borrowed: str = ""  # the name in [folders] of the folder it lives in; "" = one of its own
    minutes: float | None = None  # the longest turn, chosen with /timeout; None = the settings'


@dataclass(frozen=True, slots=True)
class History:
    """A conversation that was held in a terminal, to be continued in the chat."""

    claude_id: str
    title: str
    at: datetime
    folder: Path


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in one turn that is over."""

    question: str
    answer: str


class Outcome(StrEnum):
    DONE = "done"
    STOPPED = "stopped"  # by the user
    FAILED = "failed"
    REFUSED = "refused"  # by a budget
    LOST = "lost"  # a crash took it; settled at recovery


@dataclass(frozen=True, slots=True)
class Turn:
    """One message being worked on. Entered before the first request, closed before delivery."""

    update_id: int
    key: SessionKey
    user: int
    message_id: int
    model: str
    started_at: datetime
    settings: str = ""  # hash of the settings in force


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user gets in the end. Stored before it is sent. `text` is Markdown."""

    update_id: int
    key: SessionKey
    message_id: int  # of the question
    text: str
    outcome: Outcome
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with buttons. `nonce` makes it single-use; only `user` or an owner may tap."""

    nonce: str
    key: SessionKey
    update_id: int
    user: int
    title: str
    body: str
    options: tuple[str, ...]
    multiple: bool = False


# What Claude Code does, as the adapter tells it.


@dataclass(frozen=True, slots=True)
class Started:
    """A request of this turn is on its way. `model` is the API's id."""

    claude_id: str
    model: str
    home: str = ""  # as in Session


@dataclass(frozen=True, slots=True)
class Text:
    """The whole text so far of one block; a later one for the same block replaces it."""

    message: str
    block: int
    text: str
    joined: bool = False  # it goes on in the middle of a word of the text before it


@dataclass(frozen=True, slots=True)
class Thinking:
    message: str
    block: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    id: str
    name: str
    input: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    id: str
    ok: bool
    text: str  # shortened


@dataclass(frozen=True, slots=True)
class Asked:
    """Claude Code waits for the user. Answered with `Agent.reply(ask.nonce, ...)`."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Retrying:
    """The API failed; the unfinished message `message` is void and will come again."""

    attempt: int
    most: int
    why: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """The turn is over; nothing follows. `text` is the answer, or the sentence of the failure."""

    outcome: Outcome
    text: str
    claude_id: str = ""
    context_tokens: int = 0
    cost: int | None = None  # Claude Code's own figure, micro-USD: a cross-check, never charged
    home: str = ""  # as in Session
    last_entry: str = ""  # as in Session


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user should know of how this turn began, in a sentence."""

    text: str


AgentEvent = (
    Noticed | Started | Text | Thinking | ToolUse | ToolResult | Asked | Retrying | Completed
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one turn gives to Claude Code, and for whom. `uuid` is never used twice."""

    uuid: str
    update_id: int
    user: int
    text: str
    model: str  # Claude Code's id of the model
    files: tuple[Path, ...] = ()


# Signals overtake the queue and reach the server of a session at once.


@dataclass(frozen=True, slots=True)
class Stop:
    user: int


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button of an `Ask` was tapped: the options chosen, by number."""

    nonce: str
    chosen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Steer:
    """Give this waiting message to the running turn now."""

    update_id: int


Signal = Stop | Tapped | Steer


@dataclass(frozen=True, slots=True)
class Spend:
    """One row of /cost: what one model cost one user in one session on one local day."""

    day: str
    user: int
    session: str
    model: str
    turns: int
    cost: int  # micro-USD
