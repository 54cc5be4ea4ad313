"""Questions with buttons. Each is answered at most once, also by two taps at the same moment."""

from enum import StrEnum

import sqlalchemy as sa

from bridge.model import Ask, SessionKey
from bridge.store.db import Database
from bridge.store.tables import Row, asks, insert, key_of, named, of


class State(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    EXPIRED = "expired"


EXPIRE = sa.update(asks).where(asks.c.state == State.OPEN).values(state=State.EXPIRED)
EXPIRE_OF_TURN = EXPIRE.where(asks.c.update_id == sa.bindparam("update"))


def add(conn: sa.Connection, ask: Ask) -> None:
    row = named(ask.key) | {
        "nonce": ask.nonce,
        "update_id": ask.update_id,
        "user_id": ask.user,
        "title": ask.title,
        "body": ask.body,
        "options": ask.options,
        "multiple": ask.multiple,
        "state": State.OPEN,
    }
    conn.execute(insert(conn, asks).on_conflict_do_nothing(), row)


def is_open(nonce: str) -> sa.ColumnElement[bool]:
    return sa.and_(asks.c.nonce == nonce, asks.c.state == State.OPEN)


def take(conn: sa.Connection, nonce: str) -> Ask | None:
    taken = sa.update(asks).where(is_open(nonce)).values(state=State.TAKEN).returning(asks)
    row = conn.execute(taken).one_or_none()
    return None if row is None else ask_of(row)


def find(conn: sa.Connection, nonce: str) -> Ask | None:
    row = conn.execute(sa.select(asks).where(is_open(nonce))).one_or_none()
    return None if row is None else ask_of(row)


def ask_of(row: Row) -> Ask:
    return Ask(
        nonce=row.nonce,
        key=key_of(row),
        update_id=row.update_id,
        user=row.user_id,
        title=row.title,
        body=row.body,
        options=tuple(row.options),
        multiple=row.multiple,
    )


def expire(conn: sa.Connection, update_id: int) -> None:
    conn.execute(EXPIRE_OF_TURN, {"update": update_id})


def expire_session(conn: sa.Connection, key: SessionKey) -> None:
    conn.execute(EXPIRE.where(of(asks, key)))


class Asks:
    """`ports.Asks`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, ask: Ask) -> None:
        """A nonce is opened once; a second time changes nothing."""
        await self._db.write(add, ask)

    async def take(self, nonce: str) -> Ask | None:
        return await self._db.write(take, nonce)

    async def find(self, nonce: str) -> Ask | None:
        return await self._db.read(find, nonce)

    async def expire(self, update_id: int) -> None:
        await self._db.write(expire, update_id)
