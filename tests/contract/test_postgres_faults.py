"""PostgreSQL: connections that break at the worst moment, and what is said about every fault."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.db import Database, open_database
from tests.contract.rows import opened, put, rows, run
from tests.postgres import Cluster

END_ME = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as database:
        yield database


async def test_what_failed_and_was_not_told_is_not_reported_as_stored(db: Database) -> None:
    """PostgreSQL stores nothing of it; that a function did not mind must not hide this."""

    def careless(conn: sa.Connection) -> str:
        put(conn, 1)
        try:
            conn.exec_driver_sql("SELECT 1 / 0")
        except sa.exc.DataError:
            return "done"
        return "strange"

    with pytest.raises(StoreError, match="did not do what was asked"):
        await db.write(careless)
    assert await db.read(rows) == []


async def test_a_server_that_restarts_while_nobody_asks_is_not_noticed(
    db: Database, postgres: Cluster
) -> None:
    await db.write(put, 1)
    postgres.stop()
    postgres.start()
    assert await db.read(rows) == [1]
    assert await db.write(put, 2)


async def test_while_the_server_is_down_nothing_works_and_then_all_does(
    db: Database, postgres: Cluster
) -> None:
    await db.write(put, 1)
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match="PostgreSQL cannot be reached"):
                await db.write(put, 2)
            with pytest.raises(StoreError, match="PostgreSQL cannot be reached"):
                await db.read(rows)
    finally:
        postgres.start()
    assert await db.read(rows) == [1]
    assert await db.write(put, 2)


async def test_a_write_whose_connection_breaks_is_not_stored(db: Database) -> None:
    def broken(conn: sa.Connection) -> None:
        put(conn, 1)
        conn.exec_driver_sql(END_ME)

    with pytest.raises(StoreError, match="may not be stored"):
        await db.write(broken)
    assert await db.read(rows) == []
    assert await db.write(put, 1)


async def test_a_read_whose_connection_breaks_leaves_the_others_alone(db: Database) -> None:
    with pytest.raises(StoreError, match="connection to PostgreSQL was lost"):
        await db.read(run, END_ME)
    assert await asyncio.gather(*(db.read(rows) for _ in range(8))) == [[]] * 8


async def test_a_commit_without_an_answer_is_not_reported_as_done(
    url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It was stored, but nobody could know: whoever asked asks again, and finds it there."""
    folder = tmp_path_factory.mktemp("cut")
    async with cut_after_commit(url, folder), open_database(url_through(url, folder)) as db:
        with pytest.raises(StoreError, match="may not be stored"):
            await db.write(put, 1)
    async with open_database(url) as db:
        assert not await db.write(put, 1)


def url_through(url: str, folder: Path) -> str:
    return url.partition("?")[0] + f"?host={folder}"


@asynccontextmanager
async def cut_after_commit(url: str, folder: Path) -> AsyncIterator[None]:
    """Passes on what a client and the server say, until the server answers a write's COMMIT."""
    (behind,) = Path(url.partition("host=")[2]).glob(".s.PGSQL.*[0-9]")

    async def serve(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        server, forth = await asyncio.open_unix_connection(behind)
        asked = bytearray()

        async def requests() -> None:
            while data := await client.read(65536):
                asked.extend(data)
                forth.write(data)
            forth.close()

        async def answers() -> None:
            while data := await server.read(65536):
                if b"INSERT INTO chats" in asked and b"COMMIT" in data:
                    break
                back.write(data)
            back.close()

        await asyncio.gather(requests(), answers())

    async with await asyncio.start_unix_server(serve, folder / behind.name):
        yield


# Sentences.


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("53100", "disk of PostgreSQL is full"),
        ("57014", "took too long"),
        ("25006", "cannot be written"),
        ("54000", "too big"),
        ("XX001", "is damaged"),
        ("40001", "did not do what was asked"),
    ],
)
async def test_what_the_server_says_is_a_sentence(db: Database, state: str, told: str) -> None:
    sql = f"DO $$ BEGIN RAISE SQLSTATE '{state}' USING MESSAGE = 'private'; END $$"
    with pytest.raises(StoreError, match=told) as error:
        await db.write(lambda conn: conn.exec_driver_sql(sql).rowcount)
    assert "private" not in f"{error.value}"
    assert "'private'" in f"{error.value.__cause__}", "our own SQL is told, as it was written"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:secret@127.0.0.1:1/toll",
        "postgresql://ada:sec/ret@127.0.0.1:1/toll",
        "postgresql://ada:se@cret@127.0.0.1:1/toll",
        "postgresql://ada:secret%zz@127.0.0.1:1/toll",
        "postgresql://ada:se?cret@127.0.0.1:1/toll",
        "postgresql://ada:secret@127.0.0.1:1/toll?nonsense=1",
        "postgresql://ada@127.0.0.1:1/toll?password=secret",
        "postgresql://ada:secret@[::1/toll",
        "postgresql://ada:secret@127.0.0.1:port/toll",
    ],
)
async def test_a_password_is_never_repeated(address: str) -> None:
    with pytest.raises(StoreError, match=r"cannot be (read|reached)") as told:
        await opened(address)
    for part in ("secret", "cret", "ret@", "se?"):
        assert part not in f"{told.value} {told.value.__cause__}"
