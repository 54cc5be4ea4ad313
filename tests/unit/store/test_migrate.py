"""The tables in the file are those in the code, whichever program made the file."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bridge.errors import StoreError
from bridge.store import migrate, tables
from bridge.store.db import open_database


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tollbridge.db"


def differences(conn: sa.Connection) -> list[object]:
    context = MigrationContext.configure(conn, opts={"compare_type": True})
    return list(compare_metadata(context, tables.metadata))


def checks(inspected: sa.Connection | sa.Engine) -> dict[str, set[str | None]]:
    inspector = sa.inspect(inspected)
    found = {name: inspector.get_check_constraints(name) for name in tables.metadata.tables}
    return {name: {check["sqltext"] for check in of} for name, of in found.items()}


async def test_the_migrations_make_the_tables_that_the_code_expects(url: str) -> None:
    async with open_database(url) as db:
        assert await db.read(differences) == []
        migrated = await db.read(checks)
    memory = sa.create_engine("sqlite://")
    tables.metadata.create_all(memory)
    assert checks(memory) == migrated
    memory.dispose()


def test_the_version_is_that_of_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [tables.VERSION]


async def test_a_new_database_may_be_opened_several_times_at_once(url: str) -> None:
    async def opened() -> str | None:
        async with open_database(url) as db:
            return await db.read(migrate.version)

    assert await asyncio.gather(*(opened() for _ in range(4))) == [tables.VERSION] * 4


async def test_a_database_of_a_newer_program_is_left_alone(url: str) -> None:
    async with open_database(url) as db:
        await db.write(
            lambda conn: (
                conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'").rowcount
            )
        )
    for _ in range(2):
        with pytest.raises(StoreError, match="another version of Tollbridge"):
            async with open_database(url):
                pass


OPEN = """
import asyncio, sys
from bridge.store.db import open_database

async def main():
    async with open_database(sys.argv[1]):
        print("alembic" in sys.modules)

asyncio.run(main())
"""


def test_alembic_is_loaded_for_a_new_database_only(url: str) -> None:
    command = [sys.executable, "-c", OPEN, url]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stdout.strip() for run in runs] == ["True", "False"]
