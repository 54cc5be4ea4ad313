"""What a tap on a button does. It is answered once, counts once, and only the asker's counts.

The decision is made here, in order; everything that only tells people goes to the background,
so a slow Telegram does not hold up the next tap.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.model import Arrival, Ask, SessionKey, Stop, Tapped
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.bot import BadCall
from bridge.telegram.buttons import (
    Act,
    Better,
    Cancel,
    Continue,
    Done,
    Halt,
    Pick,
    Send,
    SendNow,
    Withdraw,
)
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import ACTIONS, Tools
from bridge.telegram.outbox import Outbox
from bridge.telegram.updates import replied
from bridge.telegram.waiting import Waiting

CLOSED = "This question is closed."
NOT_YOURS = "Only the person who was asked, or an owner, can choose here."
NOTHING_RUNS = "Nothing is running any more."
SAY_WHY = "Write the reason as your next message. The other buttons still work."
TOO_LATE = "That question is closed. If this was meant for Claude, send it once more."
SHOWN = 300  # characters of an answer in words, below its question
UNKNOWN = "This button does nothing any more."
CANCELLED = "It is not sent."
NOTHING_CHOSEN = "Choose at least one, then tap Done."


class Taps:
    def __init__(
        self,
        tools: Tools,
        chat: TelegramChat,
        waiting: Waiting,
        outbox: Outbox,
        background: Background,
    ) -> None:
        self._tools = tools
        self._asks = tools.desk.asks
        self._engine = tools.engine
        self._settings = tools.settings
        self._chat = chat
        self._waiting = waiting
        self._outbox = outbox
        self._background = background
        self._marked: dict[str, frozenset[int]] = {}  # ticks whose edit may still be on its way

    async def serve(self, tap: Arrival, key: SessionKey) -> None:
        """`key`: the chat's current session."""
        query = query_of(tap)
        match buttons.parse(tap.text):
            case Pick(nonce, index):
                await self._pick(tap, query, nonce, index)
            case Done(nonce):
                await self._done(tap, query, nonce)
            case Halt(session):
                await self._halt(tap, query, key, session)
            case SendNow(update_id):
                self._tell(query, await self._waiting.send_now(tap, update_id))
            case Withdraw(update_id):
                self._tell(query, await self._waiting.withdraw(tap, update_id))
            case Continue() | Better() | Send():
                self.close(tap, CLOSED)  # one that counts was made a message at the entrance
            case Cancel():
                self.close(tap, CANCELLED)
            case Act() as act:
                await self._act(tap, query, key, act)
            case None:
                self._tell(query, UNKNOWN)

    def slow(self, tap: Arrival) -> bool:
        """Whether the next update should not wait for it."""
        act = buttons.parse(tap.text)
        return isinstance(act, Act) and act.verb in ACTIONS and ACTIONS[act.verb].slow

    def close(self, tap: Arrival, text: str) -> None:
        """It was a tap on a button that is of no use any more."""
        self._tell(query_of(tap), text)
        self._unbutton(tap)

    async def _act(self, tap: Arrival, query: Mapping[str, Any], key: SessionKey, act: Act) -> None:
        action = ACTIONS.get(act.verb)
        if action is None:
            self._tell(query, UNKNOWN)
            return
        if tap.user != act.user and self._settings().users[tap.user].role != "owner":
            self._tell(query, NOT_YOURS, alert=True)
            return
        if action.slow:
            self._tell(query)
            self._unbutton(tap)  # it is not tapped twice
        reply = await self._tools.run(action, tap, key, act.argument)
        if not action.slow:
            self._tell(query, reply.toast)
        shown = self._chat.rewrite(tap.place, tap.message_id, reply.text, reply.keyboard)
        self._background.spawn(shown, "choice")

    async def _pick(self, tap: Arrival, query: Mapping[str, Any], nonce: str, index: int) -> None:
        ask = await self._open(tap, query, nonce)
        if ask is None:
            return
        if index >= len(ask.options):
            self._tell(query, UNKNOWN)
        elif ask.multiple:
            self._toggle(tap, query, ask, index)
        elif ask.reason and index == ask.reason:
            await self._listen(tap, query, ask)
        else:
            await self._take(tap, query, ask, (index,))

    async def _done(self, tap: Arrival, query: Mapping[str, Any], nonce: str) -> None:
        ask = await self._open(tap, query, nonce)
        if ask is None:
            return
        if chosen := sorted(self._ticks(query, nonce)):
            await self._take(tap, query, ask, tuple(chosen))
        else:
            self._tell(query, NOTHING_CHOSEN, alert=True)

    async def _open(self, tap: Arrival, query: Mapping[str, Any], nonce: str) -> Ask | None:
        """The question, if it is open and this person's."""
        ask = await self._asks.find(nonce)
        if ask is None:
            self.close(tap, CLOSED)
        elif tap.user != ask.user and self._settings().users[tap.user].role != "owner":
            self._tell(query, NOT_YOURS, alert=True)
            return None
        return ask

    def _toggle(self, tap: Arrival, query: Mapping[str, Any], ask: Ask, index: int) -> None:
        ticks = self._ticks(query, ask.nonce) ^ {index}
        self._marked[ask.nonce] = ticks
        self._tell(query)
        edit = self._chat.relabel(tap.place, tap.message_id, buttons.question(ask, ticks))
        self._background.spawn(edit, "tick")

    async def _take(
        self, tap: Arrival, query: Mapping[str, Any], ask: Ask, chosen: tuple[int, ...]
    ) -> None:
        if await self._asks.take(ask.nonce) is None:
            self.close(tap, CLOSED)
            return
        names = ", ".join(ask.options[index] for index in chosen)
        self._tell(query, names)
        shown = replace(ask, message_id=tap.message_id)
        await self._answered(shown, Tapped(ask.nonce, chosen, user=tap.user), names)

    async def _listen(self, tap: Arrival, query: Mapping[str, Any], ask: Ask) -> None:
        """The question stays open: the other buttons still count."""
        if await self._asks.listen(ask.nonce, tap.user):
            self._tell(query, SAY_WHY, alert=True)
        else:
            self.close(tap, CLOSED)

    async def worded(self, came: Arrival) -> str:
        """An answer in words, which came as a message. Why it is none; "": it is one."""
        ask = await self._asks.worded(came.place, came.user, replied(came))
        if ask is None or await self._asks.take(ask.nonce) is None:
            return TOO_LATE
        label = ask.options[ask.reason] if ask.reason else ""
        shown = f"{label}: {came.text}" if label else came.text
        await self._answered(ask, Tapped(ask.nonce, (), came.text, came.user), shown[:SHOWN])
        return ""

    async def _answered(self, ask: Ask, answer: Tapped, words: str) -> None:
        self._marked.pop(ask.nonce, None)
        served = await self._engine.signal(ask.key, answer)
        shown = words if served else NOTHING_RUNS
        self._background.spawn(self._chat.settle(ask, shown), "choice")

    async def _halt(
        self, tap: Arrival, query: Mapping[str, Any], key: SessionKey, session: str
    ) -> None:
        running = SessionKey(key.chat, key.thread, session or key.name)
        served = await self._engine.signal(running, Stop(tap.user))
        self._tell(query, "Stopping." if served else NOTHING_RUNS)
        if not served:
            self._unbutton(tap)

    def _unbutton(self, tap: Arrival) -> None:
        self._background.spawn(self._chat.relabel(tap.place, tap.message_id, None), "no buttons")

    def _ticks(self, query: Mapping[str, Any], nonce: str) -> frozenset[int]:
        on_screen = buttons.marked(query["message"].get("reply_markup"))
        return self._marked.get(nonce, on_screen)

    def _tell(self, query: Mapping[str, Any], text: str = "", *, alert: bool = False) -> None:
        self._background.spawn(self._answer(str(query["id"]), text, alert=alert), "tap answer")

    async def _answer(self, query_id: str, text: str, *, alert: bool) -> None:
        params = {"callback_query_id": query_id, "text": text[:200], "show_alert": alert}
        try:
            await self._outbox.send("answerCallbackQuery", params)
        except BadCall:
            return  # too old to be answered, after a restart; the tap counts all the same


def query_of(tap: Arrival) -> Mapping[str, Any]:
    """Telegram's callback query. KeyError: it was no tap."""
    query: Mapping[str, Any] = json.loads(tap.raw)["callback_query"]
    return query
