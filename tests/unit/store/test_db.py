"""Which addresses of a store can be used, and what is said about the others."""

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
        ("postgresql://ada:secret@db/toll", "PostgreSQL is not supported yet"),
        ("postgresql+psycopg://ada:secret@db/toll", "PostgreSQL is not supported yet"),
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
