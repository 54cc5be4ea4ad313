"""The inbox: every update there was, and which of them still wait.

Accepting one is a single transaction: a row that is already there is a duplicate, and a user
who has too many messages waiting gets this one stored as rejected, so that it is not asked
about again when Telegram sends it once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from bridge.errors import BudgetError
from bridge.model import Arrival, Inbound, Kind, Place, SessionKey
from bridge.ports import Clock
from bridge.store import sessions
from bridge.store.db import Database
from bridge.store.tables import Row, inbox, insert, key_of, named, of


class State(StrEnum):
    NEW = "new"
    DONE = "done"
    REJECTED = "rejected"  # too many were waiting
    ASIDE = "aside"  # nobody could read it


@dataclass(frozen=True, slots=True)
class Full:
    """The user has `waiting` messages in the queue already."""

    waiting: int


AT_ONCE = (Kind.COMMAND, Kind.TAP, Kind.STOP)
WAITS = sa.and_(inbox.c.state == State.NEW, inbox.c.kind == Kind.MESSAGE)
FIRST_STATE = {Kind.OTHER: State.DONE, Kind.UNREADABLE: State.ASIDE}


def accept(
    conn: sa.Connection, arrival: Arrival, most: int, now: datetime
) -> Inbound | Full | None:
    waiting = waiting_for(conn, arrival.user) if arrival.kind is Kind.MESSAGE else 0
    full = arrival.kind is Kind.MESSAGE and waiting >= most
    state = State.REJECTED if full else FIRST_STATE.get(arrival.kind, State.NEW)
    key = sessions.current(conn, arrival.place)
    if not add(conn, arrival, key, state, now):
        return None
    if full:
        return Full(waiting)
    return Inbound(arrival.update_id, key, arrival.user, arrival.text, arrival.message_id, now)


def waiting_for(conn: sa.Connection, user: int) -> int:
    return count(conn, sa.and_(WAITS, inbox.c.user_id == user))


def waiting_in(conn: sa.Connection, key: SessionKey) -> int:
    return count(conn, sa.and_(WAITS, of(inbox, key)))


def count(conn: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    return conn.scalars(sa.select(sa.func.count()).select_from(inbox).where(which)).one()


def add(
    conn: sa.Connection, arrival: Arrival, key: SessionKey, state: State, now: datetime
) -> bool:
    """False: it was there before."""
    row = named(key) | {
        "update_id": arrival.update_id,
        "kind": arrival.kind,
        "user_id": arrival.user,
        "message_id": arrival.message_id,
        "text": arrival.text,
        "raw": arrival.raw,
        "sent_at": arrival.sent_at,
        "received_at": now,
        "state": state,
    }
    return conn.execute(insert(conn, inbox).values(row).on_conflict_do_nothing()).rowcount == 1


def first(conn: sa.Connection, key: SessionKey) -> Inbound | None:
    query = sa.select(inbox).where(WAITS, of(inbox, key)).order_by(inbox.c.update_id).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else inbound_of(row)


def inbound_of(row: Row) -> Inbound:
    return Inbound(
        row.update_id, key_of(row), row.user_id, row.text, row.message_id, row.received_at
    )


def arrival_of(row: Row) -> Arrival:
    return Arrival(
        update_id=row.update_id,
        kind=Kind(row.kind),
        place=Place(row.chat, row.thread),
        user=row.user_id,
        raw=row.raw,
        text=row.text,
        message_id=row.message_id,
        sent_at=row.sent_at,
    )


def finish(conn: sa.Connection, update_id: int) -> None:
    conn.execute(
        sa.update(inbox)
        .where(inbox.c.update_id == update_id, inbox.c.state == State.NEW)
        .values(state=State.DONE)
    )


def sessions_waiting(conn: sa.Connection) -> list[SessionKey]:
    columns = (inbox.c.chat, inbox.c.thread, inbox.c.session)
    query = sa.select(*columns).where(WAITS).group_by(*columns)
    return [key_of(row) for row in conn.execute(query.order_by(sa.func.min(inbox.c.update_id)))]


def unserved(conn: sa.Connection) -> list[Arrival]:
    query = sa.select(inbox).where(inbox.c.state == State.NEW, inbox.c.kind.in_(AT_ONCE))
    return [arrival_of(row) for row in conn.execute(query.order_by(inbox.c.update_id))]


class Inbox:
    """`ports.Inbox`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def put(self, arrival: Arrival, most: int) -> Inbound | None:
        accepted = await self._db.write(accept, arrival, most, self._clock.now())
        if isinstance(accepted, Full):
            raise BudgetError(
                f"{accepted.waiting} messages are waiting already; "
                "send this one again when some of them are answered."
            )
        return accepted

    async def next(self, key: SessionKey) -> Inbound | None:
        return await self._db.read(first, key)

    async def done(self, update_id: int) -> None:
        await self._db.write(finish, update_id)

    async def undone(self) -> Sequence[SessionKey]:
        return await self._db.read(sessions_waiting)

    async def pending(self) -> Sequence[Arrival]:
        return await self._db.read(unserved)

    async def waiting(self, key: SessionKey) -> int:
        return await self._db.read(waiting_in, key)
