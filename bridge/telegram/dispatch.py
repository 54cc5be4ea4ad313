"""Step 2 of a message: what was stored is handed to whoever serves it.

Called by the poller for one update after the other, so effects happen in order; nothing here
waits for Telegram. A row is done after its effect, a command's after its reply.
"""

from collections.abc import Awaitable, Callable

import structlog

from bridge.errors import BridgeError, ChatError, StoreError
from bridge.model import Arrival, Inbound, Kind, SessionKey, Stop
from bridge.telegram import commands
from bridge.telegram.background import Background
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import Reply, Tools
from bridge.telegram.dictation import Dictation
from bridge.telegram.drawing import Drawing, NoPicture
from bridge.telegram.pauses import Pauses
from bridge.telegram.picture import Chart
from bridge.telegram.taps import Taps
from bridge.telegram.updates import command, correction, forum, tapped, unsupported
from bridge.telegram.waiting import Waiting

log = structlog.get_logger()

Draw = Callable[[Chart], Awaitable[bytes]]

BROKEN = "Something went wrong on this side. It is in the log; please try again."
GOING_ON = "Going on."
REFUSED = "Not now."
UNSUPPORTED = (
    "I cannot read this kind of message. Send it as text, a picture, a file or a voice message."
)


class Dispatch:
    """Implements `ingress.Receiver`."""

    def __init__(
        self,
        tools: Tools,
        chat: TelegramChat,
        taps: Taps,
        waiting: Waiting,
        background: Background,
        draw: Draw | None = None,
    ) -> None:
        self._tools = tools
        self._inbox = tools.desk.inbox
        self._sessions = tools.desk.sessions
        self._engine = tools.engine
        self._settings = tools.settings
        self._clock = tools.desk.clock
        self._chat = chat
        self._taps = taps
        self._waiting = waiting
        self._dictation = Dictation(tools, chat)
        self._background = background
        self._draw = draw or Drawing().png

    async def fresh(self, arrival: Arrival, inbound: Inbound) -> None:
        """One update that has just been stored."""
        match arrival.kind:
            case Kind.MESSAGE:
                await self._message(arrival, inbound)
            case Kind.COMMAND | Kind.TAP | Kind.ANSWER | Kind.STOP | Kind.EDIT | Kind.VOICE:
                await self._begin(arrival, inbound.key)
            case Kind.OTHER if unsupported(arrival):
                self._say(arrival, UNSUPPORTED)
            case Kind.UNREADABLE:
                log.warning("unreadable", update=arrival.update_id)
            case _:
                log.info("ignored", update=arrival.update_id)

    async def refused(self, arrival: Arrival, error: BridgeError) -> None:
        """It was not taken in: the user's queue is full, or the session is closed to them."""
        if tapped(arrival):
            self._taps.close(arrival, REFUSED)
        told = self._chat.refuse(arrival.place, str(error), arrival.message_id)
        self._background.spawn(told, "refusal")

    async def recover(self) -> None:
        """What a crash may have cut off is done again, oldest first."""
        for arrival in await self._inbox.pending():
            if arrival.user in self._settings().users:
                key = await self._sessions.current(arrival.place)
                await self._begin(arrival, key)
            else:
                await self._inbox.done(arrival.update_id)

    async def _message(self, arrival: Arrival, inbound: Inbound) -> None:
        await self._chat.seen(inbound)
        if tapped(arrival):
            self._taps.close(arrival, GOING_ON)
        elif shown := correction(arrival):
            self._background.spawn(self._chat.relabel(arrival.place, shown, None), "no buttons")
        await self._activate(inbound.key)
        try:
            await self._waiting.arrived(inbound)
        except BridgeError as error:
            log.warning("not_acknowledged", update=arrival.update_id, error=type(error).__name__)

    async def _begin(self, arrival: Arrival, key: SessionKey) -> None:
        """The next update waits until it is served, unless that is slow."""
        work = self._guarded(arrival, key)
        if self._slow(arrival):
            self._background.spawn(work, "slow")
        else:
            await work

    def _slow(self, arrival: Arrival) -> bool:
        match arrival.kind:
            case Kind.COMMAND:
                named = commands.BY_NAME.get(command(arrival.text)[0])
                return named is not None and (named.slow or (named.topics and forum(arrival)))
            case Kind.TAP:
                return self._taps.slow(arrival)
            case Kind.VOICE:
                return True
            case _:
                return False

    async def _activate(self, key: SessionKey) -> None:
        """The message is stored, so this is repeated until it works: nobody else would."""
        pauses = Pauses(0.1, 5.0)
        while True:
            try:
                await self._engine.activate(key)
            except StoreError as error:
                log.warning("activate_failed", session=str(key), error=type(error).__name__)
                await self._clock.sleep(pauses.take())
            else:
                return

    async def _guarded(self, arrival: Arrival, key: SessionKey) -> None:
        """One that cannot be served does not stop the ones behind it."""
        try:
            await self._serve(arrival, key)
        except BridgeError as error:
            log.warning("not_served", update=arrival.update_id, error=type(error).__name__)
            await self._give_up(arrival, str(error))
        except Exception:
            log.exception("serving_broke", update=arrival.update_id)
            await self._give_up(arrival, BROKEN)

    async def _give_up(self, arrival: Arrival, why: str) -> None:
        self._say(arrival, why)
        try:
            await self._inbox.done(arrival.update_id)
        except StoreError:
            log.warning("still_pending", update=arrival.update_id)

    async def _serve(self, arrival: Arrival, key: SessionKey) -> None:
        match arrival.kind:
            case Kind.COMMAND:
                name, argument = command(arrival.text)
                reply = await self._tools.run(commands.BY_NAME[name], arrival, key, argument)
                self._background.spawn(self._reply(arrival, reply), "reply")
                return
            case Kind.TAP:
                await self._taps.serve(arrival, key)
            case Kind.ANSWER:
                if why := await self._taps.worded(arrival):
                    self._say(arrival, why)
            case Kind.VOICE:
                await self._dictation.serve(arrival, key)
            case Kind.EDIT:
                if why := await self._waiting.edited(arrival):
                    self._say(arrival, why)
            case Kind.STOP:
                running = self._chat.drawn(int(arrival.text)) or key
                await self._engine.signal(running, Stop(arrival.user))
        await self._inbox.done(arrival.update_id)

    async def _reply(self, arrival: Arrival, reply: Reply) -> None:
        try:
            await self._chat.reply(
                reply.place or arrival.place,
                reply.text,
                0 if reply.place else arrival.message_id,
                reply.keyboard,
            )
        except ChatError as error:
            log.warning("reply_refused", update=arrival.update_id, error=type(error).__name__)
        await self._inbox.done(arrival.update_id)
        if reply.chart:
            await self._show(arrival, reply.chart)

    async def _show(self, arrival: Arrival, chart: Chart) -> None:
        """The words are there already, so without a picture nothing is lost."""
        try:
            png = await self._draw(chart)
            await self._chat.photo(arrival.place, png, caption=chart.title)
        except NoPicture as error:
            log.warning("no_picture", update=arrival.update_id, why=str(error))
        except ChatError as error:
            log.warning("picture_refused", update=arrival.update_id, error=type(error).__name__)

    def _say(self, arrival: Arrival, text: str) -> None:
        self._background.spawn(
            self._chat.reply(arrival.place, text, arrival.message_id), "sentence"
        )
