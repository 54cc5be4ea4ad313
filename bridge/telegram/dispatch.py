"""Step 2 of a message: what was stored is handed to whoever serves it.

Called by the poller for one update after the other, so effects happen in order; nothing here
waits for Telegram. A row is done after its effect, a command's after its reply.
"""

from collections.abc import Callable

import structlog

from bridge.errors import BridgeError, BudgetError, ChatError, StoreError
from bridge.model import Arrival, Inbound, Kind, SessionKey, Stop
from bridge.ports import Clock, Engine, Inbox, Ledger, Sessions
from bridge.settings import Settings
from bridge.telegram import commands
from bridge.telegram.background import Background
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import Context, Reply
from bridge.telegram.pauses import Pauses
from bridge.telegram.taps import Taps
from bridge.telegram.updates import attachment, command

log = structlog.get_logger()

BROKEN = "Something went wrong on this side. It is in the log; please try again."
TEXT_ONLY = "I can only read text so far. Please send what matters as a text message."


class Dispatch:
    """Implements `ingress.Receiver`."""

    def __init__(
        self,
        inbox: Inbox,
        sessions: Sessions,
        ledger: Ledger,
        engine: Engine,
        chat: TelegramChat,
        taps: Taps,
        settings: Callable[[], Settings],
        clock: Clock,
        background: Background,
    ) -> None:
        self._inbox = inbox
        self._sessions = sessions
        self._ledger = ledger
        self._engine = engine
        self._chat = chat
        self._taps = taps
        self._settings = settings
        self._clock = clock
        self._background = background

    async def fresh(self, arrival: Arrival, inbound: Inbound) -> None:
        """One update that has just been stored."""
        match arrival.kind:
            case Kind.MESSAGE:
                await self._chat.seen(inbound)
                await self._activate(inbound.key)
            case Kind.COMMAND | Kind.TAP | Kind.STOP:
                await self._guarded(arrival, inbound.key)
            case Kind.OTHER if attachment(arrival):
                self._say(arrival, TEXT_ONLY)
            case Kind.UNREADABLE:
                log.warning("unreadable", update=arrival.update_id)
            case _:
                log.info("ignored", update=arrival.update_id)

    async def full(self, arrival: Arrival, error: BudgetError) -> None:
        """The user's queue has no room for it."""
        self._say(arrival, str(error))

    async def recover(self) -> None:
        """What a crash may have cut off is done again, oldest first."""
        for arrival in await self._inbox.pending():
            if arrival.user in self._settings().users:
                key = await self._sessions.current(arrival.place)
                await self._guarded(arrival, key)
            else:
                await self._inbox.done(arrival.update_id)

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
                reply = await self._command(arrival, key)
                self._background.spawn(self._reply(arrival, reply), "reply")
                return
            case Kind.TAP:
                await self._taps.serve(arrival, key)
            case Kind.STOP:
                running = self._chat.drawn(int(arrival.text)) or key
                await self._engine.signal(running, Stop(arrival.user))
        await self._inbox.done(arrival.update_id)

    async def _command(self, arrival: Arrival, key: SessionKey) -> Reply:
        name, argument = command(arrival.text)
        context = Context(
            user=arrival.user,
            key=key,
            argument=argument,
            settings=self._settings(),
            now=self._clock.now(),
            inbox=self._inbox,
            sessions=self._sessions,
            ledger=self._ledger,
            engine=self._engine,
            running=self._chat.running,
        )
        return await commands.BY_NAME[name].run(context)

    async def _reply(self, arrival: Arrival, reply: Reply) -> None:
        try:
            await self._chat.reply(arrival.place, reply.text, arrival.message_id, reply.keyboard)
        except ChatError as error:
            log.warning("reply_refused", update=arrival.update_id, error=type(error).__name__)
        await self._inbox.done(arrival.update_id)

    def _say(self, arrival: Arrival, text: str) -> None:
        self._background.spawn(
            self._chat.reply(arrival.place, text, arrival.message_id), "sentence"
        )
