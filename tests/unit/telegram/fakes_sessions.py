"""A bot joined of fakes, for tests of commands: what a person writes and taps goes in."""

from dataclasses import dataclass, field, replace
from typing import Any

from bridge.model import Arrival, Inbound, Place, Session, SessionKey
from bridge.ports import Desk
from bridge.settings import Settings
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import BY_NAME, Tools
from bridge.telegram.dispatch import Dispatch
from bridge.telegram.entrance import Entrance
from bridge.telegram.outbox import Outbox
from bridge.telegram.taps import Taps
from bridge.telegram.updates import Names, arrival
from bridge.telegram.waiting import Waiting
from tests.fakes import (
    START,
    FakeApi,
    FakeAsks,
    FakeEngine,
    FakeFolders,
    FakeHistories,
    FakeInbox,
    FakeLedger,
    FakeSessions,
    FakeTurns,
    desk,
)
from tests.unit.telegram import raws

NAMES = Names(BY_NAME, "TollBot")


@dataclass
class WaitingInbox(FakeInbox):
    """`busy`: messages that a turn was entered for."""

    sessions: FakeSessions = field(default_factory=FakeSessions)
    busy: set[int] = field(default_factory=set)

    async def put(self, arrival: Arrival, most: int) -> Inbound | None:
        inbound = await super().put(arrival, most)
        if inbound is None:
            return None
        inbound = replace(inbound, key=await self.sessions.current(arrival.place))
        self.rows[arrival.update_id] = (arrival, inbound)
        return inbound

    async def find(self, update_id: int) -> Inbound | None:
        free = self._waiting(lambda i: i.update_id not in self.busy)
        return next((inbound for inbound in free if inbound.update_id == update_id), None)

    async def withdraw(self, update_id: int) -> bool:
        if await self.find(update_id) is None:
            return False
        await self.done(update_id)
        return True

    async def edit(self, place: Place, message_id: int, text: str) -> bool:
        for number, (came, inbound) in self.rows.items():
            same = (came.place, came.message_id) == (place, message_id)
            if same and await self.find(number):
                self.rows[number] = (came, replace(inbound, text=text))
                return True
        return False


@dataclass
class Questions(FakeTurns):
    """`asked`: the last question of a session."""

    asked: dict[SessionKey, Inbound] = field(default_factory=dict)

    async def last(self, key: SessionKey) -> Inbound | None:
        return self.asked.get(key)


class Bot:
    """The bot behind the poller: `bring` an update, `tap` a button, and see what is there."""

    def __init__(
        self, api: FakeApi, outbox: Outbox, chat: TelegramChat, settings: Settings
    ) -> None:
        self.api = api
        self.chat = chat
        self.settings = settings
        self.sessions = FakeSessions()
        self.inbox = WaitingInbox(sessions=self.sessions)
        self.turns = Questions(self.inbox, self.sessions)
        self.asks, self.engine, self.ledger = FakeAsks(), FakeEngine(), FakeLedger()
        self.histories, self.folders = FakeHistories(), FakeFolders()
        self.background = Background()
        self.tools = Tools(
            self.desk(), self.engine, self.histories, self.folders, self.read, chat.running
        )
        waiting = Waiting(self.tools, chat)
        taps = Taps(self.tools, chat, waiting, outbox, self.background)
        self.dispatch = Dispatch(self.tools, chat, taps, waiting, self.background)
        self.entrance = Entrance(self.tools)
        self._number = 10_000

    def desk(self) -> Desk:
        return desk(
            inbox=self.inbox,
            sessions=self.sessions,
            turns=self.turns,
            asks=self.asks,
            ledger=self.ledger,
            chat=self.chat,
        )

    def read(self) -> Settings:
        return self.settings

    async def bring(self, raw: raws.Raw) -> Arrival:
        """As the poller does, and then until everything is told."""
        came = await self.accept(raw)
        await self.idle()
        return came

    async def accept(self, raw: raws.Raw) -> Arrival:
        """As the poller does."""
        came = await self.entrance.prepared(arrival(raw, NAMES))
        inbound = await self.inbox.put(came, 10)
        assert inbound is not None
        await self.dispatch.fresh(came, inbound)
        return came

    async def says(self, text: str, user: int = 1, chat: int = 0) -> str:
        """Somebody writes; what is answered at once."""
        before = len(self.api.calls)
        self._number += 1
        await self.bring(raws.message(self._number, text, user=user, chat=chat))
        told = [call for call in self.api.calls[before:] if call.method == "sendMessage"]
        return str(told[-1].params["text"]) if told else ""

    async def taps(self, label: str, user: int = 1, chat: int = 0) -> str:
        """Somebody taps the newest button of that label; the words that come in its place."""
        before = len(self.api.calls)
        self._number += 1
        await self.bring(raws.tap(self._number, self.button(label), user=user, chat=chat))
        edits = [call for call in self.api.calls[before:] if call.method == "editMessageText"]
        return str(edits[-1].params["text"]) if edits else ""

    def buttons(self) -> list[str]:
        """The labels of the newest message that has some."""
        return [button["text"] for button in self._newest()]

    def button(self, label: str) -> str:
        return next(str(each["callback_data"]) for each in self._newest() if each["text"] == label)

    def toasts(self) -> list[str]:
        return [str(call.params["text"]) for call in self.api.of("answerCallbackQuery")]

    def add(self, name: str, user: int = 1, **more: Any) -> Session:
        """A session that is there already."""
        key = SessionKey(more.pop("chat", user), 0, name)
        folder = more.pop("folder", self.settings.sessions.root / str(key.chat) / name)
        session = replace(Session(key, user, folder, START, START), **more)
        self.sessions.known[key] = session
        return session

    def current(self, chat: int = 1) -> str:
        return self.sessions.names.get(Place(chat), "main")

    async def idle(self) -> None:
        await self.background.idle()
        await self.chat.idle()

    async def aclose(self) -> None:
        await self.background.aclose()

    def _newest(self) -> list[dict[str, str]]:
        markups: list[buttons.Markup] = [
            call.params["reply_markup"]
            for call in self.api.calls
            if call.params.get("reply_markup")
        ]
        return [button for row in markups[-1]["inline_keyboard"] for button in row]
