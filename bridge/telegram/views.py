"""Where a running turn is drawn: a draft with its own Stop, a status message, or nowhere.

A draft lives for 30 seconds and disappears when a message comes in that chat, so it is drawn
again after both. A status message has a Stop button and is deleted in the end.
"""

from typing import Protocol

from bridge.model import Inbound
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox
from bridge.telegram.params import plain, target
from bridge.telegram.rich import Rich

DRAFT_IDS = 2**31 - 1


class View(Protocol):
    interval: float  # seconds between two pictures
    beat: float  # seconds after which an unchanged picture is drawn again

    async def draw(self, picture: Rich) -> None: ...

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

    async def draw(self, picture: Rich) -> None:
        params = self._target | plain(picture) | {"can_stop": True, "keep_on_stop": True}
        await self._outbox.send("sendMessageDraft", params, Priority.DRAFT)

    def forget(self) -> None:
        self._outbox.drop("sendMessageDraft", self._target)

    def clear(self) -> None:
        """The answer takes its place by itself."""


class Status:
    def __init__(self, outbox: Outbox, background: Background, inbound: Inbound) -> None:
        self._outbox = outbox
        self._background = background
        self._target = target(inbound.key.place)
        self._keyboard = buttons.halt(inbound.key.name)
        self._slowest = 3.0 if inbound.key.chat > 0 else 5.0
        self._message = 0
        self.interval = 1.0 if inbound.key.chat > 0 else 3.0
        self.beat = 5.0 if inbound.key.chat > 0 else 15.0

    async def draw(self, picture: Rich) -> None:
        params = self._target | plain(picture) | {"reply_markup": self._keyboard}
        if not self._message:
            quiet = {"disable_notification": True}
            sent = await self._outbox.send("sendMessage", params | quiet, Priority.STATUS)
            self._message = int(sent["message_id"]) if sent else 0
            return
        edit = params | {"message_id": self._message}
        await self._outbox.send("editMessageText", edit, Priority.STATUS)
        self.interval = min(self._slowest, self.interval + 0.1)  # edits count as messages

    def forget(self) -> None:
        if self._message:
            self._outbox.drop("editMessageText", self._target | {"message_id": self._message})

    def clear(self) -> None:
        if self._message:
            gone = {"chat_id": self._target["chat_id"], "message_id": self._message}
            work = self._outbox.send("deleteMessage", gone, Priority.STATUS)
            self._background.spawn(work, "delete status")


class Nowhere:
    interval = beat = 3600.0

    async def draw(self, picture: Rich) -> None: ...

    def forget(self) -> None: ...

    def clear(self) -> None: ...


def draft_id(update_id: int) -> int:
    """Not zero, and the same for the whole turn."""
    return update_id % DRAFT_IDS or 1
