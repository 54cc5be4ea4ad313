"""Secrets in files: read when they are their owner's alone, refused with the remedy otherwise."""

from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.settings import read


def write(path: Path, text: str, mode: int) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_token_file_gives_the_token(tmp_path: Path) -> None:
    write(tmp_path / "token", "1:abc\n", 0o600)
    write(tmp_path / "settings.toml", '[telegram]\ntoken_file = "token"\n', 0o644)
    assert read({}, tmp_path).telegram.token.get_secret_value() == "1:abc"


def test_a_token_that_is_set_wins_over_its_file(tmp_path: Path) -> None:
    write(tmp_path / "settings.toml", '[telegram]\ntoken_file = "gone"\n', 0o644)
    settings = read({"TOLLBRIDGE_TELEGRAM__TOKEN": "2:x"}, tmp_path)
    assert settings.telegram.token.get_secret_value() == "2:x"


def test_a_key_file_wins_over_the_variable_of_the_machine(tmp_path: Path) -> None:
    write(tmp_path / "key", "sk-file", 0o400)
    write(tmp_path / "settings.toml", '[anthropic]\napi_key_file = "key"\n', 0o644)
    settings = read({"ANTHROPIC_API_KEY": "sk-env"}, tmp_path, token_needed=False)
    assert settings.anthropic.api_key.get_secret_value() == "sk-file"


@pytest.mark.parametrize(
    ("mode", "text", "reason"),
    [
        (0o640, "1:abc", "other users can read this file; run: chmod 600 '{}'"),
        (0o600, "\n", "the file is empty"),
        (None, "", "cannot be read: No such file or directory"),
    ],
)
def test_a_token_file_that_cannot_be_used(
    tmp_path: Path, mode: int | None, text: str, reason: str
) -> None:
    """One problem, at the key that names the file; the token is not called missing as well."""
    file = tmp_path / "the token"
    if mode:
        write(file, text, mode)
    write(tmp_path / "settings.toml", '[telegram]\ntoken_file = "the token"\n', 0o644)
    with pytest.raises(SettingsError) as caught:
        read({}, tmp_path)
    line = f"settings.toml:2: telegram.token_file: {reason.format(file)}"
    assert caught.value.problems == (line,)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640, 0o660])
def test_a_secrets_file_that_others_can_read(tmp_path: Path, mode: int) -> None:
    file = write(tmp_path / ".secrets.toml", '[telegram]\ntoken = "1:x"\n', mode)
    with pytest.raises(SettingsError) as caught:
        read({}, tmp_path)
    assert caught.value.problems == (
        f".secrets.toml:1: permissions: other users can read this file; run: chmod 600 {file}",
    )
