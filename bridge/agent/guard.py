"""Permissions, decided in one place: may this tool be used with this argument?

Denied unless it is declared. Tools that are listed outright do not shadow the guard: a
PreToolUse hook sees every call, and one that fails blocks the call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

FILE_TOOLS = {
    "Read": "file_path",
    "Write": "file_path",
    "Edit": "file_path",
    "NotebookEdit": "notebook_path",
    "Glob": "path",
    "Grep": "path",
}
QUESTIONS = {"AskUserQuestion", "ExitPlanMode"}  # answered by the user, never by a rule


class Ruling(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    ruling: Ruling
    why: str


@dataclass(frozen=True, slots=True)
class Guard:
    folder: Path  # the session's; files outside of it are closed
    tools: Sequence[str]
    approve: Sequence[str]
    closed: Sequence[Path] = ()  # folders inside the reach of `folder` that stay closed

    def decide(self, tool: str, argument: Mapping[str, Any]) -> Decision:
        if tool not in self.tools:
            return Decision(Ruling.DENY, f"{tool} is not among the tools allowed here.")
        path = argument.get(FILE_TOOLS.get(tool, ""))
        if path and not self._inside(str(path)):
            return Decision(Ruling.DENY, f"{path} is outside of this session's folder.")
        if tool in self.approve or tool in QUESTIONS:
            return Decision(Ruling.ASK, "the user decides")
        return Decision(Ruling.ALLOW, "allowed by claude.tools")

    def _inside(self, path: str) -> bool:
        """Symbolic links are followed first, so that none leads out."""
        try:
            real = (self.folder / path).resolve()
        except (OSError, ValueError, RuntimeError):
            return False
        home = self.folder.resolve()
        return real.is_relative_to(home) and not any(
            real.is_relative_to(c.resolve()) for c in self.closed
        )
