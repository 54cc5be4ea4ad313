"""Writes that are committed together: each one whole or not at all, none answered too early."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.db import Database, open_database
from bridge.store.tables import chats


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tollbridge.db"


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as database:
        yield database


def put(conn: sa.Connection, chat: int) -> int:
    conn.execute(sa.insert(chats).values(chat=chat, thread=0, session="main"))
    return chat


def rows(conn: sa.Connection) -> list[int]:
    return list(conn.scalars(sa.select(chats.c.chat).order_by(sa.literal_column("rowid"))))


class Quit(BaseException):
    """As KeyboardInterrupt, which would end the test itself."""


def put_and_quit(conn: sa.Connection, chat: int) -> int:
    put(conn, chat)
    raise Quit


def put_and_find_no_more(conn: sa.Connection, chat: int) -> int:
    put(conn, chat)
    return next(iter([]))


def put_twice(conn: sa.Connection, chat: int) -> int:
    put(conn, chat)
    return put(conn, chat)


def orphan(conn: sa.Connection) -> None:
    """A row that only the COMMIT refuses."""
    conn.exec_driver_sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    conn.exec_driver_sql(
        "CREATE TABLE children (of REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
    )
    conn.exec_driver_sql("INSERT INTO children VALUES (1)")


@asynccontextmanager
async def held_up(db: Database) -> AsyncIterator[None]:
    """The writer is busy meanwhile, so that what is asked for waits together."""
    begun, free = threading.Event(), threading.Event()

    def work(_: sa.Connection) -> None:
        begun.set()
        free.wait(60)

    busy = asyncio.ensure_future(db.write(work))
    await asyncio.to_thread(begun.wait, 60)
    try:
        yield
        await asyncio.sleep(0)  # all have asked
    finally:
        free.set()
        await busy


async def test_one_that_raises_takes_back_only_what_it_did(db: Database) -> None:
    async with held_up(db):
        waiting = asyncio.gather(
            db.write(put, 1),
            db.write(put_and_quit, 2),
            db.write(put_twice, 3),
            db.write(put_and_find_no_more, 4),
            db.write(put, 5),
            return_exceptions=True,
        )
    first, quitted, twice, no_more, last = await waiting
    assert (first, last) == (1, 5)
    assert isinstance(quitted, Quit)
    assert isinstance(twice, StoreError)
    assert isinstance(no_more, RuntimeError)
    assert await db.read(rows) == [1, 5]


async def test_those_that_wait_share_one_commit(db: Database, url: str) -> None:
    """Another connection sees none of them before all of them."""
    seen: list[list[int]] = []

    def put_and_look(conn: sa.Connection, chat: int) -> None:
        put(conn, chat)
        engine = sa.create_engine(url)
        with engine.connect() as other:
            seen.append(rows(other))
        engine.dispose()

    async with held_up(db):
        waiting = asyncio.gather(*(db.write(put_and_look, chat) for chat in range(5)))
    await waiting
    assert seen == [[]] * 5
    assert await db.read(rows) == [0, 1, 2, 3, 4]


async def test_what_was_answered_is_committed(db: Database) -> None:
    async def put_and_look(chat: int) -> bool:
        await db.write(put, chat)
        return chat in await db.read(rows)

    assert all(await asyncio.gather(*(put_and_look(chat) for chat in range(200))))


async def test_when_the_commit_fails_nobody_is_told_that_it_worked(db: Database) -> None:
    async with held_up(db):
        waiting = asyncio.gather(
            db.write(put, 1), db.write(orphan), db.write(put, 2), return_exceptions=True
        )
    outcomes = await waiting
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert await db.read(rows) == []
    assert await db.write(put, 3) == 3
    assert await db.read(rows) == [3]


async def test_on_a_full_disk_exactly_what_was_answered_is_there(db: Database) -> None:
    """SQLite may take back the whole transaction by itself then."""

    def limit(conn: sa.Connection, pages: int) -> None:
        now = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {now + pages}")

    def put_much(conn: sa.Connection, chat: int) -> int:
        conn.execute(sa.insert(chats).values(chat=chat, thread=0, session="x" * 10_000))
        return chat

    await db.write(limit, 20)
    async with held_up(db):
        waiting = asyncio.gather(
            *(db.write(put_much, chat) for chat in range(30)), return_exceptions=True
        )
    outcomes = await waiting
    refused = [outcome for outcome in outcomes if isinstance(outcome, StoreError)]
    assert refused
    assert all("disk is full" in str(error) for error in refused)
    done = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(done) + len(refused) == 30
    assert await db.read(rows) == done


async def test_a_caller_who_left_keeps_nobody_from_an_answer(db: Database) -> None:
    async with held_up(db):
        first, second = (asyncio.ensure_future(db.write(put, chat)) for chat in (1, 2))
        await asyncio.sleep(0)
        first.cancel()
    assert await second == 2
    assert first.cancelled()
    assert await db.read(rows) == [1, 2], "it happened all the same"


async def test_more_than_one_transaction_holds_are_written_in_order(db: Database) -> None:
    async with held_up(db):
        waiting = asyncio.gather(*(db.write(put, chat) for chat in range(300)))
    assert await waiting == list(range(300))
    assert await db.read(rows) == list(range(300))


async def test_closing_answers_all_that_waited(url: str) -> None:
    async with open_database(url) as db:
        waiting = asyncio.gather(*(db.write(put, chat) for chat in range(100)))
        await asyncio.sleep(0)
    assert await waiting == list(range(100))
    async with open_database(url) as db:
        assert await db.read(rows) == list(range(100))


async def test_a_write_after_closing_gets_a_sentence_and_never_happens(url: str) -> None:
    async with open_database(url) as db:
        pass
    with pytest.raises(StoreError, match="is closed"):
        await db.write(put, 1)
    async with open_database(url) as db:
        assert await db.read(rows) == []
