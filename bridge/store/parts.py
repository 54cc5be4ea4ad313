"""Messages that are one to whoever sent them: an album, and what was forwarded together.

Telegram sends each part as an update of its own, in any order, and never says which is the last.
A part that comes while its message waits is absorbed by it, and the message is not handed out
before `PAUSE` has passed without another. Nothing else ever waits for that.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from bridge.model import Arrival, SessionKey
from bridge.store.tables import Row, inbox, named, of_session
from bridge.store.waiting import FREE, State

PAUSE = timedelta(seconds=1)

NEWEST = (
    sa.select(inbox)
    .where(FREE, of_session(inbox), inbox.c.user_id == sa.bindparam("user"))
    .order_by(inbox.c.update_id.desc())
    .limit(1)
)
PARTS = (
    sa.select(inbox)
    .where(inbox.c.absorbed_by == sa.bindparam("update"), inbox.c.whole_at.is_not(None))
    .order_by(inbox.c.message_id)
)


def has_more(arrival: Arrival) -> bool:
    """Whether other parts may follow."""
    return bool(arrival.album) or arrival.forwarded


def head(conn: sa.Connection, arrival: Arrival, key: SessionKey, now: datetime) -> int | None:
    """The waiting message that this is a part of; None: it is a message of its own."""
    if arrival.album:
        query = sa.select(inbox.c.update_id).where(FREE, same_album(arrival)).limit(1)
        found: int | None = conn.scalars(query).one_or_none()
        if found is not None:
            return found
    if not arrival.forwarded:
        return None
    row = conn.execute(NEWEST, named(key) | {"user": arrival.user}).one_or_none()
    return int(row.update_id) if row is not None and now <= open_until(row) else None


def open_until(row: Row) -> datetime:
    until: datetime = row.whole_at or row.received_at + PAUSE
    return until


def adopt(conn: sa.Connection, arrival: Arrival) -> None:
    """The parts of its album that came before it was known that they are meant for us."""
    if arrival.album:
        theirs = {"state": State.NEW, "absorbed_by": arrival.update_id}
        overheard = sa.and_(same_album(arrival), inbox.c.state == State.OVERHEARD)
        conn.execute(sa.update(inbox).where(overheard).values(theirs))


def prolong(conn: sa.Connection, update_id: int, now: datetime) -> None:
    """It has one more part."""
    whole = sa.update(inbox).where(inbox.c.update_id == update_id)
    conn.execute(whole.values(whole_at=now + PAUSE))


def turned_away(conn: sa.Connection, arrival: Arrival) -> bool:
    """Whether a part of the same album was rejected; its user has been told."""
    if not arrival.album:
        return False
    rejected = sa.and_(same_album(arrival), inbox.c.state == State.REJECTED)
    return conn.scalars(sa.select(inbox.c.update_id).where(rejected).limit(1)).first() is not None


def together(conn: sa.Connection, row: Row) -> Sequence[Row]:
    """The message with all of its parts, in the order they were sent."""
    if row.whole_at is None:
        return (row,)
    parts = conn.execute(PARTS, {"update": row.update_id}).all()
    return sorted((row, *parts), key=lambda part: part.message_id)


def same_album(arrival: Arrival) -> sa.ColumnElement[bool]:
    return sa.and_(
        inbox.c.album == arrival.album,
        inbox.c.chat == arrival.place.chat,
        inbox.c.user_id == arrival.user,
    )
