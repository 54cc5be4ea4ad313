"""PostgreSQL behind the `Database` port: one thread that writes and a few that read, as on SQLite.

Every write takes one lock of the whole database before it looks at anything. So there is one
writer at a time over all processes and machines, and a function may reason as it does on SQLite.
It is taken at READ COMMITTED: under a stricter level, waiting for it would already have fixed the
moment that the transaction sees. Reads take no lock; REPEATABLE READ shows them one moment.

The bridge of a store holds a second lock, on the very connection it writes with: one that lost its
connection writes nothing until it has the lock again, because another may have begun meanwhile.

A server ends a transaction whose program says nothing (it may be frozen, or its machine gone), and
both sides ask after a silent peer, so that no lock is kept for longer than a minute by the dead.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from bridge.errors import StoreError
from bridge.store import migrate
from bridge.store.group import Group
from bridge.store.lane import Lane, Lanes
from bridge.store.lock import taken

NAME = "PostgreSQL"
READERS = 4
OLDEST = 15
HANDOVER_MILLISECONDS = 1000
UNREADABLE = (
    "store.url cannot be read. Use postgresql://USER:PASSWORD@HOST/NAME; in the password, "
    "write @ as %40, / as %2F and % as %25."
)

# Advisory locks are named by two numbers; the first one is ours.
TOLL = int.from_bytes(b"toll")
WRITING, BRIDGE = 1, 2

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
LOCK = f"SELECT pg_advisory_xact_lock({TOLL}, {WRITING})"
WRITE = f"{BEGIN}; {LOCK}"
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
MIGRATE = f"{BEGIN}; SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = 0; {LOCK}"

# For libpq in seconds, the last one in milliseconds; the address may say otherwise.
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
SESSION = """
SET synchronous_commit = on;
SET statement_timeout = '60s';
SET idle_in_transaction_session_timeout = '10s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
"""
OWNER = """
SELECT split_part(application_name, ' ', 2) || ' on ' || split_part(application_name, ' ', 3)
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Dial:
    """Makes connections. `bridge`: such as the one bridge of a store writes with."""

    address: Mapping[str, Any] = field(repr=False)  # has the password
    busy: float
    bridge: bool = False

    def connect(self) -> Connection:
        conn = psycopg.connect(**self.address, autocommit=True)  # or the driver begins by itself
        try:
            refuse_unfit(conn)
            if self.bridge:
                become_bridge(conn)
            conn.execute(f"{SESSION} SET lock_timeout = {round(self.busy * 1000)}".encode())
        except BaseException:
            conn.close()
            raise
        return conn


async def opened(url: str, busy: float, *, exclusive: bool) -> Lanes:
    """`busy`: seconds to wait for another writer. StoreError: it cannot be used."""
    address = address_of(url)
    writer = engine(Dial(address, busy, exclusive), WRITE)
    readers = engine(Dial(address, busy), READ, READERS)
    database = Lanes(Group(writer, NAME), Lane(readers, READERS, NAME))
    try:
        if exclusive:
            await database.write(is_there)  # connects, and so takes the bridge's lock
        if not await database.read(migrate.is_current):
            await migrate_with(Dial(address, busy))
    except BaseException:
        await database.close()
        raise
    return database


def is_there(conn: sa.Connection) -> bool:
    return not conn.closed


async def migrate_with(dial: Dial) -> None:
    """Of two programs that start at the same moment one migrates, and the other waits."""
    patient = Lane(engine(dial, MIGRATE), 1, NAME)
    try:
        await patient.submit(migrate.upgrade)
    finally:
        await asyncio.to_thread(patient.close)


def address_of(url: str) -> Mapping[str, Any]:
    """As libpq reads it. Its complaints may quote a password, so they are not repeated."""
    try:
        address = conninfo_to_dict(url)
    except psycopg.Error:
        raise StoreError(UNREADABLE) from None
    if "@" in f"{address.get('host')}{address.get('dbname')}":
        raise StoreError(UNREADABLE)
    us = f"tollbridge {os.getpid()} {socket.gethostname()}"
    return PATIENCE | address | {"application_name": us, "client_encoding": "utf8"}


def refuse_unfit(conn: Connection) -> None:
    version = conn.info.server_version // 10_000
    if version < OLDEST:
        raise StoreError(f"PostgreSQL {version} is too old; use {OLDEST} or a newer one.")
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"The database in store.url cannot hold every text: its encoding is {encoding}. "
            "Make one with the encoding UTF8."
        )


def become_bridge(conn: Connection) -> None:
    """The server frees it with the connection, which it may notice a moment after a kill."""
    conn.execute(f"SET lock_timeout = {HANDOVER_MILLISECONDS}".encode())
    try:
        conn.execute(f"SELECT pg_advisory_lock({TOLL}, {BRIDGE})".encode())
    except psycopg.errors.LockNotAvailable as error:
        found = conn.execute(OWNER, (TOLL, BRIDGE)).fetchone()
        raise taken(found[0] if found else None) from error


def engine(dial: Dial, begin: str, connections: int = 1) -> sa.Engine:
    made = sa.create_engine(
        "postgresql+psycopg://",
        creator=dial.connect,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,  # a connection that broke while it lay idle is made anew
        use_native_hstore=False,  # to look for it takes longer than to connect
        hide_parameters=True,  # they are what users wrote
        execution_options={"preserve_rowcount": True},  # of an INSERT as well
    )

    @sa.event.listens_for(made, "begin")
    def begin_transaction(conn: sa.Connection) -> None:
        conn.exec_driver_sql(begin)

    return made
