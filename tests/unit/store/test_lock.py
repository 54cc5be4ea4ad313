"""One bridge for each store: a second one is told so, and a dead one is no hindrance."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import StoreError
from bridge.store import migrate, tables
from bridge.store.db import open_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "tollbridge.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


BRIDGE = """
import asyncio, subprocess, sys
from bridge.store.db import open_database

async def main():
    async with open_database(sys.argv[1], exclusive=True):
        child = subprocess.Popen(["cat"], stdin=0, stdout=subprocess.DEVNULL, close_fds=False)
        print(child.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_second_bridge_is_told_of_the_first(url: str) -> None:
    async with open_database(url, exclusive=True):
        with pytest.raises(StoreError) as told:
            async with open_database(url, exclusive=True):
                pass
    assert str(told.value) == f"Another tollbridge runs on this store (process {os.getpid()})."


async def test_the_number_of_an_earlier_bridge_is_forgotten(url: str, file: Path) -> None:
    file.parent.mkdir()
    file.with_name("tollbridge.db.lock").write_text("12345678901234567890")
    async with open_database(url, exclusive=True):
        with pytest.raises(StoreError, match=rf"\(process {os.getpid()}\)"):
            await opened(url)


async def test_others_may_still_look(url: str) -> None:
    async with open_database(url, exclusive=True), open_database(url) as db:
        assert await db.read(migrate.version) == tables.VERSION


async def test_whoever_only_looks_keeps_no_bridge_away(url: str) -> None:
    async with open_database(url), open_database(url, exclusive=True) as db:
        assert await db.read(migrate.version) == tables.VERSION


async def test_the_next_one_starts_when_the_first_has_ended(url: str) -> None:
    for _ in range(2):
        async with open_database(url, exclusive=True) as db:
            assert await db.read(migrate.version) == tables.VERSION


async def test_a_bridge_that_could_not_start_keeps_no_other_away(url: str, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is no database, whatever its name says" * 200)
    with pytest.raises(StoreError, match="is damaged"):
        async with open_database(url, exclusive=True):
            pass
    for aside in file.parent.glob("*.damaged-*"):
        aside.unlink()
    async with open_database(url, exclusive=True) as db:
        assert await db.read(migrate.version) == tables.VERSION


def test_a_killed_bridge_keeps_no_other_away_though_its_child_lives(url: str) -> None:
    command = [sys.executable, "-c", BRIDGE, url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        child = int(first.stdout.readline())
        with pytest.raises(StoreError, match=rf"\(process {first.pid}\)"):
            asyncio.run(opened(url))
        first.kill()
        first.wait()
        os.kill(child, 0)  # it lives until our end of its stdin is closed
        asyncio.run(opened(url))


async def opened(url: str) -> None:
    async with open_database(url, exclusive=True):
        pass


async def test_only_the_owner_can_look_at_the_lock(url: str, file: Path) -> None:
    async with open_database(url, exclusive=True):
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "tollbridge.db.lock" in modes
    assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"t\.db\.lock cannot be made .* Check who owns"):
        async with open_database(f"sqlite:///{tmp_path}/file/t.db", exclusive=True):
            pass
