"""Sessions, and the fence around each: its epoch, a number that no other claim ever gets.

So whoever served a session before it was claimed again, renamed, or deleted and made anew,
cannot save it. A name is taken when another one differs from it by case only.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bridge.errors import Fenced
from bridge.model import Mode, Place, Session, SessionKey
from bridge.ports import Clock
from bridge.store import belongings, chats
from bridge.store.db import Database
from bridge.store.tables import Row, counters, insert, key_of, named, of, of_session, sessions

# Built once: to build it for each message costs more than to run it.
FIND = sa.select(sessions).where(of_session(sessions))


def find(conn: sa.Connection, key: SessionKey) -> Session | None:
    row = conn.execute(FIND, named(key)).one_or_none()
    return None if row is None else session_of(row)


def session_of(row: Row) -> Session:
    return Session(
        key=key_of(row),
        user=row.user_id,
        folder=Path(row.folder),
        started_at=row.started_at,
        active_at=row.active_at,
        epoch=row.epoch,
        claude_id=row.claude_id,
        pin=row.pin,
        model=row.model,
        messages=row.messages,
        cost=row.cost,
        context_tokens=row.context_tokens,
        home=row.home,
        last_entry=row.last_entry,
        fork=row.fork,
        borrowed=row.borrowed,
        minutes=row.minutes,
        mode=Mode(row.mode) if row.mode else None,
        effort=row.effort,
    )


def row_of(session: Session) -> dict[str, Any]:
    return (
        named(session.key)
        | of_turns(session)
        | {
            "user_id": session.user,
            "folder": str(session.folder),
            "started_at": session.started_at,
            "epoch": session.epoch,
            "pin": session.pin,
            "borrowed": session.borrowed,
            "minutes": session.minutes,
            "mode": session.mode or "",
            "effort": session.effort,
        }
    )


def of_turns(session: Session) -> dict[str, Any]:
    """What a turn may change. The rest is for commands, which may have changed it meanwhile."""
    return {
        "active_at": session.active_at,
        "claude_id": session.claude_id,
        "model": session.model,
        "messages": session.messages,
        "cost": session.cost,
        "context_tokens": session.context_tokens,
        "home": session.home,
        "last_entry": session.last_entry,
        "fork": session.fork,
    }


def make(conn: sa.Connection, session: Session) -> None:
    """Nothing happens when it is there already."""
    conn.execute(insert(conn, sessions).on_conflict_do_nothing(), row_of(session))


def load(conn: sa.Connection, key: SessionKey, user: int, folder: Path, now: datetime) -> Session:
    make(conn, Session(key, user, folder, now, now))
    return session_of(conn.execute(FIND, named(key)).one())


def claim(conn: sa.Connection, key: SessionKey, user: int, folder: Path, now: datetime) -> Session:
    make(conn, Session(key, user, folder, now, now))
    claimed = sa.update(sessions).where(of(sessions, key)).values(epoch=next_epoch(conn))
    return session_of(conn.execute(claimed.returning(sessions)).one())


def next_epoch(conn: sa.Connection) -> int:
    counted = insert(conn, counters).values(name="epoch", value=1)
    raised = counted.on_conflict_do_update(
        index_elements=["name"], set_={"value": counters.c.value + 1}
    )
    epoch: int = conn.scalars(raised.returning(counters.c.value)).one()
    return epoch


def save(conn: sa.Connection, session: Session) -> bool:
    """False: the session is another server's now, or has another name, or is gone."""
    saved = sa.update(sessions).where(of(sessions, session.key), sessions.c.epoch == session.epoch)
    return conn.execute(saved.values(of_turns(session))).rowcount == 1


def every(conn: sa.Connection, place: Place) -> list[Session]:
    query = sa.select(sessions).where(in_place(place))
    newest = query.order_by(sessions.c.active_at.desc(), sessions.c.session)
    return [session_of(row) for row in conn.execute(newest)]


