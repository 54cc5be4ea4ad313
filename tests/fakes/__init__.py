"""Fakes of the ports, and a loop whose time passes only when nothing else can happen.

They keep what a port promises and nothing more; the promises themselves are checked on the
real implementations in tests/contract.
"""

from tests.fakes.agent import FakeAgent, FakeAgents, Step
from tests.fakes.api import Call, FakeApi
from tests.fakes.asks import FakeAsks
from tests.fakes.chat import FakeChat
from tests.fakes.engine import FakeEngine
from tests.fakes.files import SETTINGS, FakeFiles, FakeFolders, FakeHistories, settings
from tests.fakes.inbox import FakeInbox
from tests.fakes.money import FakeAlarm, FakeLedger, FakeToll
from tests.fakes.sessions import FakeSessions
from tests.fakes.time import START, TICK, LoopClock, VirtualLoop, VirtualSelector
from tests.fakes.together import Fakes, desk
from tests.fakes.turns import FakeDecisions, FakeTurns
from tests.fakes.watch import Watch

__all__ = [
    "SETTINGS",
    "START",
    "TICK",
    "Call",
    "FakeAgent",
    "FakeAgents",
    "FakeAlarm",
    "FakeApi",
    "FakeAsks",
    "FakeChat",
    "FakeDecisions",
    "FakeEngine",
    "FakeFiles",
    "FakeFolders",
    "FakeHistories",
    "FakeInbox",
    "FakeLedger",
    "FakeSessions",
    "FakeToll",
    "FakeTurns",
    "Fakes",
    "LoopClock",
    "Step",
    "VirtualLoop",
    "VirtualSelector",
    "Watch",
    "desk",
    "settings",
]
