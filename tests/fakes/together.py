"""A desk of fakes."""

from dataclasses import dataclass, field, fields
from typing import Any

from bridge.model import Arrival, Inbound, Kind, Place
from bridge.ports import Desk
from tests.fakes.agent import FakeAgents
from tests.fakes.asks import FakeAsks
from tests.fakes.chat import FakeChat
from tests.fakes.files import FakeFiles
from tests.fakes.inbox import FakeInbox
from tests.fakes.money import FakeAlarm, FakeLedger, FakeToll
from tests.fakes.sessions import FakeSessions
from tests.fakes.time import LoopClock
from tests.fakes.turns import FakeDecisions, FakeTurns


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
    alarm: FakeAlarm = field(default_factory=FakeAlarm)
    files: FakeFiles = field(default_factory=FakeFiles)

    def __post_init__(self) -> None:
        self.sessions.inbox = self.inbox
        self.inbox.names = self.sessions.names
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
