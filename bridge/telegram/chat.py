"""The port `Chat` on Telegram: the first sign, the running view, questions, answers, files."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.errors import ChatError
from bridge.model import Answer, Ask, Inbound, Mode, Offer, Place, SessionKey
from bridge.ports import Clock, Live
from bridge.progress import Progress
from bridge.settings import Settings
from bridge.telegram import buttons, parcels
from bridge.telegram.background import Background
from bridge.telegram.bot import BadCall, NoSuchMethod
from bridge.telegram.lane import Priority
from bridge.telegram.notes import Notes
from bridge.telegram.outbox import Outbox
from bridge.telegram.packing import packed
from bridge.telegram.painter import Painter
from bridge.telegram.params import Params, message, reply_to, target
from bridge.telegram.parcels import Parcel
from bridge.telegram.post import Post
from bridge.telegram.render import render
from bridge.telegram.rich import Rich
from bridge.telegram.split import split
from bridge.telegram.verbose import Log
from bridge.telegram.views import Draft, Status, View, draft_id

WHOLE = "argument.txt"  # the file of what is too long to be shown
LARGEST = 50_000_000  # bytes of a file that a bot may send


class TelegramChat:
    """Implements `Chat`. `drafts` is set once it is known whether the server has them."""

    def __init__(self, outbox: Outbox, settings: Callable[[], Settings], clock: Clock) -> None:
        self.drafts = False
        self._outbox = outbox
        self._settings = settings
        self._clock = clock
        self._background = Background()
        self._post = Post(outbox)
        self._notes = Notes(outbox, self._background)
        self._running: dict[int, tuple[Inbound, Painter]] = {}  # by draft id
        outbox.listen(self._redraw)

    async def aclose(self) -> None:
        await self._background.aclose()

    async def idle(self) -> None:
        """Returns when nothing is going on beside the main line."""
        await self._background.idle()

    async def seen(self, inbound: Inbound) -> None:
        self._redraw(inbound.key.place)
        self._background.spawn(self._sign(inbound), "first sign")

    @asynccontextmanager
    async def live(self, inbound: Inbound, mode: Mode) -> AsyncIterator[Live]:
        painter = Painter(self._views(inbound), self._clock, self._clock.now())
        log = self._log(painter, inbound) if mode is Mode.VERBOSE else None
        number = draft_id(inbound.update_id)
        self.unacknowledge(inbound.update_id, inbound.key.place)
        self._running[number] = (inbound, painter)
        try:
            yield log or painter
        finally:
            del self._running[number]
            try:
                await painter.close()
            finally:
                if log:
                    await log.close()

    async def ask(self, ask: Ask) -> int:
        if ask.whole:
            whole = parcels.document(WHOLE, ask.whole.encode(errors="replace"))
            await self._post.send(ask.key.place, whole, Priority.PROMPT)
        *before, last = map(parcels.text, split(question(ask)))
        below = {"reply_markup": buttons.question(ask)}
        return await self._post.send(ask.key.place, [*before, last.having(below)], Priority.PROMPT)

    async def answer(self, answer: Answer, confirmed: Callable[[int], Awaitable[None]]) -> None:
        self.unacknowledge(answer.update_id, answer.key.place)
        parts = packed(answer, self._settings().telegram)
        for number, parcel in enumerate(parts, 1):
            if number > answer.parts:
                await self._post.deliver(answer.key.place, parcel)
                await confirmed(number)

    async def say(
        self, place: Place, text: str, offers: Sequence[Offer] = (), user: int = 0
    ) -> None:
        column = buttons.column([buttons.act(o.label, o.verb, user, o.argument) for o in offers])
        await self._post.send(place, worded(text, column))

    async def topic(self, chat: int, name: str) -> Place | None:
        params = {"chat_id": chat, "name": name}
        try:
            made = await self._outbox.send("createForumTopic", params, Priority.PROMPT)
        except (BadCall, NoSuchMethod):
            return None
        return Place(chat, int(made["message_thread_id"]))

    async def file(self, place: Place, path: Path, caption: str = "") -> None:
        await self.document(place, path.name, await asyncio.to_thread(contents, path), caption)

    async def document(
        self, place: Place, name: str, data: bytes, caption: str = "", reply: int = 0
    ) -> None:
        """`caption` in Markdown; `reply`: the message it replies to. ChatError: refused."""
        await self._post.send(place, answering(parcels.document(name, data, caption), reply))

    async def photo(self, place: Place, png: bytes, caption: str = "", reply: int = 0) -> None:
        """As `document`."""
        await self._post.send(place, answering(parcels.photo(png, caption), reply))

    async def reply(
        self, place: Place, text: str, message_id: int = 0, keyboard: buttons.Markup | None = None
    ) -> None:
        """What somebody waits for, as a reply to their message, with buttons below."""
        found = answering(worded(text, keyboard), message_id)
        await self._post.send(place, found, Priority.PROMPT)

    async def refuse(self, place: Place, text: str, message_id: int) -> None:
        """A reply that nobody waits for: it leaves when nothing else does."""
        await self._post.send(place, answering(worded(text), message_id), Priority.STATUS)

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

    async def settle(self, ask: Ask, chosen: str) -> None:
        last = split(question(ask, f"→ {chosen}"))[-1]
        params = target(ask.key.place) | message(last) | {"message_id": ask.message_id}
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

    def _log(self, painter: Painter, inbound: Inbound) -> Log:
        return Log(painter, self._outbox, self._clock, inbound, self._redraw)

    async def _sign(self, inbound: Inbound) -> None:
        eyes = reaction(inbound.key.place, inbound.message_id, "👀")
        try:
            await self._outbox.send("setMessageReaction", eyes, Priority.STATUS)
        except (BadCall, NoSuchMethod):
            typing = target(inbound.key.place) | {"action": "typing"}
            await self._outbox.send("sendChatAction", typing, Priority.TYPING)

    def _redraw(self, place: Place) -> None:
        """A new message, also one of the user's, takes the drafts of its chat away."""
        for inbound, painter in list(self._running.values()):
            if inbound.key.place == place:
                painter.again()


def reaction(place: Place, message_id: int, emoji: str) -> Params:
    signs = [{"type": "emoji", "emoji": emoji}]
    return {"chat_id": place.chat, "message_id": message_id, "reaction": signs}


def question(ask: Ask, chosen: str = "") -> Rich:
    parts = [f"**{ask.title}**", ask.body, f"**{chosen}**" if chosen else ""]
    return render("\n\n".join(part for part in parts if part))


def worded(text: str, keyboard: buttons.Markup | None = None) -> list[Parcel]:
    *before, last = parcels.texts(text)
    return [*before, last.having({"reply_markup": keyboard} if keyboard else {})]


def answering(found: list[Parcel], message_id: int) -> list[Parcel]:
    """The last of them replies."""
    *before, last = found
    return [*before, last.having(reply_to(message_id))]


def contents(path: Path) -> bytes:
    """ChatError: it cannot be sent, and why, to follow its name."""
    try:
        if (size := path.stat().st_size) > LARGEST:
            mega = math.ceil(size / 1_000_000)
            raise ChatError(f"It has {mega} MB; Telegram takes files up to 50 MB.")
        if not size:
            raise ChatError("It is empty, and Telegram takes no empty files.")
        return path.read_bytes()
    except OSError as error:
        raise ChatError(f"It cannot be read: {error.strerror}.") from error
