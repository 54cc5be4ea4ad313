"""`Sessions` in a dict."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bridge.model import Mode, Place, Session, SessionKey
from tests.fakes.inbox import FakeInbox
from tests.fakes.time import START


@dataclass
class FakeSessions:
    """`inbox`: where the messages wait that go along when one is renamed or deleted."""

    known: dict[SessionKey, Session] = field(default_factory=dict)
    names: dict[Place, str] = field(default_factory=dict)
    inbox: FakeInbox = field(default_factory=FakeInbox)
    epochs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def current(self, place: Place) -> SessionKey:
        return SessionKey(place.chat, place.thread, self.names.get(place, "main"))

    async def load(self, key: SessionKey, user: int, folder: Path) -> Session:
        return self.known.setdefault(key, Session(key, user, folder, START, START))

    async def find(self, key: SessionKey) -> Session | None:
        return self.known.get(key)

    async def claim(self, key: SessionKey, user: int, folder: Path) -> Session:
        session = await self.load(key, user, folder)
        self.known[key] = replace(session, epoch=next(self.epochs))
        return self.known[key]

    async def every(self, place: Place) -> Sequence[Session]:
        here = [session for session in self.known.values() if session.key.place == place]
        return sorted(here, key=lambda session: session.active_at, reverse=True)

    async def within(self, folder: Path) -> Sequence[Session]:
        return [session for session in self.known.values() if session.folder == folder]

    async def add(self, session: Session) -> bool:
        if session.key in self.known:
            return False
        self.known[session.key] = replace(session, epoch=0)
        await self.enter(session.key)
        return True

    async def enter(self, key: SessionKey) -> None:
        self.names[key.place] = key.name

    async def rename(self, key: SessionKey, name: str) -> bool:
        new = replace(key, name=name)
        if new in self.known:
            return False
        if session := self.known.pop(key, None):
            self.known[new] = replace(session, key=new)
        for number, (arrival, inbound) in self.inbox.rows.items():
            if inbound.key == key:
                self.inbox.rows[number] = (arrival, replace(inbound, key=new))
        if await self.current(key.place) == key:
            await self.enter(new)
        return True

    async def delete(self, key: SessionKey) -> None:
        self.known.pop(key, None)
        mine = {n for n, (_, inbound) in self.inbox.rows.items() if inbound.key == key}
        self.inbox.finished |= mine
        if self.names.get(key.place) == key.name:
            del self.names[key.place]

    async def begin(self, session: Session, claude_id: str, home: str) -> None:
        known = self.known[session.key]
        self.known[session.key] = replace(known, claude_id=claude_id, home=home, fork=False)

    async def set_minutes(self, key: SessionKey, minutes: float | None) -> None:
        self.known[key] = replace(self.known[key], minutes=minutes)

    async def set_mode(self, key: SessionKey, mode: Mode) -> None:
        self.known[key] = replace(self.known[key], mode=mode)

    async def set_pin(self, key: SessionKey, model: str | None) -> None:
        self.known[key] = replace(self.known[key], pin=model)

    async def set_effort(self, key: SessionKey, effort: str) -> None:
        self.known[key] = replace(self.known[key], effort=effort)
