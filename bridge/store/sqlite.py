"""SQLite behind the `Database` port: a sync engine, one thread that writes, a few that read.

One writer is three times faster than async drivers and fair, and a writer that begins
IMMEDIATE never meets SQLITE_BUSY_SNAPSHOT, which no timeout covers. WAL lets readers go on
meanwhile; synchronous=FULL makes every commit reach the disk.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store import migrate
from bridge.store.faults import translated
from bridge.store.file import prepare

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS = 5.0
READERS = 4

PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


class Lane:
    """An engine and the threads that alone use it, one connection each."""

    def __init__(self, file: Path, busy: float, begin: str, threads: int, *pragmas: str) -> None:
        timeout = f"busy_timeout = {round(busy * 1000)}"
        self.file = file
        self.engine = make_engine(file, begin, threads, (timeout, *PRAGMAS, *pragmas))
        self.threads = ThreadPoolExecutor(threads, "store")

    def submit(self, fn: Callable[[sa.Connection], T]) -> asyncio.Future[T]:
        def work() -> T:
            with translated(self.file), self.engine.begin() as conn:
                return fn(conn)

        try:
            return asyncio.get_running_loop().run_in_executor(self.threads, work)
        except RuntimeError as error:
            raise StoreError(f"{self.file} is closed: Tollbridge is stopping.") from error

    def close(self) -> None:
        """Waits for what was submitted."""
        self.threads.shutdown()
        self.engine.dispose()


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


class Sqlite:
    def __init__(self, file: Path, busy: float) -> None:
        self._writer = Lane(file, busy, "BEGIN IMMEDIATE", 1)
        self._readers = Lane(file, busy, "BEGIN", READERS, "query_only = ON")

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

    async def write(
        self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A cancelled caller must not leave it open whether its write happened: it does."""
        return await asyncio.shield(self._writer.submit(lambda conn: fn(conn, *args, **kwargs)))

    async def read(
        self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._readers.submit(lambda conn: fn(conn, *args, **kwargs))

    async def close(self) -> None:
        """The writer last: whoever closes last folds the WAL into the file."""
        await asyncio.to_thread(self._readers.close)
        await asyncio.to_thread(self._writer.close)
