"""What a command is given and what it gives back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bridge.model import Arrival, Place, SessionKey
from bridge.ports import Desk, Engine, Folders, Histories
from bridge.progress import Progress
from bridge.settings import Role, Settings
from bridge.telegram.buttons import Markup
from bridge.telegram.picture import Chart
from bridge.telegram.roll import Fixed, Roll
from bridge.telegram.updates import forum


class Refusal(Exception):
    """It cannot be done as it was written. The message is a sentence for the user, in Markdown."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, where, and what is needed to answer. `key` is the chat's current session."""

    user: int
    key: SessionKey
    argument: str
    settings: Settings
    now: datetime
    desk: Desk
    engine: Engine
    histories: Histories
    folders: Folders
    running: Callable[[SessionKey], Progress | None]
    roll: Roll = Fixed()  # noqa: RUF009 - it has no state
    update_id: int = 0  # of the command or tap
    forum: bool = False  # the chat has topics

    @property
    def role(self) -> Role:
        return self.settings.users[self.user].role

    @property
    def place(self) -> Place:
        return self.key.place

    def session(self, name: str) -> SessionKey:
        """One of this chat."""
        return SessionKey(self.key.chat, self.key.thread, name)


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is Markdown. `toast` is shown for a moment, where a button was tapped.

    `chart` is drawn when the text is sent, and follows as a photo.
    """

    text: str
    keyboard: Markup | None = None
    toast: str = ""
    chart: Chart | None = None
    place: Place | None = None  # where it is told; None = where it was asked


Run = Callable[[Context], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Command:
    """`slow`: it may take a while, so nobody waits for it, the next update neither.

    `topics`: where the chat has topics, it makes one, and is slow for that.
    """

    name: str
    help: str
    run: Run
    slow: bool = False
    topics: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What a button below a reply does; its reply takes the place of that one."""

    run: Run
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """Everything commands work with."""

    desk: Desk
    engine: Engine
    histories: Histories
    folders: Folders
    settings: Callable[[], Settings]
    running: Callable[[SessionKey], Progress | None]
    roll: Roll = Fixed()  # noqa: RUF009 - it has no state

    async def run(
        self, job: Command | Action, asked: Arrival, key: SessionKey, argument: str
    ) -> Reply:
        """BridgeError: it failed on our side."""
        context = Context(
            user=asked.user,
            key=key,
            argument=argument,
            settings=self.settings(),
            now=self.desk.clock.now(),
            desk=self.desk,
            engine=self.engine,
            histories=self.histories,
            folders=self.folders,
            running=self.running,
            roll=self.roll,
            update_id=asked.update_id,
            forum=forum(asked),
        )
        try:
            return await job.run(context)
        except Refusal as why:
            return Reply(str(why))
