"""Plan mode: after "/plan TEXT" Claude only looks, and changes nothing before its plan is allowed.

The command is ours: Claude Code is given the text alone, in its own plan mode. That mode is only
words to the model (measured: what is written in it is written), so the guard keeps it as well.
"""

import re

from claude_agent_sdk import Message, SystemMessage

MODE, USUAL = "plan", "default"  # Claude Code's names of its permission modes
FOLDER = "plans"  # in its home: the plan is a file there
COMMAND = re.compile(r"/plan(?:@\w+)?(?:\s+|$)", re.IGNORECASE)
BARE = "Make a plan for what we have talked about."


def mode(message: Message) -> str:
    """The permission mode that Claude Code says it is in now; "" = it says nothing of it."""
    if isinstance(message, SystemMessage):
        return str(message.data.get("permissionMode") or "")
    return ""


def wanted(text: str) -> bool:
    return COMMAND.match(text) is not None


def task(text: str) -> str:
    """What Claude Code is to be given of it."""
    return COMMAND.sub("", text, count=1) or BARE if wanted(text) else text
