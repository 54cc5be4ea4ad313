"""getUpdates: long polling with one waiting place.

Rules of Telegram's own server: a newer poll that has to wait turns the older waiting one out with a
409; 409s leave at once at most every three seconds, others after three seconds.
"""

from dataclasses import dataclass

from bridge.simulator.params import Params
from bridge.simulator.wire import ApiError, Json
from bridge.simulator.world import World

OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
WEBHOOK_SET = "Conflict: terminated by setWebhook request"
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
LONGEST = 50
PAUSE = 3.0


@dataclass(slots=True, eq=False)
class _Waiting:
    turned_out: str = ""


class Poller:
    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: _Waiting | None = None
        self._offset = 0
        self._started = float("-inf")
        self._next_conflict = float("-inf")

    async def get_updates(self, given: Params) -> list[Json]:
        if "allowed_updates" in given:
            self._world.updates.allow(given.strings("allowed_updates"))
        offset = given.integer("offset")
        limit = min(max(given.integer("limit", 100), 1), 100)
        timeout = min(max(given.integer("timeout"), 0), LONGEST)
        limit, timeout = self._slow_down(offset, limit, timeout)
        updates = self._world.updates.take(offset, limit)
        if updates or not timeout:
            return updates
        return await self._wait(limit, timeout)

    def _slow_down(self, offset: int, limit: int, timeout: int) -> tuple[int, int]:
        """A client that asks the same again and again is made to wait."""
        now = self._world.clock.now()
        since = now - self._started if offset == self._offset else float("inf")
        self._offset, self._started = offset, now
        return (1 if since < 0.5 else limit), (max(timeout, 3) if since < PAUSE else timeout)

    async def _wait(self, limit: int, seconds: int) -> list[Json]:
        self.turn_out(OTHER_POLL)
        me = self._waiting = _Waiting()
        updates = self._world.updates
        try:
            await self._world.bell.until(lambda: me.turned_out or updates.pending(), seconds)
        except TimeoutError:
            return []
        finally:
            if self._waiting is me:
                self._waiting = None
        if me.turned_out:
            await self.conflict(me.turned_out)
        return updates.take(0, limit)

    def turn_out(self, why: str) -> None:
        if self._waiting is not None:
            self._waiting.turned_out = why
            self._waiting = None
            self._world.bell.ring()

    async def conflict(self, why: str) -> None:
        """Raises the 409, now or after the pause."""
        now = self._world.clock.now()
        if now < self._next_conflict:
            await self._world.clock.sleep(PAUSE)
        else:
            self._next_conflict = now + PAUSE
        raise ApiError(409, why)
