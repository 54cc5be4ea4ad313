"""The port `Chat` on Telegram: the first sign, the running view, questions, answers.

Formatting is sent as entities. Should Telegram refuse them, the same text goes without: an
answer that looks plain is better than none.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bridge.errors import ChatError
from bridge.model import Answer, Ask, Inbound, Outcome, Place, SessionKey
from bridge.ports import Clock, Live
from bridge.progress import Progress
from bridge.settings import Settings
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.bot import BadCall, ChatUnreachable, NoSuchMethod
from bridge.telegram.lane import Priority
from bridge.telegram.notes import Notes
from bridge.telegram.outbox import Outbox
from bridge.telegram.painter import Painter
from bridge.telegram.params import Params, message, reply_to, target
from bridge.telegram.pauses import Pauses
from bridge.telegram.render import render
from bridge.telegram.rich import Entity, Rich
from bridge.telegram.split import numbered, split
from bridge.telegram.views import Draft, Status, View, draft_id

log = structlog.get_logger()

REFUSED = "Telegram refused to show this part of the answer."


class TelegramChat:
    """Implements `Chat`. `drafts` is set once it is known whether the server has them."""

    def __init__(self, outbox: Outbox, settings: Callable[[], Settings], clock: Clock) -> None:
        self.drafts = False
        self._outbox = outbox
        self._settings = settings
        self._clock = clock
        self._background = Background()
        self._notes = Notes(outbox, self._background, self._redraw)
        self._running: dict[int, tuple[Inbound, Painter]] = {}  # by draft id

    async def aclose(self) -> None:
        await self._background.aclose()

    async def idle(self) -> None:
        """Returns when nothing is going on beside the main line."""
        await self._background.idle()

    async def seen(self, inbound: Inbound) -> None:
        self._background.spawn(self._sign(inbound), "first sign")

    @asynccontextmanager
    async def live(self, inbound: Inbound) -> AsyncIterator[Live]:
        painter = Painter(self._views(inbound), self._clock, self._clock.now())
        number = draft_id(inbound.update_id)
        self.unacknowledge(inbound.update_id, inbound.key.place)
        self._running[number] = (inbound, painter)
        try:
            yield painter
        finally:
            del self._running[number]
            await painter.close()

    async def ask(self, ask: Ask) -> None:
        *before, last = split(question(ask))
        for part in before:
            await self._send(ask.key.place, message(part), Priority.PROMPT)
        keyboard = {"reply_markup": buttons.question(ask)}
        await self._send(ask.key.place, message(last) | keyboard, Priority.PROMPT)

    async def answer(self, answer: Answer) -> None:
        self.unacknowledge(answer.update_id, answer.key.place)
        parts = numbered(split(signed(render(answer.text), answer.footer)))
        for number, part in enumerate(parts, 1):
            reply = reply_to(answer.message_id) if number == 1 else {}
            below = onward(answer) if number == len(parts) else {}
            await self._insist(answer.key.place, message(part) | reply | below)

    async def say(self, place: Place, text: str) -> None:
        await self.reply(place, text)

    async def reply(
        self, place: Place, text: str, message_id: int = 0, keyboard: buttons.Markup | None = None
    ) -> None:
        """Like `say`, as a reply to a message, with buttons below."""
        *before, last = split(render(text))
        markup = {"reply_markup": keyboard} if keyboard else {}
        for part in before:
            await self._insist(place, message(part))
        await self._insist(place, message(last) | reply_to(message_id) | markup)

    async def rewrite(
        self, place: Place, message_id: int, text: str, keyboard: buttons.Markup | None = None
    ) -> None:
        """Other words and buttons for a message of ours; a new one where that one is gone."""
        *_, last = split(render(text))
        params = target(place) | message(last) | {"message_id": message_id}
        markup = {"reply_markup": keyboard} if keyboard else {}
        try:
            await self._outbox.send("editMessageText", params | markup, Priority.PROMPT)
        except BadCall:
            await self.reply(place, text, keyboard=keyboard)

    def react(self, place: Place, message_id: int, emoji: str) -> None:
        """A sign on a message; where reactions are refused there is none. Returns at once."""
        params = reaction(place, message_id, emoji)
        work = self._outbox.send("setMessageReaction", params, Priority.STATUS)
        self._background.spawn(work, "reaction")

    def acknowledge(self, inbound: Inbound, text: str) -> None:
        """That a message waits, with buttons; until it waits no more. Returns at once."""
        self._notes.show(inbound, text)

    def unacknowledge(self, update_id: int, place: Place, message_id: int = 0) -> None:
        """`message_id`: the acknowledgement itself, where it is known. Returns at once."""
        self._notes.drop(update_id, place.chat, message_id)

    async def settle(self, ask: Ask, message_id: int, chosen: str) -> None:
        """The question shows what was chosen, and has no buttons any more."""
        last = split(question(ask, f"→ {chosen}"))[-1]
        params = target(ask.key.place) | message(last) | {"message_id": message_id}
        await self._outbox.send("editMessageText", params, Priority.STATUS)

    async def relabel(self, place: Place, message_id: int, keyboard: buttons.Markup | None) -> None:
        """Other buttons below a message; None takes them away."""
        params = {"chat_id": place.chat, "message_id": message_id, "reply_markup": keyboard}
        await self._outbox.send("editMessageReplyMarkup", params, Priority.PROMPT)

    def drawn(self, draft: int) -> SessionKey | None:
        """Whose draft that is, while its turn runs."""
        found = self._running.get(draft)
        return found[0].key if found else None

    def running(self, key: SessionKey) -> Progress | None:
        """What the session's running turn shows."""
        return next((p.progress for i, p in self._running.values() if i.key == key), None)

    def asker(self, key: SessionKey) -> int | None:
        """Whose turn runs there, as far as it is shown here."""
        return next((i.user for i, _ in self._running.values() if i.key == key), None)

    def _views(self, inbound: Inbound) -> list[View]:
        wanted = self._settings().telegram.streaming
        if wanted == "off":
            return []
        views: list[View] = [Status(self._outbox, self._background, inbound)]
        private = inbound.key.chat > 0
        if private and (wanted == "draft" or (wanted == "auto" and self.drafts)):
            views.insert(0, Draft(self._outbox, inbound))
        return views

    async def _sign(self, inbound: Inbound) -> None:
        eyes = reaction(inbound.key.place, inbound.message_id, "👀")
        try:
            await self._outbox.send("setMessageReaction", eyes, Priority.STATUS)
        except (BadCall, NoSuchMethod):
            typing = target(inbound.key.place) | {"action": "typing"}
            await self._outbox.send("sendChatAction", typing, Priority.TYPING)

    async def _insist(self, place: Place, params: Params) -> None:
        """Until Telegram has confirmed it. ChatError: it never will.

        Where its fate is unknown it is sent again: twice is better than not at all.
        """
        pauses = Pauses(1.0, 60.0)
        while True:
            try:
                await self._send(place, params, Priority.FINAL)
            except ChatUnreachable:
                await self._clock.sleep(pauses.take())
            except BadCall as error:
                log.error("part_refused", chat=place.chat)  # noqa: TRY400 - it quotes the text
                if params["text"] == REFUSED:
                    raise ChatError(str(error)) from error
                params = {"text": REFUSED}
            else:
                return

    async def _send(self, place: Place, params: Params, priority: Priority) -> None:
        params = target(place) | params
        try:
            await self._outbox.send("sendMessage", params, priority)
        except BadCall:
            if "entities" not in params:
                raise
            log.error("entities_refused", chat=place.chat)  # noqa: TRY400 - it quotes the text
            bare = {name: value for name, value in params.items() if name != "entities"}
            await self._outbox.send("sendMessage", bare, priority)
        self._redraw(place)

    def _redraw(self, place: Place) -> None:
        """A new message takes the drafts of its chat away."""
        for inbound, painter in list(self._running.values()):
            if inbound.key.place == place:
                painter.again()


def reaction(place: Place, message_id: int, emoji: str) -> Params:
    signs = [{"type": "emoji", "emoji": emoji}]
    return {"chat_id": place.chat, "message_id": message_id, "reaction": signs}


def question(ask: Ask, chosen: str = "") -> Rich:
    parts = [f"**{ask.title}**", ask.body, f"**{chosen}**" if chosen else ""]
    return render("\n\n".join(part for part in parts if part))


def onward(answer: Answer) -> Params:
    """What a crash cut off can be continued with one tap."""
    lost = answer.outcome is Outcome.LOST
    return {"reply_markup": buttons.onward(answer.update_id)} if lost else {}


def signed(text: Rich, footer: str) -> Rich:
    """The answer with its footer in italics. Joined after rendering: an open fence ends before."""
    if not footer:
        return text
    line = Entity("italic", text.units + 2, Rich(footer).units)
    return Rich(f"{text.text}\n\n{footer}", (*text.entities, line))
