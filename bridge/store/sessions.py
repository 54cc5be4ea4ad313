"""Sessions, and which one each chat is in. The epoch is the fence: it rises with each claim."""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from bridge.model import Place, Session, SessionKey
from bridge.ports import Clock
from bridge.store.db import Database
from bridge.store.tables import Row, chats, insert, key_of, named, of, sessions

MAIN = "main"  # where a chat is until it goes elsewhere


def current(conn: sa.Connection, place: Place) -> SessionKey:
    query = sa.select(chats.c.session).where(
        chats.c.chat == place.chat, chats.c.thread == place.thread
    )
    name = conn.scalars(query).one_or_none()
    return SessionKey(place.chat, place.thread, MAIN if name is None else name)


def enter(conn: sa.Connection, key: SessionKey) -> None:
    row = insert(conn, chats).values(named(key))
    conn.execute(
        row.on_conflict_do_update(index_elements=["chat", "thread"], set_={"session": key.name})
    )


def find(conn: sa.Connection, key: SessionKey) -> Session | None:
    row = conn.execute(sa.select(sessions).where(of(sessions, key))).one_or_none()
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
    )


def make(conn: sa.Connection, key: SessionKey, user: int, folder: Path, now: datetime) -> None:
    """Nothing happens when it is there already."""
    row = named(key) | {
        "user_id": user,
        "folder": str(folder),
        "started_at": now,
        "active_at": now,
    }
    conn.execute(insert(conn, sessions).values(row).on_conflict_do_nothing())


def load(conn: sa.Connection, key: SessionKey, user: int, folder: Path, now: datetime) -> Session:
    make(conn, key, user, folder, now)
    return session_of(conn.execute(sa.select(sessions).where(of(sessions, key))).one())


def claim(conn: sa.Connection, key: SessionKey, user: int, folder: Path, now: datetime) -> Session:
    make(conn, key, user, folder, now)
    raised = sa.update(sessions).where(of(sessions, key)).values(epoch=sessions.c.epoch + 1)
    return session_of(conn.execute(raised.returning(sessions)).one())


def save(conn: sa.Connection, session: Session) -> bool:
    """What a turn may change. False: the session is another server's now.

    The pin is left alone: `/model` may have set it while the turn ran.
    """
    saved = (
        sa.update(sessions)
        .where(of(sessions, session.key), sessions.c.epoch == session.epoch)
        .values(
            active_at=session.active_at,
            claude_id=session.claude_id,
            model=session.model,
            messages=session.messages,
            cost=session.cost,
            context_tokens=session.context_tokens,
        )
    )
    return conn.execute(saved).rowcount == 1


class Sessions:
    """`ports.Sessions`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def current(self, place: Place) -> SessionKey:
        return await self._db.read(current, place)

    async def enter(self, key: SessionKey) -> None:
        """Make it the current session of its chat."""
        await self._db.write(enter, key)

    async def load(self, key: SessionKey, user: int, folder: Path) -> Session:
        known = await self._db.read(find, key)
        if known is not None:
            return known
        return await self._db.write(load, key, user, folder, self._clock.now())

    async def find(self, key: SessionKey) -> Session | None:
        return await self._db.read(find, key)

    async def claim(self, key: SessionKey, user: int, folder: Path) -> Session:
        return await self._db.write(claim, key, user, folder, self._clock.now())
