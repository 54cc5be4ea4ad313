"""The settings in force, as one frozen value that mirrors the file key by key.

A key of a fixed table has its default in defaults.toml, and only there. What an entry of a keyed
table (a user, a model, a rule) may leave out has its default here. Money is read as dollars and
offered as integer micro-USD by `day`, `month` and `hour`; None = no limit declared, which denies.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bridge.settings.kinds import (
    Amount,
    Count,
    Directory,
    Filled,
    Minutes,
    Name,
    Part,
    Priority,
    Rate,
    Secret,
    Share,
    Steps,
    StoreUrl,
    Usd,
    UserId,
    Variable,
    Web,
    WebOrNone,
    Zone,
)

Role = Literal["owner", "member", "guest"]


class Table(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
    )


class Telegram(Table):
    token: Secret
    token_file: str
    base_url: Web
    streaming: Literal["auto", "draft", "edit", "off"]
    chat_per_second: Rate
    group_per_minute: Rate
    overall_per_second: Rate


class User(Table):
    name: str = ""
    role: Role
    timezone: Zone = "UTC"
    busy: Literal["queue", "steer"] | None = None  # None: as in [sessions]


class Model(Table):
    id: Filled = Field(description="the id of the model, such as claude-haiku-5-5")
    context_tokens: Count = 100_000
    output_tokens: Count = 16_000


class Rule(Table):
    priority: Priority = Field(description="a whole number; the lowest is asked first")
    when: Mapping[str, Any] = Field(description="the conditions, such as { chars_over = 800 }")
    use: str = Field(description="the name of a model in [models]")


class Escalate(Table):
    ladder: tuple[str, ...]
    on: tuple[Literal["asked", "error", "stalled", "tests_failed"], ...]
    max_steps: Steps


class Expect(Table):
    """The expected shares of turns are keys beside `tolerance`, one for each model."""

    model_config = ConfigDict(extra="allow")
    tolerance: Part
    __pydantic_extra__: dict[str, Share]

    @property
    def shares(self) -> Mapping[str, float]:
        return self.__pydantic_extra__


class Example(Table):
    """A message and the model it must go to, tried whenever the settings are read."""

    text: str = Field(description="the message to try")
    expect: str = Field(description="the name of the model it must go to")
    role: Role | None = None
    user: Count | None = None


class Routing(Table):
    default: str
    sticky: bool
    rules: Mapping[Name, Rule]
    escalate: Escalate
    expect: Expect
    tests: tuple[Example, ...]


def _micro(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * 1_000_000)


class Budget(Table):
    """What one user may spend, micro-USD."""

    day_usd: Usd = None
    month_usd: Usd = None

    @property
    def day(self) -> int | None:
        return _micro(self.day_usd)

    @property
    def month(self) -> int | None:
        return _micro(self.month_usd)


class Everyone(Table):
    """What all users may spend together, micro-USD; the hour slides."""

    hour_usd: Usd = None
    month_usd: Usd = None

    @property
    def hour(self) -> int | None:
        return _micro(self.hour_usd)

    @property
    def month(self) -> int | None:
        return _micro(self.month_usd)


class Alerts(Table):
    at: tuple[Part, ...]


class Budgets(Table):
    default: Budget
    users: Mapping[UserId, Budget]
    everyone: Everyone
    alerts: Alerts

    def of(self, user: int) -> Budget:
        """The user's own amounts; those left out are the default's."""
        own = self.users.get(user, Budget())
        return Budget(
            day_usd=self.default.day_usd if own.day_usd is None else own.day_usd,
            month_usd=self.default.month_usd if own.month_usd is None else own.month_usd,
        )


class Limits(Table):
    messages_per_hour: Count
    queue_per_user: Count


class Sessions(Table):
    root: Directory
    busy: Literal["queue", "steer"]
    idle_minutes: Minutes
    max_live: Count
    turn_minutes: Minutes
    silence_minutes: Minutes
    spare: bool
    min_free_mb: Amount


class Folder(Table):
    path: Directory = Field(description="the path of an existing folder")
    roles: tuple[Role, ...] = ("owner",)


class Anthropic(Table):
    base_url: Web
    api_key: Secret
    api_key_file: str


class Mcp(Table):
    command: str = ""
    args: tuple[str, ...] = ()
    url: WebOrNone = ""
    enabled: bool = True


class Claude(Table):
    project_settings: bool
    instructions: str
    tools: tuple[Filled, ...]
    sandbox: Literal["required", "off"]
    approve: tuple[Filled, ...]
    env: tuple[Variable, ...]
    mcp: Mapping[Name, Mcp]


class Store(Table):
    url: StoreUrl = Field(repr=False)  # a PostgreSQL one may have a password in it


class Settings(Table):
    telegram: Telegram
    users: Mapping[UserId, User]
    models: Mapping[Name, Model]
    routing: Routing
    budgets: Budgets
    limits: Limits
    sessions: Sessions
    folders: Mapping[Name, Folder]
    anthropic: Anthropic
    claude: Claude
    store: Store

    @cached_property
    def hash(self) -> str:
        """Names this version of the settings in the record of decisions. Secrets are no part."""
        content = self.model_dump(mode="json", exclude=SECRETS)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


SECRETS: dict[str, set[str]] = {
    "telegram": {"token"},
    "anthropic": {"api_key"},
    "store": {"url"},
}
