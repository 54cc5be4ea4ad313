"""The database as the rest of the store sees it: functions of a connection, run as transactions.

`fn(conn, ...)` is plain and synchronous, so the same function serves SQLite and PostgreSQL: it runs
in a thread, and nobody else writes meanwhile.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.lock import locked
from bridge.store.sqlite import BUSY_SECONDS, Sqlite

USE = "Use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."

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
    opened = postgres if backend(url) == "postgresql" else sqlite
    async with opened(url, busy, exclusive=exclusive) as database:
        yield database


@asynccontextmanager
async def sqlite(url: str, busy: float, *, exclusive: bool) -> AsyncIterator[Database]:
    file = file_of(url)
    with locked(file) if exclusive else nullcontext():
        database = await Sqlite.open(file, busy)
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def postgres(url: str, busy: float, *, exclusive: bool) -> AsyncIterator[Database]:
    try:
        from bridge.store.postgres import opened  # noqa: PLC0415 (its driver is an extra)
    except ImportError as error:
        raise StoreError(
            "PostgreSQL needs its driver. Install it: pip install 'tollbridge[postgres]'."
        ) from error
    database = await opened(url, busy, exclusive=exclusive)
    try:
        yield database
    finally:
        await database.close()


def backend(url: str) -> str:
    """`sqlite` or `postgresql`; only their own doors know the rest of an address."""
    scheme = re.match(r"([a-z0-9]+)(\+[a-z0-9]+)?://", url)
    if scheme is None:
        raise StoreError(f"store.url cannot be read. {USE}")
    if scheme[1] not in {"sqlite", "postgresql"}:
        raise StoreError(f"store.url names {scheme[1]}, which is not supported. {USE}")
    return scheme[1]


def file_of(url: str) -> Path:
    """The file that a `sqlite:///` address names, `~` expanded."""
    if backend(url) != "sqlite":
        raise StoreError("This works on SQLite only; store.url names PostgreSQL.")
    path = url.partition(":///")[2].partition("?")[0]
    if path in {"", ":memory:"}:
        raise StoreError("store.url names no file. Use sqlite:///PATH.")
    return Path(path).expanduser().absolute()
