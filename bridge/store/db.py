"""The database as the rest of the store sees it: functions of a connection, run as transactions.

`fn(conn, ...)` is plain and synchronous, so the same function serves SQLite, where it runs in
a thread, and PostgreSQL, where SQLAlchemy's `run_sync` will run it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.lock import locked
from bridge.store.sqlite import BUSY_SECONDS, Sqlite

P = ParamSpec("P")
T = TypeVar("T")


class Database(Protocol):
    async def write(
        self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Durable when this returns; rolled back when `fn` raises. StoreError: it did not work.

        It runs to its end even when the caller is cancelled, and writes run in the order in
        which they were asked for.
        """
        ...

    async def read(
        self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`fn` sees one moment, with every write that has returned."""
        ...


@asynccontextmanager
async def open_database(
    url: str, busy: float = BUSY_SECONDS, *, exclusive: bool = False
) -> AsyncIterator[Database]:
    """The database of `store.url`, made or migrated at need.

    `busy`: seconds to wait for another program's lock. `exclusive`: as the bridge, of which
    there is one for each store; others may still look. StoreError: it cannot be used.
    """
    file = file_of(url)
    with locked(file) if exclusive else nullcontext():
        database = await Sqlite.open(file, busy)
        try:
            yield database
        finally:
            await database.close()


def file_of(url: str) -> Path:
    """The file that a `sqlite:///` address names, `~` expanded."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("store.url cannot be read. Use sqlite:///PATH.") from error
    scheme = parsed.get_backend_name()
    if scheme == "postgresql":
        raise StoreError("PostgreSQL is not supported yet. Set store.url to sqlite:///PATH.")
    if scheme != "sqlite":
        raise StoreError(f"store.url names {scheme}, which is not supported. Use sqlite:///PATH.")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError("store.url names no file. Use sqlite:///PATH.")
    return Path(parsed.database).expanduser().absolute()
