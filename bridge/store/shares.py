"""How much of a subscription was used, as the API told it last: known after a restart too."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bridge.store.db import Database
from bridge.store.tables import insert, shares
from budgets.shares import Share


def load(conn: sa.Connection) -> list[Share]:
    rows = conn.execute(sa.select(shares).order_by(shares.c.name))
    return [Share(row.name, row.used, row.resets_at) for row in rows]


def save(conn: sa.Connection, seen: Sequence[Share], at: datetime) -> None:
    for share in seen:
        row = {"used": share.used, "resets_at": share.resets_at, "seen_at": at}
        fresh = insert(conn, shares).values(name=share.name, **row)
        conn.execute(fresh.on_conflict_do_update(index_elements=["name"], set_=row))


class ShareStore:
    """`booth.shares.ShareStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self) -> Sequence[Share]:
        return await self._db.read(load)

    async def save(self, seen: Sequence[Share], at: datetime) -> None:
        await self._db.write(save, seen, at)
