"""The audit trail: each call of a tool, and why it was let through or not. Only added to.

What a session was renamed to or that it was deleted changes nothing here.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bridge.model import Deed
from bridge.ports import Clock, Entry
from bridge.store.db import Database
from bridge.store.tables import Row, audit, key_of, named

NOTE = sa.insert(audit)


def note(conn: sa.Connection, deed: Deed, now: datetime) -> None:
    row = named(deed.key) | {
        "at": now,
        "update_id": deed.update_id,
        "user_id": deed.user,
        "tool": deed.tool,
        "what": deed.what,
        "digest": deed.digest,
        "allowed": deed.allowed,
        "why": deed.why,
    }
    conn.execute(NOTE, row)


def since(conn: sa.Connection, start: datetime) -> list[Entry]:
    query = sa.select(audit).where(audit.c.at >= start).order_by(audit.c.number)
    return [Entry(row.at, deed_of(row)) for row in conn.execute(query)]


def deed_of(row: Row) -> Deed:
    return Deed(
        key=key_of(row),
        update_id=row.update_id,
        user=row.user_id,
        tool=row.tool,
        what=row.what,
        digest=row.digest,
        allowed=row.allowed,
        why=row.why,
    )


class Trail:
    """`ports.Trail`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def note(self, deed: Deed) -> None:
        await self._db.write(note, deed, self._clock.now())

    async def since(self, start: datetime) -> Sequence[Entry]:
        return await self._db.read(since, start)
