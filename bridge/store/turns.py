"""Turns and their answers. Entered and closed once; the answer is stored before it is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.errors import Fenced
from bridge.model import Answer, Outcome, Session, Turn
from bridge.ports import Clock
from bridge.store import inbox, sessions
from bridge.store.db import Database
from bridge.store.tables import Row, insert, key_of, named, turns


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
    conn.execute(insert(conn, turns).values(row_of(turn)).on_conflict_do_nothing())
    touched = sa.select(turns.c.touched).where(turns.c.update_id == turn.update_id)
    return not conn.scalars(touched).one()


def touch(conn: sa.Connection, update_id: int) -> None:
    conn.execute(sa.update(turns).where(turns.c.update_id == update_id).values(touched=True))


def close(conn: sa.Connection, turn: Turn, session: Session, answer: Answer, now: datetime) -> None:
    if not sessions.save(conn, session):
        raise Fenced("Another server works on this session now; it answers this message.")
    row = row_of(turn) | {
        "outcome": answer.outcome,
        "text": answer.text,
        "footer": answer.footer,
        "closed_at": now,
    }
    closed = insert(conn, turns).values(row)
    still_open = turns.c.outcome.is_(None)
    conn.execute(
        closed.on_conflict_do_update(index_elements=["update_id"], set_=row, where=still_open)
    )


def find(conn: sa.Connection, update_id: int) -> Answer | None:
    closed = sa.and_(turns.c.update_id == update_id, turns.c.outcome.is_not(None))
    row = conn.execute(sa.select(turns).where(closed)).one_or_none()
    return None if row is None else answer_of(row)


def answer_of(row: Row) -> Answer:
    return Answer(
        update_id=row.update_id,
        key=key_of(row),
        message_id=row.message_id,
        text=row.text,
        outcome=Outcome(row.outcome),
        footer=row.footer,
    )


def deliver(conn: sa.Connection, update_id: int, now: datetime) -> None:
    conn.execute(
        sa.update(turns)
        .where(turns.c.update_id == update_id, turns.c.delivered_at.is_(None))
        .values(delivered_at=now)
    )
    inbox.finish(conn, update_id)


def undelivered(conn: sa.Connection) -> list[Answer]:
    query = sa.select(turns).where(turns.c.delivered_at.is_(None), turns.c.outcome.is_not(None))
    return [answer_of(row) for row in conn.execute(query.order_by(turns.c.update_id))]


class Turns:
    """`ports.Turns`. A turn that was refused before it was entered is closed like any other."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def enter(self, turn: Turn) -> bool:
        return await self._db.write(enter, turn)

    async def touch(self, update_id: int) -> None:
        await self._db.write(touch, update_id)

    async def close(self, turn: Turn, session: Session, answer: Answer) -> None:
        """The first answer stays: a second close of the same turn saves the session only."""
        await self._db.write(close, turn, session, answer, self._clock.now())

    async def delivered(self, update_id: int) -> None:
        await self._db.write(deliver, update_id, self._clock.now())

    async def undelivered(self) -> Sequence[Answer]:
        return await self._db.read(undelivered)

    async def answer(self, update_id: int) -> Answer | None:
        return await self._db.read(find, update_id)
