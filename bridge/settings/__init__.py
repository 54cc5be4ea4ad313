"""The settings: five layers read by dynaconf, checked as a whole, handed on as one frozen value.

    settings = read(os.environ, Path.cwd())

`read` gives either settings in which every cross reference holds, or a `SettingsError` with all
problems at once. Nothing in between: whoever has a `Settings` need not check it again.
"""

from bridge.settings.load import read
from bridge.settings.money import Budget, Budgets, Everyone
from bridge.settings.policy import policy
from bridge.settings.schema import (
    Anthropic,
    Claude,
    Folder,
    Mcp,
    Model,
    Role,
    Routing,
    Settings,
    User,
)

__all__ = [
    "Anthropic",
    "Budget",
    "Budgets",
    "Claude",
    "Everyone",
    "Folder",
    "Mcp",
    "Model",
    "Role",
    "Routing",
    "Settings",
    "User",
    "policy",
    "read",
]
