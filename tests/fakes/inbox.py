"""`Inbox` in a dict."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.errors import BudgetError
from bridge.model import Arrival, Inbound, Kind, Place, SessionKey
from tests.fakes.time import START


@dataclass
class FakeInbox:
    """Albums are not joined. `faults` are raised by the next puts, before anything is stored.

    `latency`: seconds from a look at the rows to the moment it is known what was seen.
    `entered`: messages that a turn was entered for; `absorbed`: by the turn of which other one.
    """

    rows: dict[int, tuple[Arrival, Inbound]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)
    latency: float = 0.0
    names: dict[Place, str] = field(default_factory=dict)  # the current sessions
    entered: set[int] = field(default_factory=set)
    absorbed: dict[int, int] = field(default_factory=dict)

    async def put(self, arrival: Arrival, most: int) -> Inbound | None:
        if self.faults:
            raise self.faults.pop(0)
        if arrival.update_id in self.rows:
            return None
        waiting = self._waiting(lambda i: i.user == arrival.user)
        name = self.names.get(arrival.place, "main")
        key = SessionKey(arrival.place.chat, arrival.place.thread, name)
        inbound = Inbound(
            arrival.update_id, key, arrival.user, arrival.text, arrival.message_id, START,
            arrival.files, arrival.judges, arrival.quote,
        )  # fmt: skip
        self.rows[arrival.update_id] = (arrival, inbound)
        if arrival.kind is Kind.MESSAGE and len(waiting) >= most:
            self.rejected.add(arrival.update_id)
            raise BudgetError(f"{len(waiting)} messages are waiting already.")
        return inbound

    async def next(self, key: SessionKey) -> Inbound | None:
        oldest = next(iter(self._waiting(lambda i: i.key == key)), None)
        if self.latency:
            await asyncio.sleep(self.latency)
        return oldest

    async def heard(self, update_id: int, text: str) -> None:
        arrival, inbound = self.rows[update_id]
        self.rows[update_id] = (arrival, replace(inbound, text=text))

    async def done(self, update_id: int) -> None:
        self.finished.add(update_id)
        self.finished |= {taken for taken, by in self.absorbed.items() if by == update_id}

    async def undone(self) -> Sequence[SessionKey]:
        return list(dict.fromkeys(inbound.key for inbound in self._waiting(lambda _: True)))

    async def pending(self) -> Sequence[Arrival]:
        kinds = (Kind.COMMAND, Kind.TAP, Kind.STOP, Kind.EDIT, Kind.VOICE)
        return [
            arrival
            for number, (arrival, _) in sorted(self.rows.items())
            if arrival.kind in kinds and number not in self.finished
        ]

    async def waiting(self, key: SessionKey) -> int:
        return len(self._waiting(lambda i: i.key == key))

    async def free_at(self, user: int, most: int) -> datetime | None:
        return None

    async def find(self, update_id: int) -> Inbound | None:
        free = self._waiting(lambda i: i.update_id not in self.entered)
        return next((inbound for inbound in free if inbound.update_id == update_id), None)

    async def question(self, update_id: int) -> Inbound | None:
        found = self.rows.get(update_id)
        return found[1] if found else None

    async def withdraw(self, update_id: int) -> bool:
        found = await self.find(update_id)
        if found:
            await self.done(update_id)
        return found is not None

    async def edit(self, place: Place, message_id: int, text: str) -> bool:
        for number, (arrival, inbound) in self.rows.items():
            same = (arrival.place, arrival.message_id) == (place, message_id)
            if same and await self.find(number):
                self.rows[number] = (arrival, replace(inbound, text=text))
                return True
        return False

    def _waiting(self, wanted: Callable[[Inbound], bool]) -> list[Inbound]:
        return [
            inbound
            for number, (arrival, inbound) in sorted(self.rows.items())
            if arrival.kind is Kind.MESSAGE
            and number not in self.finished | self.rejected | self.absorbed.keys()
            and wanted(inbound)
        ]
