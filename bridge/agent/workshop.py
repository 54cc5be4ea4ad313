"""The tools that the bridge itself offers to Claude Code, from within its own process.

Each process of Claude Code has a server of its own, and what it offers is fixed when the process
starts (measured: a later toggle changes nothing). Whose turn a call belongs to is asked when it
comes, since a spare process works for nobody yet. A call that may not be is answered with a
sentence for the model; it never breaks the turn.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from claude_agent_sdk import McpSdkServerConfig, SdkMcpTool, create_sdk_mcp_server, tool

from bridge.agent.guard import SERVER
from bridge.agent.handover import Refused
from bridge.errors import AgentError

log = structlog.get_logger(__name__)

ON_ITS_WAY = "The file is on its way to the user's chat."
BROKEN = "That did not work. Go on without it, and tell the user."
SEND_FILE = (
    "Send a file from the working directory to the user's chat, where they get it as a document. "
    "Use it when the user asks for a file, or when the result of the work is one that they cannot "
    "see otherwise: a picture, a PDF, an archive. Files of up to 50 MB. What fits into a message "
    "is better said there."
)
FILE = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "the file, within the working directory"},
        "caption": {"type": "string", "description": "one line that says what it is; may be empty"},
    },
    "required": ["path"],
}
HELP = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "description": "what makes it too hard"},
        "tried": {"type": "string", "description": "what was tried, and how it failed"},
    },
    "required": ["reason", "tried"],
}


class Worker(Protocol):
    """Whose turn it is."""

    async def send_file(self, path: str, caption: str) -> None:
        """Refused: why it is not sent."""
        ...

    async def climb(self, reason: str, tried: str) -> str:
        """What the model is told that asked for a larger one."""
        ...


class Workshop:
    """`worker`: whom the process works for; raises while that is nobody."""

    def __init__(self, worker: Callable[[], Worker]) -> None:
        self._worker = worker

    def server(self, escalate: str = "") -> McpSdkServerConfig:
        """`escalate`: when a model should ask for a larger one; "" = it cannot."""
        tools: list[SdkMcpTool[Any]] = [tool("send_file", SEND_FILE, FILE)(self._send_file)]
        if escalate:
            tools.append(tool("escalate", escalate, HELP)(self._escalate))
        return create_sdk_mcp_server(SERVER, tools=tools)

    async def _send_file(self, given: dict[str, Any]) -> dict[str, Any]:
        async def sent() -> str:
            await self._worker().send_file(given["path"], given.get("caption", ""))
            return ON_ITS_WAY

        return await answered(sent)

    async def _escalate(self, given: dict[str, Any]) -> dict[str, Any]:
        async def climbed() -> str:
            return await self._worker().climb(given["reason"], given["tried"])

        return await answered(climbed)


async def answered(work: Callable[[], Awaitable[str]]) -> dict[str, Any]:
    """The result of a tool. Nobody else would hear of an error: the SDK tells it to the model."""
    try:
        return said(await work())
    except (Refused, AgentError) as refusal:
        return said(str(refusal), wrong=True)
    except Exception:
        log.exception("workshop.broken")
        return said(BROKEN, wrong=True)


def said(text: str, *, wrong: bool = False) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "is_error": wrong}
