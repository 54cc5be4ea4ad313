"""Every way in which Claude Code fails, as one sentence with what to do."""

import asyncio
import re
from dataclasses import dataclass

from claude_agent_sdk import (
    ClaudeSDKError,
    CLIConnectionError,
    CLIJSONDecodeError,
    CLINotFoundError,
    Message,
    ProcessError,
    ResultError,
    ResultMessage,
    SystemMessage,
)

from bridge.errors import AgentError

AGAIN = "Your message is safe; send it again to continue."
CUT = "The connection to the API broke. Try again in a minute."
DOWN = "The API could not be reached. Try again in a minute."
KEY = "The API refused the key. The owner should check anthropic.api_key, or log in to Claude anew."
ANEW = "start a new session with `/new NAME`."
LONG = f"This conversation has become too long for the model; {ANEW}"
REFUSAL = f"The model declined to answer this. Put it differently, or {ANEW}"
MISSING = "Claude Code is missing. The owner should install claude-agent-sdk anew."
STATUS = {
    400: "The API did not accept the request. Try a shorter or simpler message.",
    401: KEY,
    403: KEY,
    404: "The API does not know this model. The owner should check its id in [models].",
    413: "That was too large for the API. Send less at once.",
    429: "The API's rate limit is reached. Wait a minute and send it again.",
    502: DOWN,
    529: "The API is overloaded. Wait a minute and send it again.",
}
NO_PROGRAM = re.compile("exec: .*(not found|denied)|failed to execute")  # the wrapper's words
# What Claude Code tells apart by itself, where the status does not say it.
KIND = {
    "billing_error": (
        "The account has no credit left at the API. The owner should add some in the Console."
    ),
    "max_output_tokens": (
        "The answer was longer than the model may write. Ask for less at once, or for the rest."
    ),
}
REASON = {
    "prompt_too_long": LONG,
    "image_error": (
        "The pictures and files of this conversation are too large for the API. Send smaller "
        f"ones, or {ANEW}"
    ),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What Claude Code said of a failed request: its kind, and the API's own words."""

    kind: str = ""
    words: str = ""


def sentence(result: ResultMessage, failure: Failure) -> str:
    """Why the turn failed, for the user. A refusal of the booth is passed on in its own words."""
    status, reason = result.api_error_status, result.terminal_reason or ""
    if status == 402:
        return failure.words.partition("402")[2].strip() or "The budget does not allow this."
    if result.stop_reason == "refusal":
        return REFUSAL
    if "context window" in failure.words:
        return LONG
    if known := REASON.get(reason) or KIND.get(failure.kind) or STATUS.get(status or 0):
        return known
    if status and status >= 500:
        return f"The API answered with error {status}. Try again in a minute."
    if reason == "api_error":
        return CUT
    return "Claude Code ended this turn with an error. Send the message again to continue."


def hopeless(message: Message) -> str:
    """The sentence, when Claude Code tries again what cannot work; "" when it may."""
    if isinstance(message, SystemMessage) and message.subtype == "api_retry":
        return KEY if message.data.get("error_status") == 401 else ""
    return ""


def translated(error: BaseException, stderr: str) -> AgentError:
    """The SDK's error at the door. `stderr` is the tail of what Claude Code wrote there."""
    match error:
        case CLINotFoundError():
            return AgentError(MISSING)
        case CLIJSONDecodeError():
            return AgentError(f"Claude Code sent something unreadable and was ended. {AGAIN}")
        case ResultError():
            return AgentError(f"Claude Code could not open this session's history. {AGAIN}")
        case ProcessError():
            return AgentError(f"{ended(error, stderr)} {AGAIN}")
        case CLIConnectionError():
            return AgentError(f"Claude Code could not be started. {hint(stderr)}{AGAIN}")
        case asyncio.TimeoutError():
            return AgentError(f"Claude Code did not start in time. {AGAIN}")
        case ClaudeSDKError():
            return AgentError(f"Claude Code failed. {hint(stderr)}{AGAIN}")
        case _:
            return AgentError(f"Claude Code ended without a result. {AGAIN}")


def ended(error: ProcessError, stderr: str) -> str:
    if error.exit_code == -9:
        return "Claude Code was killed, perhaps because the server ran out of memory."
    if error.exit_code in {-15, 143}:
        return "Claude Code was ended from outside."
    return f"Claude Code stopped unexpectedly. {hint(stderr)}".strip()


def hint(stderr: str) -> str:
    """The one line of the log that helps, where there is one."""
    low = stderr.lower()
    if "sandbox" in low or "bwrap" in low:
        return "Its sandbox did not start: install bubblewrap and socat. "
    if "no space left" in low:
        return "The disk is full. "
    if NO_PROGRAM.search(low):
        return "It is not there: the owner should install claude-agent-sdk anew. "
    if "/login" in low or "not logged in" in low:
        return "It is not logged in. "
    return ""
