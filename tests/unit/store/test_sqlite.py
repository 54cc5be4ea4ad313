"""Transactions on SQLite: whole or not at all, in order, and durable."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.db import Database, open_database
from bridge.store.tables import chats


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite:///{tmp_path}/tollbridge.db") as database:
        yield database


def put(conn: sa.Connection, chat: int) -> None:
    conn.execute(sa.insert(chats).values(chat=chat, thread=0, session="main"))


def rows(conn: sa.Connection) -> list[int]:
    return list(conn.scalars(sa.select(chats.c.chat).order_by(sa.literal_column("rowid"))))


def put_and_fail(conn: sa.Connection, chat: int) -> None:
    put(conn, chat)
    raise LookupError


def pragmas(conn: sa.Connection) -> tuple[object, ...]:
    names = ("journal_mode", "synchronous", "foreign_keys")
    return tuple(conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names)


async def test_a_function_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(LookupError):
        await db.write(put_and_fail, 1)
    assert await db.read(rows) == []


async def test_commits_reach_the_disk_and_readers_do_not_wait(db: Database) -> None:
    assert await db.write(pragmas) == ("wal", 2, 1)
    assert await db.read(pragmas) == ("wal", 2, 1)


async def test_writes_happen_in_the_order_they_were_asked_for(db: Database) -> None:
    await asyncio.gather(*(db.write(put, chat) for chat in (5, 3, 8, 1, 9)))
    assert await db.read(rows) == [5, 3, 8, 1, 9]


async def test_a_write_happens_although_its_caller_was_cancelled(db: Database) -> None:
    caller = asyncio.ensure_future(db.write(put, 1))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await db.write(put, 2)
    assert await db.read(rows) == [1, 2]


async def test_the_event_loop_goes_on_while_a_write_takes_its_time(db: Database) -> None:
    free = threading.Event()
    slow = asyncio.ensure_future(db.write(lambda _: free.wait(60)))
    assert await db.read(rows) == []
    assert not slow.done()
    free.set()
    assert await slow


async def test_a_read_sees_one_moment(db: Database) -> None:
    looked, wrote = threading.Event(), threading.Event()

    def twice(conn: sa.Connection) -> tuple[list[int], list[int]]:
        first = rows(conn)
        looked.set()
        wrote.wait(60)
        return first, rows(conn)

    reading = asyncio.ensure_future(db.read(twice))
    await asyncio.to_thread(looked.wait, 60)
    await db.write(put, 1)
    wrote.set()
    assert await reading == ([], [])
    assert await db.read(rows) == [1]


async def test_closing_waits_for_what_was_begun_and_takes_no_more(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    async with open_database(url) as db:
        late = asyncio.ensure_future(db.write(put, 1))
        await asyncio.sleep(0)
    await late
    with pytest.raises(StoreError, match="is closed"):
        await db.write(put, 2)
    async with open_database(url) as db:
        assert await db.read(rows) == [1]