def in_place(place: Place) -> sa.ColumnElement[bool]:
    return sa.and_(sessions.c.chat == place.chat, sessions.c.thread == place.thread)


def within(conn: sa.Connection, folder: Path) -> list[Session]:
    query = sa.select(sessions).where(sessions.c.folder == str(folder))
    newest = query.order_by(sessions.c.active_at.desc(), sessions.c.session)
    return [session_of(row) for row in conn.execute(newest)]


def taken(conn: sa.Connection, key: SessionKey, besides: str = "") -> bool:
    """Every name but `besides` counts. `main` is always there: a chat goes back to it."""
    names = set(conn.scalars(sa.select(sessions.c.session).where(in_place(key.place))))
    names.discard(besides)
    others = (names | {chats.MAIN}) - {key.name}
    return key.name in names or alike(key.name) in map(alike, others)


def alike(name: str) -> str:
    """The same for two names that people cannot tell apart when they type them."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def add(conn: sa.Connection, session: Session) -> bool:
    if taken(conn, session.key):
        return False
    make(conn, replace(session, epoch=0))
    chats.enter(conn, session.key)
    return True


def rename(conn: sa.Connection, key: SessionKey, name: str) -> bool:
    if name == key.name:
        return True
    if taken(conn, SessionKey(key.chat, key.thread, name), besides=key.name):
        return False
    conn.execute(sa.update(sessions).where(of(sessions, key)).values(session=name))
    belongings.rename(conn, key, name)
    return True


def delete(conn: sa.Connection, key: SessionKey) -> None:
    conn.execute(sa.delete(sessions).where(of(sessions, key)))
    belongings.release(conn, key)


def choose(conn: sa.Connection, key: SessionKey, column: str, value: object) -> None:
    """What its users chose by a command."""
    conn.execute(sa.update(sessions).where(of(sessions, key)).values({column: value}))


class Sessions:
    """`ports.Sessions`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def current(self, place: Place) -> SessionKey:
        return await self._db.read(chats.current, place)

    async def enter(self, key: SessionKey) -> None:
        await self._db.write(chats.enter, key)

    async def load(self, key: SessionKey, user: int, folder: Path) -> Session:
        known = await self._db.read(find, key)
        if known is not None:
            return known
        return await self._db.write(load, key, user, folder, self._clock.now())

    async def find(self, key: SessionKey) -> Session | None:
        return await self._db.read(find, key)

    async def claim(self, key: SessionKey, user: int, folder: Path) -> Session:
        return await self._db.write(claim, key, user, folder, self._clock.now())

    async def every(self, place: Place) -> Sequence[Session]:
        return await self._db.read(every, place)

    async def within(self, folder: Path) -> Sequence[Session]:
        """The last active first. The folder is compared as it is written."""
        return await self._db.read(within, folder)

    async def add(self, session: Session) -> bool:
        """It is nobody's yet, whatever its epoch."""
        return await self._db.write(add, session)

    async def rename(self, key: SessionKey, name: str) -> bool:
        """Whoever serves it under the old name is fenced."""
        return await self._db.write(rename, key, name)

    async def delete(self, key: SessionKey) -> None:
        """Whoever serves it is fenced. A chat that is in another session stays there."""
        await self._db.write(delete, key)

    async def begin(self, session: Session, claude_id: str, home: str) -> None:
        begun = replace(session, claude_id=claude_id, home=home, last_entry="", fork=False)
        if not await self._db.write(save, begun):
            raise Fenced(f"Session {session.key} is served elsewhere.")

    async def set_minutes(self, key: SessionKey, minutes: float | None) -> None:
        await self._db.write(choose, key, "minutes", minutes)

    async def set_mode(self, key: SessionKey, mode: Mode) -> None:
        await self._db.write(choose, key, "mode", mode)

    async def set_pin(self, key: SessionKey, model: str | None) -> None:
        await self._db.write(choose, key, "pin", model)

    async def set_effort(self, key: SessionKey, effort: str) -> None:
        await self._db.write(choose, key, "effort", effort)
