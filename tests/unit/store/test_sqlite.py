"""What is SQLite's own; what holds for every database is in tests/contract/test_database.py."""

from pathlib import Path

import sqlalchemy as sa

from bridge.store.db import open_database


def pragmas(conn: sa.Connection) -> tuple[object, ...]:
    names = ("journal_mode", "synchronous", "foreign_keys")
    return tuple(conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names)


async def test_commits_reach_the_disk_and_readers_do_not_wait(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/tollbridge.db") as db:
        assert await db.write(pragmas) == ("wal", 2, 1)
        assert await db.read(pragmas) == ("wal", 2, 1)
