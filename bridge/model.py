"""The words everyone in the bridge speaks. Values only: frozen, no I/O, no imports of ours.

Money is an integer of micro-USD, times are aware UTC, text is what the user wrote.
"""

from collections.abc import Awaitable, Callable, Mapping
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
    ANSWER = "answer"  # words for an open question of Claude; answered at once
    VOICE = "voice"  # spoken words, to be written down for the user first; answered at once
    OTHER = "other"  # nothing we serve
    UNREADABLE = "unreadable"  # set aside


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that somebody sent. Telegram keeps it; it is fetched when its turn begins."""

    file_id: str
    name: str = ""  # as the sender calls it: never to be trusted
    mime: str = ""
    size: int = 0  # bytes; 0 = not told

    @property
    def image(self) -> bool:
        return self.mime.startswith("image/")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One update as it goes into the inbox. `raw` is Telegram's JSON, for quarantine and repair.

    The parts of an album, and messages forwarded together, are updates of their own; the inbox
    joins them to one message.
    """

    update_id: int
    kind: Kind
    place: Place
    user: int
    raw: str
    text: str = ""
    message_id: int = 0
    sent_at: datetime | None = None
    judges: int = 0  # as in Inbound
    files: tuple[Attachment, ...] = ()
    quote: str = ""  # as in Inbound
    album: str = ""  # the same for all parts of one
    forwarded: bool = False
    addressed: bool = True  # False: said in a group, to others


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that waits for its answer."""

    update_id: int
    key: SessionKey
    user: int
    text: str
    message_id: int
    received_at: datetime
    files: tuple[Attachment, ...] = ()
    judges: int = 0  # the turn whose answer was not good enough: asked of a larger model
    quote: str = ""  # what it replies to, shortened: for Claude, not for the router

    @property
    def image(self) -> bool:
        return any(file.image for file in self.files)


class Mode(StrEnum):
    """How much of a turn its chat sees."""

    DEFAULT = "default"  # a status while it runs, then the answer
    VERBOSE = "verbose"  # every text and tool as it happens
    SMART = "smart"  # a long answer as a summary with the whole as a file


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
    mode: Mode | None = None  # chosen with /verbose, /smart, /default; None = the settings'
    effort: str = ""  # chosen with /effort; "" = what the rule says, or the model's own


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
    mode: Mode = Mode.DEFAULT
    parts: int = 0  # how many of its messages Telegram has confirmed already
    better: bool = False  # a larger model could be asked the same


@dataclass(frozen=True, slots=True)
class Offer:
    """A button below a text of ours. `verb` is a name in the table of the bot's actions."""

    label: str
    verb: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with buttons. `nonce` makes it single-use; only `user` or an owner may tap.

    Words in reply to it are an answer as well: one of their own, or the reason of a no.
    """

    nonce: str
    key: SessionKey
    update_id: int
    user: int
    title: str
    body: str
    options: tuple[str, ...]
    multiple: bool = False
    reason: int = 0  # the option that wants words, which are the next message; 0 = none does
    whole: str = ""  # what the body has only the beginning of; shown as a file, never stored
    message_id: int = 0  # of the message with the buttons; 0 = it is not shown yet


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
    denied: bool = False  # by the user or by a rule of ours: it did not run


@dataclass(frozen=True, slots=True)
class Asked:
    """Claude Code waits for the user. Answered with `Agent.reply(ask.nonce, ...)`."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Nobody has answered in time: that was a no, and Claude Code goes on."""

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


@dataclass(frozen=True, slots=True)
class Climbed:
    """A larger model has taken the turn over. Both are names in [models]."""

    below: str
    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A file that Claude wants the user to have: a copy that lasts as long as the turn."""

    path: Path
    caption: str = ""


AgentEvent = (
    Noticed
    | Started
    | Text
    | Thinking
    | ToolUse
    | ToolResult
    | Asked
    | Lapsed
    | Filed
    | Climbed
    | Retrying
    | Completed
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
    effort: str = ""  # "" = the model's own
    climb: "Climb | None" = None  # None: the model cannot ask for a larger one


# The tool `escalate` was called, with a reason and what was tried; what the model is told.
Climb = Callable[[str, str], Awaitable[str]]


# Signals overtake the queue and reach the server of a session at once.


@dataclass(frozen=True, slots=True)
class Stop:
    user: int


@dataclass(frozen=True, slots=True)
class Tapped:
    """An `Ask` was answered: with the options chosen, by number, or in words."""

    nonce: str
    chosen: tuple[int, ...]
    words: str = ""
    user: int = 0  # who answered, who may be an owner


@dataclass(frozen=True, slots=True)
class Steer:
    """Give this waiting message to the running turn now."""

    update_id: int


Signal = Stop | Tapped | Steer


@dataclass(frozen=True, slots=True)
class Deed:
    """One call of a tool, and whether it was let through: a row of the audit trail."""

    key: SessionKey
    update_id: int  # of the turn
    user: int  # whose turn it is
    tool: str
    what: str  # the argument, shortened
    digest: str  # of the whole argument
    allowed: bool
    why: str  # the rule, or who decided


@dataclass(frozen=True, slots=True)
class Spend:
    """One row of /cost: what one model cost one user in one session on one local day."""

    day: str
    user: int
    session: str
    model: str
    turns: int
    cost: int  # micro-USD
