"""The log of a turn in its chat, for /verbose: what happens, as it happens.

It stands beside the view of the running turn. Its messages are quiet and collapsed; what is new
is added to the newest one while that has room, so that few calls are enough. Nothing is left out,
and all of it is there before the answer comes.
"""

import asyncio
from collections.abc import Callable

import structlog

from bridge.errors import ChatError
from bridge.model import Inbound, Place
from bridge.ports import Clock, Live
from bridge.progress import Progress
from bridge.telegram.bot import BadCall
from bridge.telegram.entries import Key, Page, filled, happened, noted, quotable
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox
from bridge.telegram.params import Params, bare, target
from bridge.telegram.rich import Rich

log = structlog.get_logger()


class Log:
    """Implements the port `Live`, and shows the view beside it what it is shown itself.

    Every snapshot has to be shown, since their order is the order of the log. `arrived` is told
    of each new message, which takes a draft away.
    """

    def __init__(
        self,
        view: Live,
        outbox: Outbox,
        clock: Clock,
        inbound: Inbound,
        arrived: Callable[[Place], None],
    ) -> None:
        self.pace = 3.0 if inbound.key.chat > 0 else 5.0  # seconds between two calls
        self._view = view
        self._outbox = outbox
        self._clock = clock
        self._place = inbound.key.place
        self._arrived = arrived
        self._progress: Progress | None = None
        self._order: tuple[Key, ...] = ()
        self._told: set[Key] = set()
        self._waiting: list[Rich] = []
        self._page = Page()
        self._message = 0  # the one that shows the page; 0 = none yet
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def show(self, progress: Progress) -> None:
        self._view.show(progress)
        self._progress = progress
        self._order = noted(self._order, progress)
        self._listen(over=False)

    async def close(self) -> None:
        """Returns when everything is in the chat, or never will be."""
        self._listen(over=True)
        self._closing.set()
        self._news.set()
        try:
            await asyncio.wait({self._task})
        finally:
            self._task.cancel()

    def _listen(self, *, over: bool) -> None:
        if self._progress is None:
            return
        for happening in happened(self._order, self._progress, self._told, over=over):
            self._told.add(happening.key)
            self._waiting += quotable(happening.text)
            self._news.set()

    async def _run(self) -> None:
        while self._waiting or not self._closing.is_set():
            await self._news.wait()
            self._news.clear()
            await self._post()
            if self._waiting:
                self._news.set()
            await self._rest()

    async def _rest(self) -> None:
        """Not at the end: the answer waits for the log."""
        pause = asyncio.create_task(self._clock.sleep(self.pace))
        end = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({pause, end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            end.cancel()

    async def _post(self) -> None:
        """One call, for as many of those that wait as there is room for."""
        page, rest = filled(self._page, self._waiting)
        if page == self._page and rest:
            self._page, self._message = Page(), 0
            page, rest = filled(self._page, self._waiting)
        count = len(self._waiting) - len(rest)
        if count and await self._put(page):
            self._page = page if self._message else Page()
            del self._waiting[:count]

    async def _put(self, page: Page) -> bool:
        """False: the message cannot be edited any more, so that another one has to begin.

        What Telegram refuses as a new message is left out, or it would be refused for ever.
        """
        params = page.params()
        try:
            try:
                await self._send(params)
            except BadCall:
                await self._send(bare(params))
        except ChatError as error:
            log.warning("log_refused", chat=self._place.chat, error=type(error).__name__)
            edited = self._message != 0
            self._page, self._message = Page(), 0
            return not edited
        return True

    async def _send(self, params: Params) -> None:
        params = target(self._place) | params
        if self._message:
            edit = params | {"message_id": self._message}
            await self._outbox.send("editMessageText", edit, Priority.STATUS)
            return
        quiet = params | {"disable_notification": True}
        sent = await self._outbox.send("sendMessage", quiet, Priority.STATUS)
        self._message = int(sent["message_id"])
        self._arrived(self._place)
