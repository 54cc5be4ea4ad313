"""PostgreSQL: one writer over all programs and machines, and one bridge."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store import migrate, tables
from bridge.store.db import Database, open_database
from tests.contract.rows import opened, put, rows, run
from tests.postgres import Cluster


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    async with open_database(url, busy=0.05) as database:
        yield database


@pytest.fixture
def fresh(postgres: Cluster) -> str:
    """A database that nobody has used yet."""
    return postgres.url(postgres.add())


# One writer over all programs.

RAISE = """
import asyncio, sys
import sqlalchemy as sa
from bridge.store.db import open_database
from bridge.store.tables import counters

def read_and_write(conn):
    value = conn.scalars(sa.select(counters.c.value)).one()
    conn.execute(sa.update(counters).values(value=value + 1))

async def main():
    async with open_database(sys.argv[1], busy=60) as db:
        await asyncio.gather(*(db.write(read_and_write) for _ in range(50)))

asyncio.run(main())
"""


async def test_processes_write_one_after_the_other(db: Database, url: str) -> None:
    await db.write(run, "INSERT INTO counters (name, value) VALUES ('x', 0) RETURNING 1")
    command = [sys.executable, "-c", RAISE, url]
    writers = [await asyncio.create_subprocess_exec(*command) for _ in range(3)]
    assert [await writer.wait() for writer in writers] == [0, 0, 0]
    assert await db.read(run, "SELECT value FROM counters") == 150


async def test_another_writer_is_not_waited_for_without_end(db: Database, url: str) -> None:
    began, free = threading.Event(), threading.Event()

    def linger(_: sa.Connection) -> bool:
        began.set()
        return free.wait(60)

    async with open_database(url) as other:
        slow = asyncio.ensure_future(other.write(linger))
        await asyncio.to_thread(began.wait, 60)
        with pytest.raises(StoreError, match="keep PostgreSQL locked"):
            await db.write(put, 1)
        assert await db.read(rows) == [], "reading goes on meanwhile"
        free.set()
        assert await slow
    assert await db.write(put, 1)


async def test_a_program_that_freezes_in_a_write_does_not_stop_the_others(
    db: Database, url: str
) -> None:
    """Its server ends it, so what it does when it comes back is not stored."""
    froze, thaw = threading.Event(), threading.Event()

    def freeze(conn: sa.Connection) -> None:
        put(conn, 1)
        conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        froze.set()
        thaw.wait(60)

    async with open_database(url, busy=60) as other:
        frozen = asyncio.ensure_future(db.write(freeze))
        await asyncio.to_thread(froze.wait, 60)
        assert await other.write(put, 2)
        thaw.set()
        with pytest.raises(StoreError, match="connection to PostgreSQL was lost"):
            await frozen
    assert await db.read(rows) == [2]
    assert await db.write(put, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("idle_in_transaction_session_timeout", "10s"), ("statement_timeout", "1min")],
)
async def test_nothing_hangs_for_ever(db: Database, name: str, value: str) -> None:
    assert await db.write(run, f"SHOW {name}") == value
    assert await db.read(run, f"SHOW {name}") == value


async def test_commits_reach_the_disk_though_the_database_has_another_default(
    postgres: Cluster,
) -> None:
    name = postgres.add()
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    async with open_database(postgres.url(name)) as db:
        assert await db.write(run, "SHOW synchronous_commit") == "on"


# Starting.


async def test_several_programs_may_open_a_new_database_at_once(fresh: str) -> None:
    async def opened() -> str | None:
        async with open_database(fresh) as db:
            return await db.read(migrate.version)

    assert await asyncio.gather(*(opened() for _ in range(4))) == [tables.VERSION] * 4


async def test_a_database_of_a_newer_program_is_left_alone(fresh: str) -> None:
    async with open_database(fresh) as db:
        await db.write(run, "UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    for _ in range(2):
        with pytest.raises(StoreError, match="another version of Tollbridge"):
            await opened(fresh)


async def test_a_database_that_cannot_hold_every_text_is_refused(postgres: Cluster) -> None:
    name = postgres.add("TEMPLATE template0 ENCODING 'SQL_ASCII'")
    with pytest.raises(StoreError, match="its encoding is SQL_ASCII"):
        await opened(postgres.url(name))


async def test_a_user_who_may_not_make_tables(postgres: Cluster) -> None:
    name = postgres.add()
    postgres.run(f"CREATE USER guest_{name}")
    with pytest.raises(StoreError, match="own the database"):
        await opened(postgres.url(name).replace("postgres@", f"guest_{name}@"))


async def test_a_database_that_is_not_there(postgres: Cluster) -> None:
    with pytest.raises(StoreError, match=r'reached: .* "nobodys" does not exist\. Check'):
        await opened(postgres.url("nobodys"))


# One bridge.

BRIDGE = """
import asyncio, subprocess, sys
from bridge.store.db import open_database

async def main():
    async with open_database(sys.argv[1], exclusive=True):
        child = subprocess.Popen(["cat"], stdin=0, stdout=subprocess.DEVNULL)
        print(child.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_second_bridge_is_told_of_the_first_until_that_is_killed(url: str) -> None:
    command = [sys.executable, "-c", BRIDGE, url]
    pipe = asyncio.subprocess.PIPE
    first = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert first.stdin is not None
    assert first.stdout is not None
    child = int(await first.stdout.readline())
    sentence = rf"^Another tollbridge runs on this store \(process {first.pid} on \S+\)\.$"
    with pytest.raises(StoreError, match=sentence):
        await opened(url, exclusive=True)
    await opened(url)
    first.kill()
    assert await first.wait() == -signal.SIGKILL
    os.kill(child, 0)  # it lives until our end of its stdin is closed
    await opened(url, exclusive=True)
    first.stdin.close()


async def test_the_next_bridge_starts_when_the_first_has_ended(url: str) -> None:
    for _ in range(2):
        await opened(url, exclusive=True)


async def test_a_bridge_that_lost_its_connection_goes_on(url: str, postgres: Cluster) -> None:
    async with open_database(url, exclusive=True) as db:
        throw_out(postgres, url)
        assert await db.write(put, 1)
        with pytest.raises(StoreError, match="Another tollbridge runs"):
            await opened(url, exclusive=True)


async def test_a_bridge_writes_nothing_after_another_has_taken_its_place(
    url: str, postgres: Cluster
) -> None:
    async with open_database(url, exclusive=True) as first:
        throw_out(postgres, url)
        async with open_database(url, exclusive=True) as second:
            with pytest.raises(StoreError, match="Another tollbridge runs"):
                await first.write(put, 1)
            assert await second.read(rows) == []
        assert await first.write(put, 2), "that one has ended"


def throw_out(postgres: Cluster, url: str) -> None:
    """Everybody, as a restart of the server would."""
    postgres.clear(url.partition("@/")[2].partition("?")[0], ())
