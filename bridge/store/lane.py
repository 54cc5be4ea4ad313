"""A database that is used from threads: one that writes, a few that read.

One writer keeps the order of the writes, and leaves nobody waiting for long behind others.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.faults import translated

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """An engine and the threads that alone use it, one connection each."""

    def __init__(self, engine: sa.Engine, threads: int, name: str) -> None:
        """`name`: of the database, as its user knows it."""
        self.engine = engine
        self.threads = ThreadPoolExecutor(threads, "store")
        self.name = name

    def submit(self, fn: Callable[[sa.Connection], T]) -> asyncio.Future[T]:
        def work() -> T:
            with translated(self.name), self.engine.begin() as conn:
                return fn(conn)

        try:
            return asyncio.get_running_loop().run_in_executor(self.threads, work)
        except RuntimeError as error:
            raise StoreError(f"{self.name} is closed: Tollbridge is stopping.") from error

    def close(self) -> None:
        """Waits for what was submitted."""
        self.threads.shutdown()
        self.engine.dispose()


class Lanes:
    """`db.Database`."""

    def __init__(self, writer: Lane, readers: Lane) -> None:
        self._writer = writer
        self._readers = readers

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
        """The writer last: with SQLite, whoever closes last folds the WAL into the file."""
        await asyncio.to_thread(self._readers.close)
        await asyncio.to_thread(self._writer.close)
