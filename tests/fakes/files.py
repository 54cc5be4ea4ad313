"""What lies on a disk: settings, folders, conversations of a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import AgentError, ChatError, StoreError
from bridge.model import History, Inbound
from bridge.settings import Settings, read

SETTINGS = """
[users.1]
name = "Ada"
role = "owner"
[users.2]
name = "Ben"
role = "member"
timezone = "Europe/Copenhagen"
[budgets.default]
day_usd = 1.00
month_usd = 20.00
[budgets.everyone]
hour_usd = 3.00
month_usd = 100.00
"""


def settings(folder: Path, more: str = "") -> Settings:
    """Settings as they are read from a file: Ada (1) is the owner, Ben (2) a member."""
    file = folder / "settings.toml"
    file.write_text(SETTINGS + more)
    return read({}, folder, [file], token_needed=False)


@dataclass
class FakeHistories:
    """`Histories` in a dict. `faults` are raised by the next adoptions."""

    held: dict[Path, list[History]] = field(default_factory=dict)
    adopted: list[History] = field(default_factory=list)
    faults: list[AgentError] = field(default_factory=list)

    async def found(self, folder: Path) -> Sequence[History]:
        return self.held.get(folder, [])

    async def adopt(self, history: History) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.adopted.append(history)
        return f"home-of-{history.claude_id}"


@dataclass
class FakeFiles:
    """`Files` without a network: each file is made of its id. `faults` are raised by the next."""

    fetched: list[str] = field(default_factory=list)  # file ids
    faults: list[ChatError] = field(default_factory=list)

    async def fetch(self, inbound: Inbound, folder: Path) -> tuple[Path, ...]:
        if self.faults and inbound.files:
            raise self.faults.pop(0)
        paths = []
        for file in inbound.files:
            path = folder / "inbox" / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.file_id)
            self.fetched.append(file.file_id)
            paths.append(path)
        return tuple(paths)


@dataclass
class FakeFolders:
    """`Folders` that moves nothing. `faults` are raised by the next worktrees."""

    repositories: set[Path] = field(default_factory=set)
    discarded: list[Path] = field(default_factory=list)
    worktrees: list[tuple[Path, Path]] = field(default_factory=list)
    faults: list[StoreError] = field(default_factory=list)

    async def discard(self, folder: Path) -> Path:
        self.discarded.append(folder)
        return Path("/srv/.deleted") / folder.name

    async def worktree(self, repository: Path, target: Path) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.worktrees.append((repository, target))

    def is_git(self, folder: Path) -> bool:
        return folder in self.repositories
