"""Questions with buttons. Each is answered at most once, also by two taps at the same moment."""

from enum import StrEnum

import sqlalchemy as sa

from bridge.model import Ask, Place, SessionKey
from bridge.store.db import Database
from bridge.store.tables import Row, asks, insert, key_of, named, of


class State(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    EXPIRED = "expired"


EXPIRE = sa.update(asks).where(asks.c.state == State.OPEN).values(state=State.EXPIRED)
EXPIRE_OF_TURN = EXPIRE.where(asks.c.update_id == sa.bindparam("update"))

REPLIED = sa.and_(asks.c.message_id != 0, asks.c.message_id == sa.bindparam("reply_to"))
WORDED = (
    sa.select(asks)
    .where(
        asks.c.chat == sa.bindparam("chat"),
        asks.c.state == State.OPEN,
        asks.c.thread == sa.bindparam("thread"),
        REPLIED | (asks.c.listens == sa.bindparam("user")),
    )
    .order_by(REPLIED.desc(), asks.c.update_id.desc())
)


def add(conn: sa.Connection, ask: Ask) -> None:
    row = named(ask.key) | {
        "nonce": ask.nonce,
        "update_id": ask.update_id,
        "user_id": ask.user,
        "title": ask.title,
        "body": ask.body,
        "options": ask.options,
        "multiple": ask.multiple,
        "reason": ask.reason,
        "message_id": ask.message_id,
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
        reason=row.reason,
        message_id=row.message_id,
    )


def shown(conn: sa.Connection, nonce: str, message_id: int) -> None:
    conn.execute(sa.update(asks).where(asks.c.nonce == nonce).values(message_id=message_id))


def listen(conn: sa.Connection, nonce: str, user: int) -> bool:
    return conn.execute(sa.update(asks).where(is_open(nonce)).values(listens=user)).rowcount == 1


def worded(conn: sa.Connection, place: Place, user: int, reply_to: int) -> Ask | None:
    """A reply goes to what it replies to, also where another one waits for the next message."""
    given = {"chat": place.chat, "thread": place.thread, "user": user, "reply_to": reply_to}
    row = conn.execute(WORDED, given).first()
    return None if row is None else ask_of(row)


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

    async def shown(self, nonce: str, message_id: int) -> None:
        await self._db.write(shown, nonce, message_id)

    async def listen(self, nonce: str, user: int) -> bool:
        return await self._db.write(listen, nonce, user)

    async def worded(self, place: Place, user: int, reply_to: int) -> Ask | None:
        return await self._db.read(worded, place, user, reply_to)

    async def expire(self, update_id: int) -> None:
        await self._db.write(expire, update_id)
