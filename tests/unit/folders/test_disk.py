"""The folders of sessions, with the real git."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.errors import StoreError
from bridge.folders.disk import Disk, sentence
from bridge.settings import Settings
from tests.fakes import settings

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class Noon:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None: ...


@pytest.fixture
def current(tmp_path: Path) -> Callable[[], Settings]:
    read = settings(tmp_path, f'[sessions]\nroot = "{tmp_path}/sessions"\n')
    return lambda: read


@pytest.fixture
def disk(current: Callable[[], Settings]) -> Disk:
    return Disk(current, Noon())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "homelab"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=trunk")
    (path / "file").write_text("hello\n")
    git(path, "add", "file")
    git(path, "-c", "user.name=Ada", "-c", "user.email=a@b.example", "commit", "-qm", "first")
    return path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


class TestDiscard:
    async def test_the_files_are_kept_outside_of_every_sessions_folder(
        self, disk: Disk, tmp_path: Path
    ) -> None:
        folder = tmp_path / "sessions" / "1" / "docs"
        folder.mkdir(parents=True)
        (folder / "file").write_text("hello")
        kept = await disk.discard(folder)
        assert not folder.exists()
        assert kept.parent == tmp_path / "sessions" / ".deleted"
        assert kept.name.startswith("docs-20261102-1200")
        assert (kept / "file").read_text() == "hello"

    async def test_what_is_not_there_is_told(self, disk: Disk, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be put away"):
            await disk.discard(tmp_path / "sessions" / "1" / "nothing")


class TestWorktree:
    async def test_it_has_the_files_on_a_branch_of_its_own(
        self, disk: Disk, repository: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "sessions" / "1" / "fix"
        await disk.worktree(repository, target)
        assert (target / "file").read_text() == "hello\n"
        assert git(target, "branch", "--show-current") == "session/fix"
        assert git(repository, "branch", "--show-current") == "trunk"
        assert disk.is_git(target)

    async def test_a_branch_of_an_earlier_session_is_left_alone(
        self, disk: Disk, repository: Path, tmp_path: Path
    ) -> None:
        git(repository, "branch", "session/fix")
        await disk.worktree(repository, tmp_path / "fix")
        assert git(tmp_path / "fix", "branch", "--show-current") == "session/fix-2"

    async def test_gits_own_sentence_is_told(self, disk: Disk, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        git(empty, "init", "--quiet")
        with pytest.raises(StoreError, match=r"^git: .+\.$"):
            await disk.worktree(empty, tmp_path / "fix")
        assert not (tmp_path / "fix").exists()

    async def test_a_target_with_files_is_not_touched(
        self, disk: Disk, repository: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "fix"
        target.mkdir()
        (target / "mine").touch()
        with pytest.raises(StoreError, match="already exists"):
            await disk.worktree(repository, target)
        assert [path.name for path in target.iterdir()] == ["mine"]

    async def test_no_hook_of_the_repository_runs(
        self, disk: Disk, repository: Path, tmp_path: Path
    ) -> None:
        hook = repository / ".git" / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
        await disk.worktree(repository, tmp_path / "fix")
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("key", ["filter.x.smudge", "filter.x.process", "Filter.x.Smudge"])
    async def test_no_program_that_the_repository_names_runs(
        self, disk: Disk, repository: Path, tmp_path: Path, key: str
    ) -> None:
        (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
        git(repository, "config", key, f"touch {tmp_path}/ran; cat")
        with pytest.raises(StoreError, match="run a program"):
            await disk.worktree(repository, tmp_path / "fix")
        assert not (tmp_path / "ran").exists()

    async def test_nor_one_that_a_file_it_includes_names(
        self, disk: Disk, repository: Path, tmp_path: Path
    ) -> None:
        (repository / "more").write_text(f'[filter "x"]\nsmudge = "touch {tmp_path}/ran; cat"\n')
        (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
        git(repository, "config", "include.path", str(repository / "more"))
        with pytest.raises(StoreError, match="run a program"):
            await disk.worktree(repository, tmp_path / "fix")
        assert not (tmp_path / "ran").exists()


def test_a_folder_without_a_repository_is_told_from_one_with(
    disk: Disk, repository: Path, tmp_path: Path
) -> None:
    assert disk.is_git(repository)
    assert not disk.is_git(tmp_path)
    assert not disk.is_git(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ("Preparing worktree\nfatal: 'x' already exists\n", "git: 'x' already exists."),
        ("odd\n", "git: odd."),
        ("", "git: it gave no reason."),
    ],
)
def test_of_what_git_says_the_reason_is_kept(errors: str, said: str) -> None:
    assert sentence(errors) == said
