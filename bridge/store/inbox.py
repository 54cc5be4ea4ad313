"""The inbox: every update there was, and which of them still wait.

Accepting one is a single transaction: a row that is already there is a duplicate, and a user
who has too many messages waiting gets this one stored as rejected, so that it is not asked
about again when Telegram sends it once more.

A message waits until its turn is entered; so long its words can be changed, or it can be taken
back. One that a running turn absorbed is done when that turn's answer is delivered; so is a part
of an album, which is absorbed by the message that came first.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from bridge.errors import BudgetError
from bridge.model import Arrival, Attachment, Inbound, Kind, Place, SessionKey
from bridge.ports import Clock
from bridge.store import chats, parts, rates
from bridge.store.db import Database
from bridge.store.tables import Row, inbox, insert, key_of, named, of, of_session
from bridge.store.waiting import AT_ONCE, FREE, FREE_PART, UNDONE, WAITS, State


@dataclass(frozen=True, slots=True)
class Full:
    """The user has `waiting` messages in the queue already."""

    waiting: int


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
    key = chats.current(conn, arrival.place)
    if arrival.kind is not Kind.MESSAGE:
        state = FIRST_STATE.get(arrival.kind, State.NEW)
        return fresh(arrival, key, now) if add(conn, arrival, key, state, now) else None
    if (whole := parts.head(conn, arrival, key, now)) is not None:
        join(conn, arrival, key, whole, now)
        return None
    if not arrival.addressed:
        add(conn, arrival, key, State.OVERHEARD, now)
        return None
    waiting = waiting_for(conn, arrival.user)
    told = waiting >= most and parts.turned_away(conn, arrival)
    state = State.REJECTED if waiting >= most else State.NEW
    if not add(conn, arrival, key, state, now) or told:
        return None
    if state is State.REJECTED:
        return Full(waiting)
    parts.adopt(conn, arrival)
    return fresh(arrival, key, now)


def fresh(arrival: Arrival, key: SessionKey, now: datetime) -> Inbound:
    return Inbound(
        arrival.update_id, key, arrival.user, arrival.text, arrival.message_id, now,
        arrival.files, arrival.judges, arrival.quote,
    )  # fmt: skip


def join(conn: sa.Connection, arrival: Arrival, key: SessionKey, whole: int, now: datetime) -> None:
    """It is a part of this waiting message."""
    if add(conn, arrival, key, State.NEW, now, whole):
        parts.prolong(conn, whole, now)


def waiting_for(conn: sa.Connection, user: int) -> int:
    return conn.scalars(OF_USER, {"user": user}).one()


def waiting_in(conn: sa.Connection, key: SessionKey) -> int:
    return conn.scalars(sa.select(sa.func.count()).where(WAITS, of(inbox, key))).one()


def add(
    conn: sa.Connection,
    arrival: Arrival,
    key: SessionKey,
    state: State,
    now: datetime,
    whole: int | None = None,
) -> bool:
    """False: it was there before. `whole`: the message it is a part of."""
    more = whole is not None or parts.has_more(arrival)
    row = named(key) | {
        "update_id": arrival.update_id,
        "kind": arrival.kind,
        "user_id": arrival.user,
        "message_id": arrival.message_id,
        "text": arrival.text,
        "raw": arrival.raw,
        "sent_at": arrival.sent_at,
        "received_at": now,
        "judges": arrival.judges,
        "state": state,
        "files": [asdict(file) for file in arrival.files],
        "quote": arrival.quote,
        "album": arrival.album,
        "absorbed_by": whole,
        "whole_at": now + parts.PAUSE if more else None,
    }
    return conn.execute(insert(conn, inbox).on_conflict_do_nothing(), row).rowcount == 1


def first(conn: sa.Connection, key: SessionKey, now: datetime) -> Inbound | datetime | None:
    """The time: when the first one has all of its parts."""
    row = conn.execute(FIRST, named(key)).one_or_none()
    if row is None:
        return None
    if row.whole_at is not None and row.whole_at > now:
        return whole_at(row)
    return inbound_of(conn, row)


def whole_at(row: Row) -> datetime:
    at: datetime = row.whole_at
    return at


def inbound_of(conn: sa.Connection, row: Row) -> Inbound:
    """With all of its parts."""
    rows = parts.together(conn, row)
    return Inbound(
        row.update_id,
        key_of(row),
        row.user_id,
        "\n\n".join(part.text for part in rows if part.text),
        row.message_id,
        row.received_at,
        tuple(Attachment(**file) for part in rows for file in part.files),
        row.judges,
        "\n\n".join(part.quote for part in rows if part.quote),
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
        judges=row.judges,
        files=tuple(Attachment(**file) for file in row.files),
        quote=row.quote,
        album=row.album,
    )


def finish(conn: sa.Connection, update_id: int) -> None:
    """With all that its turn absorbed."""
    conn.execute(FINISH_IT, {"update": update_id})
    conn.execute(FINISH_ABSORBED, {"update": update_id})


def absorb(conn: sa.Connection, update_ids: Sequence[int], turn: int) -> None:
    """The answer of `turn` is theirs too; they are not handed out any more."""
    theirs = inbox.c.update_id.in_(update_ids) | inbox.c.absorbed_by.in_(update_ids)
    absorbed = sa.update(inbox).where(UNDONE, theirs)
    conn.execute(absorbed.where(inbox.c.update_id != turn).values(absorbed_by=turn))


def find(conn: sa.Connection, update_id: int) -> Inbound | None:
    query = sa.select(inbox).where(FREE, inbox.c.update_id == update_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else inbound_of(conn, row)


def stored(conn: sa.Connection, update_id: int) -> Inbound | None:
    """Whatever became of it."""
    row = conn.execute(sa.select(inbox).where(inbox.c.update_id == update_id)).one_or_none()
    return None if row is None else inbound_of(conn, row)


def question(conn: sa.Connection, turn: int) -> str:
    """All that was asked in one turn."""
    asked = sa.or_(inbox.c.update_id == turn, inbox.c.absorbed_by == turn)
    query = sa.select(inbox.c.text).where(asked).order_by(inbox.c.update_id)
    return "\n\n".join(conn.scalars(query))


def withdraw(conn: sa.Connection, update_id: int) -> bool:
    it = sa.or_(inbox.c.update_id == update_id, inbox.c.absorbed_by == update_id)
    taken = sa.update(inbox).where(FREE_PART, it)
    return conn.execute(taken.values(state=State.WITHDRAWN)).rowcount > 0


def edit(conn: sa.Connection, place: Place, message_id: int, text: str) -> bool:
    edited = sa.update(inbox).where(
        FREE_PART,
        inbox.c.chat == place.chat,
        inbox.c.thread == place.thread,
        inbox.c.message_id == message_id,
    )
    return conn.execute(edited.values(text=text)).rowcount > 0


def hear(conn: sa.Connection, update_id: int, text: str) -> None:
    conn.execute(sa.update(inbox).where(inbox.c.update_id == update_id).values(text=text))


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
        while isinstance(found := await self._db.read(first, key, self._clock.now()), datetime):
            await self._clock.sleep(max((found - self._clock.now()).total_seconds(), 0.0))
        return found

    async def done(self, update_id: int) -> None:
        await self._db.write(finish, update_id)

    async def undone(self) -> Sequence[SessionKey]:
        return await self._db.read(sessions_waiting)

    async def pending(self) -> Sequence[Arrival]:
        return await self._db.read(unserved)

    async def waiting(self, key: SessionKey) -> int:
        return await self._db.read(waiting_in, key)

    async def free_at(self, user: int, most: int) -> datetime | None:
        return await self._db.read(rates.free_at, user, most, self._clock.now())

    async def find(self, update_id: int) -> Inbound | None:
        return await self._db.read(find, update_id)

    async def question(self, update_id: int) -> Inbound | None:
        return await self._db.read(stored, update_id)

    async def withdraw(self, update_id: int) -> bool:
        return await self._db.write(withdraw, update_id)

    async def edit(self, place: Place, message_id: int, text: str) -> bool:
        return await self._db.write(edit, place, message_id, text)

    async def heard(self, update_id: int, text: str) -> None:
        await self._db.write(hear, update_id, text)
