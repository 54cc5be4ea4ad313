"""Conversations that were held with Claude Code in a terminal of this machine."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from claude_agent_sdk import SDKSessionInfo, list_sessions

from bridge.agent import past, transcript
from bridge.errors import AgentError
from bridge.model import History

GONE = "That conversation is no longer there. Choose another one."
TITLE = 80  # characters


def terminal(environ: Mapping[str, str] = os.environ) -> Path:
    """The home of the Claude Code that its user runs by hand; `list_sessions` looks there too."""
    return Path(environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")


class Histories:
    """Implements the port `Histories`. `config` is the folder of our own homes."""

    def __init__(self, config: Path) -> None:
        self._config = config

    async def found(self, folder: Path) -> Sequence[History]:
        sessions = await asyncio.to_thread(
            list_sessions, directory=str(folder), include_worktrees=False
        )
        return [history(session, folder) for session in sessions]

    async def adopt(self, history: History) -> str:
        home = past.new_home(self._config)
        try:
            copied = await asyncio.to_thread(transcript.copy, history.claude_id, terminal(), home)
        except OSError as error:
            raise AgentError(f"That conversation cannot be copied: {error.strerror}.") from error
        if not copied:
            raise AgentError(GONE)
        return home.name


def history(session: SDKSessionInfo, folder: Path) -> History:
    title = " ".join((session.custom_title or session.summary).split())
    at = datetime.fromtimestamp(session.last_modified / 1000, UTC)
    return History(session.session_id, title[:TITLE], at, Path(session.cwd or folder))
