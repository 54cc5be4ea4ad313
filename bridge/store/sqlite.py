"""SQLite behind the `Database` port: one thread that writes, a few that read.

One writer is three times faster than async drivers and fair, and a writer that begins
IMMEDIATE never meets SQLITE_BUSY_SNAPSHOT, which no timeout covers. WAL lets readers go on
meanwhile; synchronous=FULL makes every commit reach the disk.
"""

import asyncio
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from bridge.store import migrate
from bridge.store.file import prepare
from bridge.store.group import Group
from bridge.store.lane import Lane, Lanes

BUSY_SECONDS = 5.0
READERS = 4

PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


class Sqlite(Lanes):
    def __init__(self, file: Path, busy: float) -> None:
        timeout = f"busy_timeout = {round(busy * 1000)}"
        writer = make_engine(file, "BEGIN IMMEDIATE", 1, (timeout, *PRAGMAS))
        readers = make_engine(file, "BEGIN", READERS, (timeout, *PRAGMAS, "query_only = ON"))
        super().__init__(Group(writer, str(file)), Lane(readers, READERS, str(file)))

    @classmethod
    async def open(cls, file: Path, busy: float = BUSY_SECONDS) -> Self:
        """StoreError: the file cannot be used; a damaged one was set aside."""
        await asyncio.to_thread(prepare, file)
        database = cls(file, busy)
        try:
            if not await database.read(migrate.is_current):
                await database.write(migrate.upgrade)
        except BaseException:
            await database.close()
            raise
        return database


def make_engine(file: Path, begin: str, connections: int, pragmas: tuple[str, ...]) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # they are what users wrote
    )

    @sa.event.listens_for(engine, "connect")
    def prepare_connection(conn: Any, _: object) -> None:
        conn.isolation_level = None  # or the driver begins by itself, and deferred
        for pragma in pragmas:
            conn.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def begin_transaction(conn: sa.Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine
