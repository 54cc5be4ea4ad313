"""Small transactions for the tests of the databases themselves."""

import sqlalchemy as sa

from bridge.store.db import open_database
from bridge.store.tables import chats, insert


def put(conn: sa.Connection, chat: int, name: str = "main") -> bool:
    """False: it was there."""
    row = {"chat": chat, "thread": 0, "session": name}
    return conn.execute(insert(conn, chats).on_conflict_do_nothing(), row).rowcount == 1


def rows(conn: sa.Connection) -> list[int]:
    return list(conn.scalars(sa.select(chats.c.chat).order_by(chats.c.chat)))


def run(conn: sa.Connection, sql: str) -> object:
    return conn.exec_driver_sql(sql).scalar()


async def opened(url: str, *, exclusive: bool = False) -> None:
    async with open_database(url, exclusive=exclusive):
        pass
