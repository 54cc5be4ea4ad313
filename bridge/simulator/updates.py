"""The updates the bot has not confirmed yet. They come again until they are confirmed."""

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.simulator.bell import Bell
from bridge.simulator.clock import Clock
from bridge.simulator.wire import Json

KEPT = {"callback_query": 150.0}  # seconds; everything else
KEPT_OTHERWISE = 86_400.0
# An empty allowed_updates means every kind but these.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
FAR_AHEAD = 10  # an offset further beyond the next id is ignored


@dataclass(frozen=True, slots=True)
class Pending:
    id: int
    update: Json
    expires: float


class Updates:
    def __init__(self, clock: Clock, bell: Bell, first: int = 1) -> None:
        self._clock = clock
        self._bell = bell
        self._next = first
        self._pending: list[Pending] = []
        self.allowed: tuple[str, ...] = ()

    def pending(self) -> list[Pending]:
        now = self._clock.now()
        self._pending = [p for p in self._pending if p.expires > now]
        return list(self._pending)

    def push(self, kind: str, payload: Json) -> int | None:
        """The update's id; None when the bot did not ask for this kind."""
        wanted = kind in self.allowed if self.allowed else kind not in ON_REQUEST
        if not wanted:
            return None
        return self._put({kind: payload}, self._next, KEPT.get(kind, KEPT_OTHERWISE))

    def push_raw(self, update: Json) -> int:
        """Any object as it is; without an integer `update_id` it gets the next one."""
        given = update.get("update_id")
        return self._put(update, given if type(given) is int else self._next, KEPT_OTHERWISE)

    def _put(self, update: Json, update_id: int, keep: float) -> int:
        expires = self._clock.now() + keep
        self._pending.append(
            Pending(update_id, {"update_id": update_id, **update}, expires),
        )
        self._next = max(self._next, update_id + 1)
        self._bell.ring()
        return update_id

    def take(self, offset: int, limit: int) -> list[Json]:
        """Forgets what `offset` confirms, then shows the head of the queue.

        offset > 0 confirms every lower id, offset < 0 all but the last ones, 0 nothing.
        """
        pending = self.pending()
        if 0 < offset <= self._next + FAR_AHEAD:
            pending = [p for p in pending if p.id >= offset]
        elif offset < 0:
            pending = pending[offset:]
        self._pending = pending
        return [p.update for p in pending[:limit]]

    def confirm(self, done: Pending) -> None:
        self._pending = [p for p in self._pending if p is not done]
        self._bell.ring()

    def clear(self) -> None:
        self._pending = []

    def allow(self, kinds: Iterable[str]) -> None:
        """Remembered until it is given again; only updates that arise from now on are concerned."""
        self.allowed = tuple(kinds)
