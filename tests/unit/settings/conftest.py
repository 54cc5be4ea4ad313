"""A folder with settings in it, and nothing of the real environment."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.settings import Settings, read

TOKEN = {"TOLLBRIDGE_TELEGRAM__TOKEN": "1:abc"}

Read = Callable[..., Settings]
Problems = Callable[..., tuple[str, ...]]


@pytest.fixture
def read_text(tmp_path: Path) -> Read:
    """Read one file `a.toml` with this text, and these variables."""

    def read_it(text: str = "", environ: Mapping[str, str] = TOKEN) -> Settings:
        file = tmp_path / "a.toml"
        file.write_text(text, encoding="utf-8")
        return read(environ, tmp_path, [file])

    return read_it


@pytest.fixture
def problems(read_text: Read) -> Problems:
    """What is said of it; nothing, when it is good."""

    def problems_of(text: str = "", environ: Mapping[str, str] = TOKEN) -> tuple[str, ...]:
        try:
            read_text(text, environ)
        except SettingsError as error:
            return error.problems
        return ()

    return problems_of
