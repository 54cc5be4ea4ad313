"""Permissions, decided in one place: may this tool be used with this argument?

Denied unless it is declared. Tools that are listed outright do not shadow the guard: a
PreToolUse hook sees every call, and one that fails blocks the call.

While Claude plans, what could change something is closed as well, but for the plan itself. A
command could do anything, so it runs only where the user is asked about it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bridge.agent.closed import shut
from bridge.agent.web import unreachable

SERVER = "tollbridge"  # the name under which the bridge offers tools of its own
OWN = {f"mcp__{SERVER}__send_file", f"mcp__{SERVER}__escalate"}
FILE_TOOLS = {
    f"mcp__{SERVER}__send_file": "path",
    "Read": "file_path",
    "Write": "file_path",
    "Edit": "file_path",
    "NotebookEdit": "notebook_path",
    "Glob": "path",
    "Grep": "path",
}
QUESTIONS = {"AskUserQuestion", "ExitPlanMode"}  # answered by the user, never by a rule
READING = OWN | QUESTIONS | {
    "Read", "Glob", "Grep", "WebFetch", "WebSearch", "TodoWrite", "EnterPlanMode", "Agent", "Task",
}  # fmt: skip
PLANNING = "Nothing may be changed before the plan is allowed. {tool} could; only look for now."


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
    closed: Sequence[Path] = ()  # what stays closed although it lies in there; resolved
    servers: Sequence[str] = ()  # of MCP, as they are declared: what they offer is allowed
    domains: Sequence[str] = ()  # the only ones that may be fetched from, where there are some

    def decide(self, tool: str, argument: Mapping[str, Any], plans: Path | None = None) -> Decision:
        """`plans`: the folder of the plan, while there is only a plan to be made."""
        if not (tool in OWN or named(tool, self.tools) or served(tool, self.servers)):
            return Decision(Ruling.DENY, f"{tool} is not among the tools allowed here.")
        path = argument.get(FILE_TOOLS.get(tool, ""))
        if path and plans and inside(plans / str(path), plans):
            return Decision(Ruling.ALLOW, "it is the plan itself")
        if path and self.resolved(str(path)) is None:
            return Decision(Ruling.DENY, f"{path} is outside of this session's folder.")
        if tool == "WebFetch" and (why := unreachable(str(argument.get("url")), self.domains)):
            return Decision(Ruling.DENY, why)
        asked = named(tool, self.approve)
        if plans and tool not in READING and not (tool == "Bash" and asked):
            return Decision(Ruling.DENY, PLANNING.format(tool=tool))
        if asked or tool in QUESTIONS:
            return Decision(Ruling.ASK, "the user decides")
        mcp = served(tool, self.servers)
        return Decision(Ruling.ALLOW, f"allowed by claude.{'mcp' if mcp else 'tools'}")

    def resolved(self, path: str) -> Path | None:
        """Where it is, if that is inside: links are followed first, so that none leads out."""
        real = inside(self.folder / path, self.folder)
        return None if real and shut(real, self.folder.resolve(), self.closed) else real


def named(tool: str, names: Iterable[str]) -> bool:
    """`mcp__weather` names every tool of that server."""
    return any(tool == name or within(tool, name) for name in names)


def served(tool: str, servers: Iterable[str]) -> bool:
    return any(within(tool, server_name(server)) for server in servers)


def within(tool: str, server: str) -> bool:
    return server.startswith("mcp__") and tool.startswith(f"{server}__")


def server_name(declared: str) -> str:
    """How the names of its tools begin."""
    return "mcp__" + re.sub(r"[^a-zA-Z0-9_-]", "_", declared)


def inside(path: Path, folder: Path) -> Path | None:
    try:
        real = path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return real if real.is_relative_to(folder.resolve()) else None
