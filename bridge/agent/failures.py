"""Every way in which Claude Code fails, as one sentence with what to do."""

import asyncio

from claude_agent_sdk import (
    ClaudeSDKError,
    CLIConnectionError,
    CLIJSONDecodeError,
    CLINotFoundError,
    ProcessError,
    ResultError,
    ResultMessage,
)

from bridge.errors import AgentError

AGAIN = "Your message is safe; send it again to continue."
DOWN = "The API could not be reached. Try again in a minute."
STATUS = {
    400: "The API did not accept the request. Try a shorter or simpler message.",
    401: "The API refused the key. The owner should check anthropic.api_key.",
    403: "The API refused the key. The owner should check anthropic.api_key.",
    404: "The API does not know this model. The owner should check its id in [models].",
    413: "That was too large for the API. Send less at once.",
    429: "The API's rate limit is reached. Wait a minute and send it again.",
    502: DOWN,
    529: "The API is overloaded. Wait a minute and send it again.",
}
PROMPT_TOO_LONG = "This conversation has become too long for the model. Start a new session."


def sentence(result: ResultMessage, said: str) -> str:
    """Why the turn failed, for the user. A refusal of the booth is passed on in its own words."""
    status = result.api_error_status
    if result.terminal_reason == "prompt_too_long":
        return PROMPT_TOO_LONG
    if status == 402:
        return said.partition("402")[2].strip() or "The budget does not allow this."
    if status in STATUS:
        return STATUS[status]
    if status and status >= 500:
        return f"The API answered with error {status}. Try again in a minute."
    if result.terminal_reason == "api_error":
        return DOWN
    if result.stop_reason == "refusal":
        return "The model declined to answer this. Put it differently, or start a new session."
    return "Claude Code ended this turn with an error. Send the message again to continue."


def translated(error: BaseException, stderr: str) -> AgentError:
    """The SDK's error at the door. `stderr` is the tail of what Claude Code wrote there."""
    match error:
        case CLINotFoundError():
            return AgentError("Claude Code is missing. Install claude-agent-sdk anew.")
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
    if "/login" in low or "not logged in" in low:
        return "It is not logged in. "
    return ""
