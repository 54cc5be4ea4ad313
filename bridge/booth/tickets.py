"""Who is charged for a request: the ticket in its URL names a session, the session a turn.

One unguessable ticket for each client process. A ticket opens nothing while its session
has no running turn, so a process that outlives its turn or its bridge can spend nothing.
"""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from bridge.model import SessionKey, Turn

GRACE = 2.0  # seconds that a request may outlive its turn: the last bytes of its answer


@dataclass(slots=True)
class Lane:
    """The requests under way for one session's turn. `free` while there are none."""

    turn: Turn
    requests: set[anyio.CancelScope] = field(default_factory=set)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    context: int = 0  # tokens of its longest prompt so far

    @contextmanager
    def request(self) -> Iterator[None]:
        """Ends silently when it is cancelled."""
        self.free.clear()
        with anyio.CancelScope() as scope:
            self.requests.add(scope)
            try:
                yield
            finally:
                self.requests.remove(scope)
                if not self.requests:
                    self.free.set()


class Tickets:
    """Implements the port `Toll`."""

    def __init__(self, grace: float = GRACE) -> None:
        self.address = ""  # set once the booth listens
        self._grace = grace
        self._sessions: dict[str, SessionKey] = {}
        self._lanes: dict[SessionKey, Lane] = {}

    def issue(self, key: SessionKey) -> str:
        ticket = secrets.token_urlsafe(32)
        self._sessions[ticket] = key
        return f"{self.address}/t/{ticket}"

    def assign(self, url: str, key: SessionKey) -> None:
        """The process with this ticket belongs to another session now."""
        self._sessions[url.rpartition("/")[2]] = key

    def revoke(self, url: str) -> None:
        self._sessions.pop(url.rpartition("/")[2], None)

    def begin(self, turn: Turn) -> None:
        self._lanes[turn.key] = Lane(turn)

    def note(self, turn: Turn, tokens: int) -> None:
        """So long was a prompt of this turn."""
        if lane := self._lanes.get(turn.key):
            lane.context = max(lane.context, tokens)

    def context(self, key: SessionKey) -> int:
        lane = self._lanes.get(key)
        return lane.context if lane else 0

    async def end(self, turn: Turn) -> None:
        lane = self._lanes.get(turn.key)
        if lane is None or lane.turn.update_id != turn.update_id:
            return
        del self._lanes[turn.key]
        if lane.requests:
            with anyio.move_on_after(self._grace):
                await lane.free.wait()
        for request in lane.requests:
            request.cancel()
        if lane.requests:
            await lane.free.wait()

    @contextmanager
    def passing(self, ticket: str) -> Iterator[Turn | None]:
        """The turn to charge while one request passes; None: refuse it."""
        key = self._sessions.get(ticket)
        lane = self._lanes.get(key) if key else None
        if lane is None:
            yield None
            return
        with lane.request():
            yield lane.turn
