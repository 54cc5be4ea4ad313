"""Step 1 of a message: updates come in, are stored, and only then confirmed to Telegram.

The library's own poller confirms what it has only in memory and spins on an update it cannot
parse; this one moves its offset after the inbox has committed. It ends when it is cancelled.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Protocol

import structlog

from bridge.errors import BridgeError, ChatBusy, ChatError, StoreError
from bridge.model import Arrival, Inbound, Kind
from bridge.ports import Clock, Inbox
from bridge.settings import Settings
from bridge.telegram.bot import Api, PollConflict, TokenRefused
from bridge.telegram.pauses import Pauses
from bridge.telegram.updates import KINDS, Names, arrival

log = structlog.get_logger()

POLL = 30  # seconds, at most 50


class Door(Protocol):
    """Who looks at what comes in."""

    async def prepared(self, came: Arrival) -> Arrival:
        """As it is to be stored. StoreError: ask again; another BridgeError: it is not stored."""
        ...


class Porch(Protocol):
    """Who hears what people say who are not in the settings."""

    async def came(self, came: Arrival) -> None:
        """It is not stored. Raises nothing."""
        ...


class Receiver(Protocol):
    """Who serves what was stored, and tells about what was not."""

    async def fresh(self, arrival: Arrival, inbound: Inbound) -> None: ...

    async def refused(self, arrival: Arrival, error: BridgeError) -> None: ...


class Ingress:
    def __init__(
        self,
        api: Api,
        inbox: Inbox,
        door: Door,
        porch: Porch,
        receiver: Receiver,
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self._api = api
        self._inbox = inbox
        self._door = door
        self._porch = porch
        self._receiver = receiver
        self._settings = settings
        self._clock = clock
        self._offset = 0  # from what Telegram has not seen confirmed; ours know duplicates
        self._conflict = False  # told once

    async def run(self, names: Names) -> None:
        """TokenRefused: the token was revoked meanwhile."""
        pauses = Pauses(1.0, 30.0)
        while True:
            try:
                batch = await self._poll()
            except TokenRefused:
                raise
            except ChatError as error:
                await self._wait(error, pauses)
                continue
            moved = [await self._accept(raw, names) for raw in batch]
            if batch and not any(moved):
                await self._clock.sleep(pauses.take())  # nothing of it can be confirmed
            else:
                pauses.reset()

    async def _poll(self) -> Collection[Any]:
        got = await self._api.call(
            "getUpdates", offset=self._offset, timeout=POLL, allowed_updates=list(KINDS)
        )
        self._conflict = False
        return got if isinstance(got, list) else []

    async def _wait(self, error: ChatError, pauses: Pauses) -> None:
        if not isinstance(error, PollConflict):
            log.warning("poll_failed", error=type(error).__name__)
        elif not self._conflict:
            log.warning("poll_conflict", why=str(error))
            self._conflict = True
        pause = error.retry_after if isinstance(error, ChatBusy) else pauses.take()
        await self._clock.sleep(pause)

    async def _accept(self, raw: Any, names: Names) -> bool:
        """Whether the offset could move past this update."""
        came = arrival(raw, names)
        if came.update_id < 0:
            log.warning("update_without_id")
            return False
        settings = self._settings()
        if came.user and came.user not in settings.users:
            log.info("stranger", user=came.user, update=came.update_id)
            await self._porch.came(came)
        elif came.user or came.kind is Kind.UNREADABLE:
            await self._overhear(came, settings)
        self._offset = came.update_id + 1  # may go down: after a quiet week ids begin elsewhere
        return True

    async def _overhear(self, came: Arrival, settings: Settings) -> None:
        """What people in a group say to each other is not kept.

        But for the parts of an album: the words that are meant for us may be on another part.
        """
        if settings.groups.listen == "all":
            came = replace(came, addressed=True)
        if came.addressed or came.album:
            await self._store(came)

    async def _store(self, came: Arrival) -> None:
        """Does not return before the inbox has it; Telegram would keep it for a day."""
        most = self._settings().limits.queue_per_user
        pauses = Pauses(0.1, 5.0)
        while True:
            try:
                ready = await self._door.prepared(came)
                inbound = await self._inbox.put(ready, most)
            except StoreError as error:
                log.warning("store_failed", update=came.update_id, error=type(error).__name__)
                await self._clock.sleep(pauses.take())
            except BridgeError as error:
                await self._receiver.refused(came, error)
                return
            else:
                if inbound is not None:
                    await self._receiver.fresh(ready, inbound)
                return
