"""Edits while the bot runs: what counts, what is told, what is noticed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.errors import ChatError, SettingsError
from bridge.settings import Settings
from bridge.settings.keeper import GOOD, SHOWN, Keeper, refused
from bridge.settings.load import Source
from tests.unit.settings.conftest import TOKEN
from tests.unit.settings.seen import Seen

LIMIT = "[limits]\nqueue_per_user = {}\n"


async def at_once(_seconds: float) -> None:
    """A pause that takes no time."""


def kept(folder: Path, text: str = LIMIT.format(1)) -> Keeper:
    (folder / "settings.toml").write_text(text)
    return Keeper(Source(TOKEN, folder), at_once)


def allows(keeper: Keeper, number: int) -> bool:
    return limit(keeper) == number


def limit(keeper: Keeper) -> int:
    return keeper.current().limits.queue_per_user


async def test_a_good_edit_is_in_force_without_a_word(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    before = keeper.current()
    assert before.hash
    (tmp_path / "settings.toml").write_text(LIMIT.format(2))
    with capture_logs() as logged:
        assert await keeper.look() == ""
    assert (limit(keeper), before.limits.queue_per_user) == (2, 1)
    (line,) = logged
    assert line["event"] == "settings.changed"
    assert line["keys"] == ["limits.queue_per_user"]
    assert line["settings"] == keeper.current().hash


async def test_a_broken_edit_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    before = keeper.current()
    (tmp_path / "settings.toml").write_text("[limits]\nqueue_per_user = 0\nqueue = 1\n")
    with capture_logs() as logged:
        told = await keeper.look()
        assert await keeper.look() == ""
    assert keeper.current() is before
    assert "The settings have 2 problems, so the old ones stay in force:" in told
    assert "\nsettings.toml:2: limits.queue_per_user: must be more than 0, not 0\n" in told
    assert "\nsettings.toml:3: limits.queue: unknown key" in told
    assert [line["event"] for line in logged] == ["settings.broken"]


async def test_another_fault_is_told_again_and_the_end_of_it_too(tmp_path: Path) -> None:
    keeper, file = kept(tmp_path), tmp_path / "settings.toml"
    file.write_text("[limits\n")
    assert "settings.toml:1: no valid TOML" in await keeper.look()
    file.write_text(LIMIT.format("'x'"))
    assert "settings.toml:2: limits.queue_per_user" in await keeper.look()
    file.write_text(LIMIT.format(3))
    assert await keeper.look() == GOOD
    assert limit(keeper) == 3


@pytest.mark.parametrize(
    "text", ["# a word\n[limits]\n\nqueue_per_user=1", "limits = {queue_per_user = 1}"]
)
async def test_an_edit_that_means_the_same_is_no_news(tmp_path: Path, text: str) -> None:
    keeper = kept(tmp_path)
    (tmp_path / "settings.toml").write_text(text)
    with capture_logs() as logged:
        assert await keeper.look() == ""
    assert logged == []


async def test_what_waits_for_the_next_start_is_told_and_the_rest_counts(tmp_path: Path) -> None:
    keeper, file = kept(tmp_path), tmp_path / "settings.toml"
    later = LIMIT.format(2) + "[store]\nurl = 'sqlite:////other.db'\n[sessions]\nmax_live = 2\n"
    file.write_text(later)
    assert await keeper.look() == (
        "`sessions.max_live` counts from the next start.\n`store.url` counts from the next start."
    )
    assert limit(keeper) == 2
    file.write_text(later + "idle_minutes = 3\n")
    assert await keeper.look() == ""
    file.write_text(LIMIT.format(2))
    assert await keeper.look() == "", "as it was at the start: nothing waits any more"


async def test_a_new_token_is_told_though_it_is_no_part_of_the_hash(tmp_path: Path) -> None:
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text("1:old")
    (tmp_path / "settings.toml").write_text("[telegram]\ntoken_file = 'token'\n")
    keeper = Keeper(Source({}, tmp_path), at_once)
    (tmp_path / "token").write_text("2:new")
    with capture_logs() as logged:
        assert await keeper.look() == "`telegram.token` counts from the next start."
    assert "new" not in str(logged)


async def test_a_file_that_appears_later_counts(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    (tmp_path / "settings.local.toml").write_text(LIMIT.format(4))
    assert await keeper.look() == ""
    assert limit(keeper) == 4


async def test_a_secret_file_counts_that_a_broken_edit_has_named(tmp_path: Path) -> None:
    keeper, key = kept(tmp_path), tmp_path / "key"
    (tmp_path / "settings.toml").write_text("[anthropic]\napi_key_file = 'key'\n")
    assert "anthropic.api_key_file: cannot be read" in await keeper.look()
    key.write_text("sk-1")
    key.chmod(0o644)
    assert "other users can read this file" in await keeper.look()
    key.chmod(0o600)
    assert await keeper.look() == f"{GOOD}\n`anthropic.api_key` counts from the next start."


async def test_a_file_that_an_editor_leaves_empty_for_a_moment_is_not_believed(
    tmp_path: Path,
) -> None:
    (tmp_path / "settings.toml").write_text(LIMIT.format(1))
    file = tmp_path / "settings.toml"

    async def meanwhile(_seconds: float) -> None:
        file.write_text(LIMIT.format(5))

    keeper = Keeper(Source(TOKEN, tmp_path), meanwhile)
    file.write_text("")
    with capture_logs() as logged:
        assert await keeper.look() == ""
    assert limit(keeper) == 5
    assert len(logged) == 1


async def test_a_file_that_stays_away_counts_as_gone(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    (tmp_path / "settings.toml").unlink()
    assert await keeper.look() == ""
    assert limit(keeper) == 10


def test_there_is_nothing_to_begin_with(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"settings\.toml:1: no valid TOML"):
        kept(tmp_path, "[limits")


def test_many_problems_are_told_in_part() -> None:
    text = refused([f"a.toml:{n}: x: `*_y_*` ```" for n in range(SHOWN + 3)])
    assert text.count("a.toml:") == SHOWN
    assert text.count("```") == 2
    assert "and 3 more: `tollbridge check` shows them all." in text


# With the real eyes on the real disk.


def seen(folder: Path) -> Seen:
    (folder / "settings.toml").write_text(LIMIT.format(1))
    return Seen(Source(TOKEN, folder))


@asynccontextmanager
async def following(
    keeper: Keeper, tell: Callable[[str], None] = lambda _text: None
) -> AsyncIterator[None]:
    async def told(text: str) -> None:
        tell(text)

    running = asyncio.create_task(keeper.run(told))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def by_rename(file: Path, text: str) -> None:
    """As most editors do."""
    other = file.with_suffix(".swp")
    other.write_text(text)
    other.replace(file)


def by_backup(file: Path, text: str) -> None:
    """As vim does: the old one is put away first."""
    file.replace(file.with_suffix(".toml~"))
    file.write_text(text)


@pytest.mark.parametrize("write", [in_place, by_rename, by_backup])
async def test_an_edit_is_noticed(tmp_path: Path, write: Callable[[Path, str], None]) -> None:
    keeper = seen(tmp_path)
    async with following(keeper):
        for number in (2, 3):
            write(tmp_path / "settings.toml", LIMIT.format(number))
            await keeper.until(partial(allows, keeper, number))


async def test_an_edit_of_what_a_link_points_to_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/mine.toml").write_text(LIMIT.format(1))
    (tmp_path / "settings.toml").symlink_to("far/mine.toml")
    keeper = Seen(Source(TOKEN, tmp_path))
    async with following(keeper):
        by_rename(tmp_path / "far/mine.toml", LIMIT.format(2))
        await keeper.until(lambda: limit(keeper) == 2)


async def test_a_folder_that_a_new_setting_names_is_watched_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/key").touch(0o600)
    (tmp_path / "far/key").write_text("sk-1")
    keeper = seen(tmp_path)

    def key() -> str:
        return keeper.current().anthropic.api_key.get_secret_value()

    async with following(keeper):
        in_place(tmp_path / "settings.toml", "[anthropic]\napi_key_file = 'far/key'\n")
        await keeper.until(lambda: key() == "sk-1")
        in_place(tmp_path / "far/key", "sk-2")
        await keeper.until(lambda: key() == "sk-2")


async def test_who_cannot_be_told_does_not_end_it(tmp_path: Path) -> None:
    keeper, file = seen(tmp_path), tmp_path / "settings.toml"
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            raise ChatError("Telegram cannot be reached.")

    async with following(keeper, tell):
        file.write_text("[")
        await keeper.until(lambda: len(told) == 1)
        file.write_text(LIMIT.format(2))
        await keeper.until(lambda: len(told) == 2)
    assert told[1] == GOOD
    assert limit(keeper) == 2


class Disturbed(Source):
    """Somebody writes to the file while it is read."""

    def read(self) -> Settings:
        settings = super().read()
        if settings.limits.queue_per_user == 2:
            (self.folder / "settings.toml").write_text(LIMIT.format(3))
        return settings


async def test_what_is_written_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(LIMIT.format(1))
    keeper = Keeper(Disturbed(TOKEN, tmp_path), at_once)
    in_place(tmp_path / "settings.toml", LIMIT.format(2))
    with capture_logs() as logged:
        await keeper.look()
    assert limit(keeper) == 3
    assert [line["event"] for line in logged] == ["settings.changed"]
