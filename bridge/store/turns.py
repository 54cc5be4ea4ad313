"""Turns and their answers. Entered and closed once; the answer is stored before it is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.errors import Fenced, StoreError
from bridge.model import Answer, Exchange, Inbound, Mode, Outcome, Session, SessionKey, Turn
from bridge.ports import Clock
from bridge.store import inbox, sessions
from bridge.store.db import Database
from bridge.store.tables import Row, insert, key_of, named, of, put, turns

# Built once: to build them for each turn costs more than to run them.
THIS = turns.c.update_id == sa.bindparam("update")
TOUCHED = sa.select(turns.c.touched).where(THIS)
CLOSED = sa.select(turns).where(THIS, turns.c.outcome.is_not(None))
STILL_OPEN = turns.c.outcome.is_(None)
DELIVER = sa.update(turns).where(THIS, turns.c.delivered_at.is_(None))


def row_of(turn: Turn) -> dict[str, Any]:
    return named(turn.key) | {
        "update_id": turn.update_id,
        "user_id": turn.user,
        "message_id": turn.message_id,
        "model": turn.model,
        "settings": turn.settings,
        "started_at": turn.started_at,
    }


def enter(conn: sa.Connection, turn: Turn) -> bool:
    """A turn that a crash left open goes on under its first entry."""
    if inbox.gone(conn, turn.update_id):
        raise StoreError("This message was taken back, so it is not answered.")
    conn.execute(insert(conn, turns).on_conflict_do_nothing(), row_of(turn))
    return not conn.scalars(TOUCHED, {"update": turn.update_id}).one()


def touch(conn: sa.Connection, update_id: int) -> None:
    conn.execute(sa.update(turns).where(turns.c.update_id == update_id).values(touched=True))


def close(
    conn: sa.Connection,
    turn: Turn,
    session: Session,
    answer: Answer,
    absorbed: Sequence[int],
    now: datetime,
) -> None:
    if not sessions.save(conn, session):
        raise Fenced("Another server works on this session now; it answers this message.")
    row = row_of(turn) | {
        "outcome": answer.outcome,
        "text": answer.text,
        "footer": answer.footer,
        "mode": answer.mode,
        "better": answer.better,
        "closed_at": now,
    }
    if put(conn, turns, row, where=STILL_OPEN) and absorbed:
        inbox.absorb(conn, absorbed, turn.update_id)


def find(conn: sa.Connection, update_id: int) -> Answer | None:
    row = conn.execute(CLOSED, {"update": update_id}).one_or_none()
    return None if row is None else answer_of(row)


def answer_of(row: Row) -> Answer:
    return Answer(
        update_id=row.update_id,
        key=key_of(row),
        message_id=row.message_id,
        text=row.text,
        outcome=Outcome(row.outcome),
        footer=row.footer,
        mode=Mode(row.mode or Mode.DEFAULT),
        parts=row.parts,
        better=row.better,
    )


def deliver(conn: sa.Connection, update_id: int, now: datetime) -> None:
    conn.execute(DELIVER, {"update": update_id, "delivered_at": now})
    inbox.finish(conn, update_id)


def confirm(conn: sa.Connection, update_id: int, parts: int) -> None:
    conn.execute(sa.update(turns).where(turns.c.update_id == update_id).values(parts=parts))


def undelivered(conn: sa.Connection) -> list[Answer]:
    query = sa.select(turns).where(turns.c.delivered_at.is_(None), turns.c.outcome.is_not(None))
    return [answer_of(row) for row in conn.execute(query.order_by(turns.c.update_id))]


def recent(conn: sa.Connection, key: SessionKey, most: int) -> list[Exchange]:
    query = closed_in(key).where(turns.c.outcome != Outcome.REFUSED).limit(most)
    rows = conn.execute(query).all()
    return [Exchange(inbox.question(conn, row.update_id), row.text) for row in reversed(rows)]


def closed_in(key: SessionKey) -> sa.Select[Any]:
    """The newest first."""
    mine = sa.and_(of(turns, key), ~turns.c.forgotten, turns.c.outcome.is_not(None))
    return sa.select(turns).where(mine).order_by(turns.c.update_id.desc())


def last(conn: sa.Connection, key: SessionKey) -> Inbound | None:
    row = conn.execute(closed_in(key).limit(1)).one_or_none()
    return None if row is None else inbox.stored(conn, row.update_id)


class Turns:
    """`ports.Turns`. A turn that was refused before it was entered is closed like any other."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def enter(self, turn: Turn) -> bool:
        """StoreError: the message was taken back, or its session deleted, a moment ago."""
        return await self._db.write(enter, turn)

    async def touch(self, update_id: int) -> None:
        await self._db.write(touch, update_id)

    async def close(
        self, turn: Turn, session: Session, answer: Answer, absorbed: Sequence[int] = ()
    ) -> None:
        """The first answer stays: a second close of the same turn saves the session only."""
        await self._db.write(close, turn, session, answer, absorbed, self._clock.now())

    async def confirmed(self, update_id: int, parts: int) -> None:
        await self._db.write(confirm, update_id, parts)

    async def delivered(self, update_id: int) -> None:
        await self._db.write(deliver, update_id, self._clock.now())

    async def undelivered(self) -> Sequence[Answer]:
        return await self._db.read(undelivered)

    async def recent(self, key: SessionKey, most: int) -> Sequence[Exchange]:
        """Without those that a budget refused: nobody has thought about them."""
        return await self._db.read(recent, key, most)

    async def last(self, key: SessionKey) -> Inbound | None:
        return await self._db.read(last, key)

    async def answer(self, update_id: int) -> Answer | None:
        return await self._db.read(find, update_id)
