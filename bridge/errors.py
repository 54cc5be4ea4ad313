"""The errors of the bridge, divided by what the user should do.

BridgeError
├── SettingsError    the owner edits the settings
├── ChatError        Telegram: wait, or check the token
│   ├── ChatBusy         wait `retry_after` seconds
│   └── ChatGone         the chat cannot be written to
├── AgentError       Claude Code: repeat, log in, or shorten
├── StoreError       the disk or the database needs a look
│   └── Fenced           another server has taken the session over
└── BudgetError      wait for the reset, or ask the owner

Errors of other libraries are translated at the door they come in by. The
message of each one is a sentence for the user: what happened, what to do next.
"""


class BridgeError(Exception):
    """Something the user is told about in one sentence."""


class SettingsError(BridgeError):
    """The settings cannot be used. `problems` holds one line for each fault."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ChatError(BridgeError):
    """Telegram refused or could not be reached."""


class ChatBusy(ChatError):
    """Telegram asked for a pause of `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ChatGone(ChatError):
    """The user blocked the bot, or the chat no longer exists."""


class AgentError(BridgeError):
    """Claude Code could not do its work."""


class StoreError(BridgeError):
    """The database cannot be read or written."""


class Fenced(StoreError):
    """Another server has taken this session over: commit nothing, end its processes."""


class BudgetError(BridgeError):
    """A limit is reached."""
