"""Where a running turn is drawn: a draft with its own Stop, a status message, or nowhere.

A draft lives for 30 seconds and disappears when a message comes in that chat, so it is drawn
again after both. A status message has a Stop button and is deleted in the end. Its edits count
as messages, of which Telegram bears about 20 in a minute: in a private chat half a minute of
them comes quickly, then they save what was spent; after a 429 all of them are rarer.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count, repeat
from typing import Protocol

from bridge.model import Inbound
from bridge.progress import Progress
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox
from bridge.telegram.params import Params, plain, target
from bridge.telegram.rich import Rich

DRAFT_IDS = 2**31 - 1
RARER = 1.15  # from one edit to the next
RAREST = 20.0  # seconds between two, after however many 429
STEADY = 4.5
GROUP_STEADY = 6.0


class Sight(Protocol):
    """What there is to draw, at the moment when it is asked for."""

    progress: Progress

    def picture(self, held: float = 0.0) -> Rich:
        """`held`: seconds that Telegram made this picture wait."""
        ...


class View(Protocol):
    interval: float  # seconds between two pictures
    beat: float  # seconds after which an unchanged picture is drawn again

    async def draw(self, sight: Sight) -> None: ...

    def forget(self) -> None:
        """A picture that still waits is out of date."""
        ...

    def clear(self) -> None:
        """Take away what is on the screen. Returns at once."""
        ...


class Draft:
    interval = 1.0
    beat = 5.0

    def __init__(self, outbox: Outbox, inbound: Inbound) -> None:
        self._outbox = outbox
        self._target = target(inbound.key.place) | {"draft_id": draft_id(inbound.update_id)}

    async def draw(self, sight: Sight) -> None:
        params = self._target | {"can_stop": True, "keep_on_stop": True}
        await self._outbox.send(
            "sendMessageDraft", params, Priority.DRAFT, latest=lambda: plain(sight.picture())
        )

    def forget(self) -> None:
        self._outbox.drop("sendMessageDraft", self._target)

    def clear(self) -> None:
        """The answer takes its place by itself."""


class Status:
    def __init__(self, outbox: Outbox, background: Background, inbound: Inbound) -> None:
        private = inbound.key.chat > 0
        self._steady = STEADY if private else GROUP_STEADY
        self._intervals = intervals() if private else group_intervals()
        self.interval = next(self._intervals)
        self.beat = 5.0 if private else 15.0
        self._outbox = outbox
        self._background = background
        self._chat = inbound.key.chat
        self._look = {**target(inbound.key.place), "reply_markup": buttons.halt(inbound.key.name)}
        self._message = 0  # none yet
        self._over = False
        self._gone = False

    async def draw(self, sight: Sight) -> None:
        self._over = False
        before = self._held()

        def latest() -> Params:
            return plain(sight.picture(self._held() - before))

        if self._message:
            edit = self._look | {"message_id": self._message}
            await self._outbox.send("editMessageText", edit, Priority.STATUS, latest=latest)
        else:
            # Whoever draws may give up while it is on its way: then it is deleted on arrival.
            await asyncio.shield(asyncio.create_task(self._appear(latest)))
        self._slow_down(held=self._held() > before)

    def forget(self) -> None:
        self._over = True
        if self._message:
            self._outbox.drop("editMessageText", self._look | {"message_id": self._message})
        else:
            self._outbox.prune(self._chat)

    def clear(self) -> None:
        self._gone = True
        if self._message:
            gone = {"chat_id": self._chat, "message_id": self._message}
            work = self._outbox.send("deleteMessage", gone, Priority.STATUS)
            self._background.spawn(work, "delete status")

    async def _appear(self, latest: Callable[[], Params]) -> None:
        quiet = self._look | {"disable_notification": True}
        sent = await self._outbox.send(
            "sendMessage", quiet, Priority.STATUS, wanted=lambda: not self._over, latest=latest
        )
        self._message = int(sent["message_id"]) if sent else 0
        if self._gone:
            self.clear()

    def _held(self) -> float:
        return self._outbox.penalty(self._chat)

    def _slow_down(self, *, held: bool) -> None:
        if held:
            self._steady = min(2 * self._steady, RAREST)
            self._intervals = repeat(self._steady)
        self.interval = next(self._intervals)


def intervals() -> Iterator[float]:
    """Seconds between two edits in a private chat: never more than 20 calls in a minute."""
    yield from (min(RARER**n, 1.9) for n in range(17))
    yield from (12.0, 12.0, 12.0)
    yield from repeat(STEADY)


def group_intervals() -> Iterator[float]:
    yield from (min(3.0 * RARER**n, GROUP_STEADY) for n in count())


class Nowhere:
    interval = beat = 3600.0

    async def draw(self, sight: Sight) -> None: ...

    def forget(self) -> None: ...

    def clear(self) -> None: ...


def draft_id(update_id: int) -> int:
    """Not zero, and the same for the whole turn."""
    return update_id % DRAFT_IDS or 1
