"""Which addresses of a store can be used, and what is said about the others."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import StoreError
from bridge.store.db import file_of, open_database


def test_an_absolute_path_has_four_slashes() -> None:
    assert file_of("sqlite:////var/lib/tollbridge/t.db") == Path("/var/lib/tollbridge/t.db")


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert file_of("sqlite:///~/.local/t.db") == Path("/home/ada/.local/t.db")


def test_other_paths_are_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert file_of("sqlite:///t.db") == tmp_path / "t.db"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://ada:secret@db/toll", "cannot be read"),
        ("mysql://ada:secret@db/toll", "names mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("ada:secret", "cannot be read"),
        ("", "cannot be read"),
    ],
)
async def test_other_addresses_get_a_sentence_without_the_password(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as refused:
        async with open_database(url):
            pass
    assert "secret" not in str(refused.value)


def test_what_works_on_a_file_only_says_so() -> None:
    with pytest.raises(StoreError, match="on SQLite only"):
        file_of("postgresql://ada:secret@db/toll")


OPEN = """
import asyncio, sys
from bridge.errors import StoreError
from bridge.store.db import open_database

async def main():
    try:
        async with open_database(sys.argv[1]):
            print("with" if sys.modules.get("psycopg") else "without", "it")
    except StoreError as error:
        print(error)

if "without" in sys.argv:
    sys.modules["psycopg"] = None
asyncio.run(main())
"""


def told(*args: str) -> str:
    command = [sys.executable, "-c", OPEN, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_driver_of_postgresql_is_an_extra_that_sqlite_does_without(tmp_path: Path) -> None:
    assert told(f"sqlite:///{tmp_path}/t.db") == "without it"
    assert told(f"sqlite:///{tmp_path}/t.db", "without") == "without it"
    missing = told("postgresql://ada:secret@db/toll", "without")
    assert missing.endswith("Install it: pip install 'tollbridge[postgres]'.")
