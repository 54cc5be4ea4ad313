"""Every fault of the database is a sentence that names the file and never what users wrote."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.db import Database, open_database
from bridge.store.tables import chats

PRIVATE = "my private words"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tollbridge.db"


@pytest.fixture
async def db(file: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite:///{file}", busy=0.01) as database:
        yield database


def put(conn: sa.Connection, words: str = PRIVATE, chat: int = 1) -> None:
    conn.execute(sa.insert(chats).values(chat=chat, thread=0, session=words))


def rows(conn: sa.Connection) -> int:
    return conn.scalars(sa.select(sa.func.count()).select_from(chats)).one()


async def test_a_full_disk(db: Database, file: Path) -> None:
    """`max_page_count` makes SQLite meet the end of the disk where we like."""
    await db.write(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count = 1").scalar())
    with pytest.raises(StoreError, match="The disk is full") as told:
        await db.write(put, "x" * 1_000_000)
    assert str(file) in str(told.value)
    assert await db.read(rows) == 0
    await db.write(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count = 100000").scalar())
    await db.write(put, "x" * 1_000_000)
    assert await db.read(rows) == 1, "it goes on when there is room again"


async def test_a_lock_of_another_program(db: Database, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            await db.write(put)
        assert await db.read(rows) == 0, "reading goes on meanwhile"
        other.execute("ROLLBACK")
    await db.write(put)
    assert await db.read(rows) == 1


async def test_a_database_that_may_only_be_read(db: Database) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        await db.read(put)


async def test_damage_that_shows_while_it_runs(db: Database, file: Path) -> None:
    await db.write(put)
    spoil(file)
    with pytest.raises(StoreError, match="is damaged"):
        await db.read(lambda conn: conn.scalars(sa.select(chats.c.session)).all())


def spoil(file: Path) -> None:
    """All but the first page is lost, as on a failing disk."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with file.open("r+b") as disk:
        disk.seek(4096)
        disk.write(b"\xff" * (file.stat().st_size - 4096))


async def test_a_text_that_rotted_on_the_disk_is_not_repeated(db: Database) -> None:
    """The driver's own words quote what it cannot decode."""
    rotten = (PRIVATE.encode() + b"\xff",)
    sql = "INSERT INTO chats VALUES (1, 0, CAST(? AS TEXT))"
    await db.write(lambda conn: conn.exec_driver_sql(sql, rotten).rowcount)
    with pytest.raises(StoreError, match="OperationalError") as told:
        await db.read(lambda conn: conn.scalars(sa.select(chats.c.session)).all())
    assert PRIVATE not in str(told.value)


async def test_no_fault_repeats_what_a_user_wrote(db: Database) -> None:
    await db.write(put)
    with pytest.raises(StoreError) as told:
        await db.write(put)
    cause = told.value.__cause__
    assert cause is not None
    assert PRIVATE not in f"{told.value} {cause}"


async def test_a_number_that_no_database_can_hold(db: Database) -> None:
    with pytest.raises(StoreError):
        await db.write(put, "x", 2**63)
