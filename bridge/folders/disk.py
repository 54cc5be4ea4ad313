"""The port `Folders`: a folder is put away rather than destroyed, and git makes worktrees.

git is started without a shell and never asks for a password. It runs outside the sandbox, on
files that Claude Code may have written, so it must not start what a repository tells it to.
Put away means moved into `<root>/.deleted`, which is no session's folder, since no name begins
with a dot.
"""

import asyncio
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from bridge.errors import StoreError
from bridge.ports import Clock
from bridge.settings import Settings

log = structlog.get_logger(__name__)

AWAY = ".deleted"
TAME = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
)
OWN_PROGRAMS = (
    "config", "--local", "--includes", "--name-only", "--get-regexp",
    r"^filter\..*\.(smudge|process)$|^extensions\.worktreeconfig$",
)  # fmt: skip
PATIENCE = 120.0  # seconds for git to fill a worktree


class Disk:
    """Implements `Folders`."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def discard(self, folder: Path) -> Path:
        """StoreError: it cannot be moved; it is where it was."""
        now = self._clock.now()
        kept = self._settings().sessions.root / AWAY / f"{folder.name}-{now:%Y%m%d-%H%M%S-%f}"
        make(kept.parent)
        move(folder, kept)
        log.info("folder.discarded", kept=str(kept))
        return kept

    async def worktree(self, repository: Path, target: Path) -> None:
        """On a new branch, named like the folder.

        StoreError: git's sentence, or that the repository would run programs of its own.
        """
        if programs := await git(repository, *OWN_PROGRAMS, good=(0, 1)):
            raise StoreError(
                f"git would run a program that this repository names ({programs.split()[0]}); "
                "please make the worktree by hand."
            )
        make(target.parent)
        branch = await self._branch(repository, target.name)
        await git(repository, "worktree", "add", "-b", branch, "--", str(target))

    def is_git(self, folder: Path) -> bool:
        """Whether it is the top of a repository; `.git` is a file in a worktree."""
        return (folder / ".git").exists()

    async def _branch(self, repository: Path, name: str) -> str:
        """A branch that is not there yet."""
        wanted = f"session/{name}"
        listed = await git(repository, "for-each-ref", "--format=%(refname:short)", "refs/heads")
        branches = set(listed.splitlines())
        number = 2
        while wanted in branches:
            wanted, number = f"session/{name}-{number}", number + 1
        return wanted


def make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"The folder {folder} cannot be made: {error.strerror}.") from error


def move(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError as error:
        raise StoreError(f"{folder} cannot be put away: {error.strerror}.") from error


async def git(repository: Path, *arguments: str, good: Collection[int] = (0,)) -> str:
    """What it printed. StoreError: the sentence it failed with."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        process = await asyncio.create_subprocess_exec(
            "git", *TAME, *arguments, cwd=repository,
            env=environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise StoreError(f"git cannot be started: {error.strerror}.") from error
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    except TimeoutError:
        raise StoreError(f"git took more than {PATIENCE:.0f} seconds.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in good:
        raise StoreError(sentence(err.decode(errors="replace")))
    return out.decode(errors="replace")


def sentence(errors: str) -> str:
    """The line that says what was wrong, not those that say what git was doing."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    said = re.sub(r"^(fatal|error):\s*", "", (fatal or lines or ["it gave no reason"])[-1])
    return f"git: {said.rstrip('.')}."
