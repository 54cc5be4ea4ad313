"""What the processes of a session find when they start: folders, their owner, and the guard."""

from collections.abc import Sequence
from pathlib import Path

from bridge.agent.account import account, give
from bridge.agent.guard import Guard
from bridge.agent.options import tools
from bridge.errors import AgentError
from bridge.model import Session
from bridge.settings import Settings

ANYBODY = ""  # a role that nothing is open to


def guarding(settings: Settings, folder: Path, shut: Sequence[Path]) -> Guard:
    claude = settings.claude
    servers = [name for name, mcp in claude.mcp.items() if mcp.enabled]
    return Guard(folder, tools(settings), claude.approve, shut, servers, claude.domains)


def role(session: Session, settings: Settings) -> str:
    """Of whoever started it."""
    user = settings.users.get(session.user)
    return user.role if user else ANYBODY


def handed(settings: Settings, home: Path, folder: Path) -> None:
    """To the user that Claude Code runs as: its home, and a folder that is nobody else's."""
    to = account(settings.claude.user)
    if to is None:
        return
    own = folder.is_relative_to(settings.sessions.root) or folder.is_relative_to(home)
    try:
        for path in (home, folder) if own else (home,):
            give(path, to)
    except OSError as error:
        raise AgentError(f"{folder} cannot be given to claude.user: {error.strerror}.") from error


def present(folder: Path, mode: int = 0o777) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise AgentError(
            f"The folder {folder} cannot be made: {error.strerror}. The owner should look at it."
        ) from error
