"""A database, whichever it is: whole transactions, in order, and values as they were."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bridge.errors import StoreError
from bridge.store import migrate, tables
from bridge.store.columns import Json, Time, Words
from bridge.store.db import Database, open_database
from bridge.store.tables import chats, counters
from tests.contract.rows import put, rows
from tests.contract.samples import UGLY

FAR = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)


def put_and_fail(conn: sa.Connection, chat: int) -> None:
    put(conn, chat)
    raise LookupError


def append(conn: sa.Connection, value: int) -> None:
    """Each one is ten times the ones before, so that the order is seen in the sum."""
    ten_times = sa.update(counters).values(value=counters.c.value * 10 + value)
    if conn.execute(ten_times).rowcount == 0:
        conn.execute(sa.insert(counters).values(name="order", value=value))


def order(conn: sa.Connection) -> int:
    value: int = conn.scalars(sa.select(counters.c.value)).one()
    return value


async def test_a_function_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(LookupError):
        await db.write(put_and_fail, 1)
    assert await db.read(rows) == []


async def test_writes_happen_in_the_order_they_were_asked_for(db: Database) -> None:
    await asyncio.gather(*(db.write(append, value) for value in (5, 3, 8, 1, 9)))
    assert await db.read(order) == 53819


async def test_a_write_happens_although_its_caller_was_cancelled(db: Database) -> None:
    caller = asyncio.ensure_future(db.write(put, 1))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await db.write(put, 2)
    assert await db.read(rows) == [1, 2]


async def test_readers_and_the_event_loop_go_on_during_a_write(db: Database) -> None:
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


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        await db.read(put, 1)
    assert await db.read(rows) == []


async def test_two_programs_write_one_after_the_other(store_url: str) -> None:
    """Each reads what it then writes over; none may miss the other's."""

    def raised(conn: sa.Connection) -> None:
        value = conn.scalars(sa.select(counters.c.value)).one()
        conn.execute(sa.update(counters).values(value=value + 1))

    async with open_database(store_url) as one, open_database(store_url) as other:
        await one.write(lambda conn: append(conn, 0))
        await asyncio.gather(*(db.write(raised) for _ in range(25) for db in (one, other)))
        assert await one.read(order) == 50


async def test_closing_waits_for_what_was_begun_and_takes_no_more(store_url: str) -> None:
    async with open_database(store_url) as db:
        late = asyncio.ensure_future(db.write(put, 1))
        await asyncio.sleep(0)
    await late
    with pytest.raises(StoreError, match="is closed"):
        await db.write(put, 2)
    async with open_database(store_url) as db:
        assert await db.read(rows) == [1]


async def test_no_fault_repeats_what_a_user_wrote(db: Database) -> None:
    def put_again(conn: sa.Connection) -> None:
        conn.execute(sa.insert(chats).values(chat=1, thread=0, session="my private words"))

    await db.write(put_again)
    with pytest.raises(StoreError, match=r"UniqueViolation|CONSTRAINT") as told:
        await db.write(put_again)
    assert told.value.__cause__ is not None
    assert "INSERT INTO chats" in str(told.value.__cause__)
    assert "private" not in f"{told.value} {told.value.__cause__}"


async def test_the_migrations_make_the_tables_that_the_code_expects(db: Database) -> None:
    def differences(conn: sa.Connection) -> Sequence[object]:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        return list(compare_metadata(context, tables.metadata))

    assert await db.read(differences) == []
    assert await db.read(migrate.version) == tables.VERSION


# What goes into a column comes out again.

LONG = "ü" * 1_000_000
NUMBERS = [0, 1, -1, 2**31, -(2**52), 2**63 - 1, -(2**63)]
TEXTS = ["", UGLY, "\x00", "\ud83d", "\U0001f600\U0010ffff", "%s %(x)s :x \\ '\"", LONG]
TIMES = [FAR, datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, 0, 1, UTC)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [(sa.BigInteger(), NUMBERS), (Words(), TEXTS), (Time(), TIMES), (Json(), [TEXTS, {"a": None}])],
    ids=["numbers", "texts", "times", "json"],
)
async def test_a_value_comes_back_as_it_was(
    db: Database, kind: sa.types.TypeEngine[Any], values: Sequence[Any]
) -> None:
    """A table that the transaction takes back with it."""
    table = sa.Table("kept", sa.MetaData(), sa.Column("number", sa.Integer), sa.Column("it", kind))

    def kept(conn: sa.Connection) -> list[Any]:
        table.create(conn)
        for number, value in enumerate([*values, None]):
            conn.execute(sa.insert(table).values(number=number, it=value))
        found = list(conn.scalars(sa.select(table.c.it).order_by(table.c.number)))
        conn.execute(sa.delete(table).where(table.c.it == sa.bindparam("it", values[1], kind)))
        left = conn.scalars(sa.select(sa.func.count()).select_from(table)).one()
        table.drop(conn)
        return [*found, left]

    assert await db.write(kept) == [*values, None, len(values)]


async def test_a_number_that_no_database_can_hold(db: Database) -> None:
    with pytest.raises(StoreError):
        await db.write(put, 2**63)
    assert await db.read(rows) == []
