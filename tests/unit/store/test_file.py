"""The file of the store: private, and never overwritten when it is damaged."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import StoreError
from bridge.store.db import Database, open_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "store" / "tollbridge.db"


def opened(file: Path, look: Callable[[Database], Awaitable[Any]] | None = None) -> Any:
    """What `look` says of it, in an event loop of its own."""

    async def main() -> Any:
        async with open_database(f"sqlite:///{file}") as db:
            return await look(db) if look else None

    return asyncio.run(main())


async def fill(db: Database) -> None:
    await db.write(lambda conn: conn.exec_driver_sql("CREATE TABLE t (x TEXT)").rowcount)
    rows = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
        "INSERT INTO t SELECT hex(randomblob(1000)) FROM n"
    )
    await db.write(lambda conn: conn.exec_driver_sql(rows).rowcount)


async def count(db: Database) -> Any:
    return await db.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM t").scalar())


def full_of_rows(file: Path) -> bytes:
    opened(file, fill)
    return file.read_bytes()


def test_only_the_owner_can_look_inside(file: Path) -> None:
    async def modes(_: Database) -> dict[str, int]:
        return {path.name: mode(path) for path in [*file.parent.iterdir(), file.parent]}

    umask = os.umask(0)
    try:
        seen = opened(file, modes)
    finally:
        os.umask(umask)
    assert seen.pop("store") == mode(file.parent.parent) == 0o700
    assert set(seen.values()) == {0o600}
    assert {"tollbridge.db", "tollbridge.db-wal"} <= set(seen)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_nothing_but_the_file_is_left_when_it_is_closed(file: Path) -> None:
    opened(file)
    assert list(file.parent.iterdir()) == [file]


def no_database(content: bytes) -> bytes:
    return b"this is no database, whatever its name says" * 200 + content[:10]


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def overwritten_inside(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + os.urandom(20_000) + content[middle + 20_000 :]


@pytest.mark.parametrize("damage", [no_database, cut_off, overwritten_inside])
def test_a_damaged_file_is_set_aside_whole_and_named(
    file: Path, damage: Callable[[bytes], bytes]
) -> None:
    damaged = damage(full_of_rows(file))
    file.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"tollbridge\.db is damaged") as told:
        opened(file)
    (aside,) = file.parent.glob("*.damaged-*[0-9]")
    assert aside.name in str(told.value)
    assert aside.read_bytes() == damaged
    assert not file.exists()


def test_the_wal_goes_with_the_damaged_file(file: Path) -> None:
    """It holds the newest commits, and SQLite finds it by its name."""
    file.parent.mkdir(parents=True)
    file.write_bytes(no_database(b""))
    wal = file.with_name("tollbridge.db-wal")
    wal.write_bytes(b"the newest commits")
    with pytest.raises(StoreError):
        opened(file)
    (kept,) = file.parent.glob("*.damaged-*-wal")
    assert kept.read_bytes() == b"the newest commits"
    assert not wal.exists()


def test_nothing_new_is_begun_until_the_damaged_file_is_moved_away(file: Path) -> None:
    """A supervisor starts us again at once; an empty ledger would forget what was spent."""
    file.parent.mkdir(parents=True)
    file.write_bytes(no_database(b""))
    for _ in range(3):
        with pytest.raises(StoreError, match="Put a backup in its place"):
            opened(file)
    (aside,) = file.parent.glob("*.damaged-*")
    aside.rename(file.parent.parent / "looked-at.db")
    opened(file)


def test_a_backup_in_its_place_is_used(file: Path) -> None:
    backup = full_of_rows(file)
    file.write_bytes(no_database(b""))
    with pytest.raises(StoreError):
        opened(file)
    file.write_bytes(backup)
    assert opened(file, count) == 300


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        opened(tmp_path / "file" / "tollbridge.db")


OPEN = """
import asyncio, sys
from bridge.errors import StoreError
from bridge.store.db import open_database

async def main():
    try:
        async with open_database(sys.argv[1]):
            print("opened")
    except StoreError as error:
        print(error)

asyncio.run(main())
"""


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_that_may_not_be_written_gets_a_sentence(file: Path, *, existing: bool) -> None:
    if existing:
        opened(file)
    else:
        file.parent.mkdir(parents=True)
    file.parent.chmod(0o500)
    try:
        told = as_nobody_special(OPEN, f"sqlite:///{file}")
    finally:
        file.parent.chmod(0o700)
    assert str(file) in told
    assert "Check who owns" in told


def as_nobody_special(program: str, *arguments: str) -> str:
    """What a Python program prints that may not write where the mode forbids it."""
    root = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    command = [*(root if os.geteuid() == 0 else []), sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout
