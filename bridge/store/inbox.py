"""The inbox: every update there was, and which of them still wait.

Accepting one is a single transaction: a row that is already there is a duplicate, and a user
who has too many messages waiting gets this one stored as rejected, so that it is not asked
about again when Telegram sends it once more.

A message waits until its turn is entered; so long its words can be changed, or it can be taken
back. One that a running turn absorbed is done when that turn's answer is delivered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from bridge.errors import BudgetError
from bridge.model import Arrival, Inbound, Kind, Place, SessionKey
from bridge.ports import Clock
from bridge.store import chats
from bridge.store.db import Database
from bridge.store.tables import Row, inbox, insert, key_of, named, of, of_session, turns


class State(StrEnum):
    NEW = "new"
    DONE = "done"
    REJECTED = "rejected"  # too many were waiting
    ASIDE = "aside"  # nobody could read it
    WITHDRAWN = "withdrawn"  # its user took it back
    DROPPED = "dropped"  # its session was deleted


@dataclass(frozen=True, slots=True)
class Full:
    """The user has `waiting` messages in the queue already."""

    waiting: int


AT_ONCE = (Kind.COMMAND, Kind.TAP, Kind.STOP, Kind.EDIT)
UNDONE = sa.and_(inbox.c.state == State.NEW, inbox.c.kind == Kind.MESSAGE)
WAITS = sa.and_(UNDONE, inbox.c.absorbed_by.is_(None))
ENTERED = sa.exists().where(turns.c.update_id == inbox.c.update_id)
FREE = sa.and_(WAITS, ~ENTERED)  # nobody works on it
FIRST_STATE = {Kind.OTHER: State.DONE, Kind.UNREADABLE: State.ASIDE}

# Built once: to build them for each message costs more than to run them.
FIRST = sa.select(inbox).where(WAITS, of_session(inbox)).order_by(inbox.c.update_id).limit(1)
OF_USER = sa.select(sa.func.count()).where(WAITS, inbox.c.user_id == sa.bindparam("user"))
FINISH = sa.update(inbox).where(inbox.c.state == State.NEW).values(state=State.DONE)
FINISH_IT = FINISH.where(inbox.c.update_id == sa.bindparam("update"))
FINISH_ABSORBED = FINISH.where(inbox.c.absorbed_by == sa.bindparam("update"))
GONE = sa.select(inbox.c.update_id).where(
    inbox.c.update_id == sa.bindparam("update"),
    inbox.c.state.in_((State.WITHDRAWN, State.DROPPED)),
)


def accept(
    conn: sa.Connection, arrival: Arrival, most: int, now: datetime
) -> Inbound | Full | None:
    waiting = waiting_for(conn, arrival.user) if arrival.kind is Kind.MESSAGE else 0
    full = arrival.kind is Kind.MESSAGE and waiting >= most
    state = State.REJECTED if full else FIRST_STATE.get(arrival.kind, State.NEW)
    key = chats.current(conn, arrival.place)
    if not add(conn, arrival, key, state, now):
        return None
    if full:
        return Full(waiting)
    return Inbound(arrival.update_id, key, arrival.user, arrival.text, arrival.message_id, now)


def waiting_for(conn: sa.Connection, user: int) -> int:
    return conn.scalars(OF_USER, {"user": user}).one()


def waiting_in(conn: sa.Connection, key: SessionKey) -> int:
    return conn.scalars(sa.select(sa.func.count()).where(WAITS, of(inbox, key))).one()


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
    return conn.execute(insert(conn, inbox).on_conflict_do_nothing(), row).rowcount == 1


def first(conn: sa.Connection, key: SessionKey) -> Inbound | None:
    row = conn.execute(FIRST, named(key)).one_or_none()
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
    """With all that its turn absorbed."""
    conn.execute(FINISH_IT, {"update": update_id})
    conn.execute(FINISH_ABSORBED, {"update": update_id})


def absorb(conn: sa.Connection, update_ids: Sequence[int], turn: int) -> None:
    """The answer of `turn` is theirs too; they are not handed out any more."""
    absorbed = sa.update(inbox).where(UNDONE, inbox.c.update_id.in_(update_ids))
    conn.execute(absorbed.where(inbox.c.update_id != turn).values(absorbed_by=turn))


def find(conn: sa.Connection, update_id: int) -> Inbound | None:
    query = sa.select(inbox).where(FREE, inbox.c.update_id == update_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else inbound_of(row)


def stored(conn: sa.Connection, update_id: int) -> Inbound | None:
    """Whatever became of it."""
    row = conn.execute(sa.select(inbox).where(inbox.c.update_id == update_id)).one_or_none()
    return None if row is None else inbound_of(row)


def question(conn: sa.Connection, turn: int) -> str:
    """All that was asked in one turn."""
    asked = sa.or_(inbox.c.update_id == turn, inbox.c.absorbed_by == turn)
    query = sa.select(inbox.c.text).where(asked).order_by(inbox.c.update_id)
    return "\n\n".join(conn.scalars(query))


def withdraw(conn: sa.Connection, update_id: int) -> bool:
    taken = sa.update(inbox).where(FREE, inbox.c.update_id == update_id)
    return conn.execute(taken.values(state=State.WITHDRAWN)).rowcount == 1


def edit(conn: sa.Connection, place: Place, message_id: int, text: str) -> bool:
    edited = sa.update(inbox).where(
        FREE,
        inbox.c.chat == place.chat,
        inbox.c.thread == place.thread,
        inbox.c.message_id == message_id,
    )
    return conn.execute(edited.values(text=text)).rowcount > 0


def gone(conn: sa.Connection, update_id: int) -> bool:
    """It was taken back, or its session was deleted."""
    return conn.scalars(GONE, {"update": update_id}).one_or_none() is not None


def drop(conn: sa.Connection, key: SessionKey) -> None:
    """Nothing of this session waits any more."""
    conn.execute(sa.update(inbox).where(UNDONE, of(inbox, key)).values(state=State.DROPPED))


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

    async def find(self, update_id: int) -> Inbound | None:
        return await self._db.read(find, update_id)

    async def withdraw(self, update_id: int) -> bool:
        return await self._db.write(withdraw, update_id)

    async def edit(self, place: Place, message_id: int, text: str) -> bool:
        return await self._db.write(edit, place, message_id, text)
