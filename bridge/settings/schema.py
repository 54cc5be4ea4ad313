"""The settings in force, as one frozen value that mirrors the file key by key.

A key of a fixed table has its default in defaults.toml, and only there. What an entry of a keyed
table (a user, a model, a rule) may leave out has its default here.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from pydantic import ConfigDict, Field

from bridge.settings.kinds import (
    Amount,
    Count,
    Directory,
    Domain,
    Filled,
    Minutes,
    Moment,
    Name,
    Part,
    Person,
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
from bridge.settings.money import Budgets, Price
from bridge.settings.table import Table

Role = Literal["owner", "member", "guest"]
Effort = Literal["", "low", "medium", "high", "xhigh", "max"]


class Telegram(Table):
    token: Secret = Field(description="what @BotFather gave you; belongs into `.secrets.toml`")
    token_file: str = Field(description="or: the path of a file that holds nothing but the token")
    base_url: Web = Field(description="the Bot API server")
    streaming: Literal["auto", "draft", "edit", "off"] = Field(description="how an answer grows")
    chat_per_second: Rate = Field(description="messages to one chat")
    group_per_minute: Rate = Field(description="messages to one group")
    overall_per_second: Rate = Field(description="all messages together")
    smart_chars: Count = Field(
        description="with /smart: a longer answer becomes a summary and a file"
    )
    smart_code_lines: Count = Field(description="with /smart: a longer code block becomes a file")


class User(Table):
    name: str = Field(default="", description="what others call the user")
    role: Role = Field(description="what the user may do; an owner everything")
    timezone: Zone = Field(
        default="UTC", description="when the days and months of the budget begin"
    )
    busy: Literal["queue", "steer"] | None = Field(
        default=None, description="instead of `sessions.busy`"
    )


class Pairing(Table):
    """An open pairing code. Money in micro-USD, as in Budget."""

    code: Secret = Field(description="the code, hashed; empty: none is open")
    until: Moment = Field(description="when it is worth nothing any more")
    name: str = Field(description="of the owner-to-be; empty: as in Telegram")
    timezone: Zone = Field(description="of the owner-to-be")
    day_usd: Usd = Field(default=None, description="the owner's own budget of a day, in dollars")
    month_usd: Usd = Field(default=None, description="and of a month")

    @property
    def seal(self) -> str:
        return self.code.get_secret_value()

    @property
    def end(self) -> datetime | None:
        """None: no code is open."""
        return datetime.fromisoformat(self.until) if self.seal and self.until else None


class Access(Table):
    requests: bool = Field(description="true: a stranger's /start is shown to the owners")
    pairing: Pairing
    ignored: Mapping[UserId, str] = Field(description="whom an owner has ignored: names by id")


class Model(Table):
    id: Filled = Field(description="the id of the model, such as claude-haiku-5-5")
    about: str = Field(default="", description="what it is for, shown by /model")
    context_tokens: Count = Field(default=100_000, description="the most that a request reads")
    output_tokens: Count = Field(default=16_000, description="the most that a request writes")


class Rule(Table):
    priority: Priority = Field(description="a whole number; the lowest is asked first")
    when: Mapping[str, Any] = Field(description="the conditions, such as { chars_over = 800 }")
    use: str = Field(description="the name of a model in [models]")
    effort: Effort = Field(default="", description="how hard it thinks; empty: as always")
    observe: bool = Field(default=False, description="true: only record what it would do")


class Escalate(Table):
    ladder: tuple[str, ...] = Field(description="the models, from the smallest to the largest")
    on: tuple[Literal["asked", "error", "stalled", "tests_failed"], ...] = Field(
        description="why to step up"
    )
    max_steps: Steps = Field(description="steps up in one turn; 0: never")
    how: Literal["switch", "advisor"] = Field(
        description="the larger model takes over, or only gives advice"
    )
    when: str = Field(description="what a smaller model is told: when to ask for a larger one")


class Expect(Table):
    """The expected shares of turns are keys beside `tolerance`, one for each model."""

    model_config = ConfigDict(extra="allow")
    tolerance: Part = Field(description="an alarm when a model's share of the turns is off by more")
    __pydantic_extra__: dict[str, Share]

    @property
    def shares(self) -> Mapping[str, float]:
        return self.__pydantic_extra__


class Example(Table):
    """A message and the model it must go to, tried whenever the settings are read."""

    text: str = Field(description="the message to try")
    expect: str = Field(description="the name of the model it must go to")
    role: Role | None = Field(default=None, description="who asks; else the owner")
    user: Person | None = Field(default=None, description="who asks, by user id")


class Routing(Table):
    default: str = Field(description="the model that answers when no rule decides")
    sticky: bool = Field(description="a session keeps its model until a rule asks for a higher one")
    rules: Mapping[Name, Rule]
    escalate: Escalate
    expect: Expect
    tests: tuple[Example, ...]


class Limits(Table):
    messages_per_hour: Count = Field(description="of one user")
    queue_per_user: Count = Field(description="messages of one user that may wait")


class Sessions(Table):
    root: Directory = Field(description="one folder per chat and session name is made in here")
    busy: Literal["queue", "steer"] = Field(
        description="a message while Claude works: waits, or joins"
    )
    idle_minutes: Minutes = Field(description="then Claude Code is put to sleep")
    max_live: Count = Field(description="sessions that are awake at once")
    turn_minutes: Minutes = Field(description="a turn that takes longer is ended")
    silence_minutes: Minutes = Field(description="so long silent, Claude Code starts anew")
    spare: bool = Field(description="one more is kept awake, so that a new session answers at once")
    min_free_mb: Amount = Field(description="with less memory no session is woken; 0: always")
    mode: Literal["default", "verbose", "smart"] = Field(description="of a new session")


class Folder(Table):
    path: Directory = Field(description="the path of an existing folder")
    roles: tuple[Role, ...] = Field(default=("owner",), description="who may use it")


class Anthropic(Table):
    base_url: Web = Field(description="the API; else ANTHROPIC_BASE_URL")
    api_key: Secret = Field(
        description="or a token of `claude setup-token`; belongs into `.secrets.toml`; "
        "else ANTHROPIC_API_KEY, or a Claude login"
    )
    api_key_file: str = Field(description="or: the path of a file that holds nothing but the key")


class Mcp(Table):
    command: str = Field(default="", description="the program that is the server")
    args: tuple[str, ...] = Field(default=(), description="its arguments")
    url: WebOrNone = Field(default="", description="or: the address of the server")
    env: tuple[Variable, ...] = Field(
        default=(), description="names of variables that it gets, such as WEATHER_KEY"
    )
    headers: Mapping[str, Variable] = Field(
        default={}, description="what is sent to the url: names of variables by header"
    )
    enabled: bool = Field(default=True, description="false: kept here, but not used")


class Claude(Table):
    project_settings: bool = Field(description="the folder's CLAUDE.md and .claude/ count")
    instructions: str = Field(description="what you always want Claude to know")
    tools: tuple[Filled, ...] = Field(description="what Claude may use at all")
    sandbox: Literal["required", "off"] = Field(description="commands are locked into the folder")
    domains: tuple[Domain, ...] = Field(
        description="what commands and WebFetch may reach, such as example.com; []: "
        "commands nothing, WebFetch anything"
    )
    approve: tuple[Filled, ...] = Field(description="tools that need a tap on Allow; []: none")
    approve_minutes: Minutes = Field(description="so long a tap is waited for; then it is a no")
    user: str = Field(description="the Unix user that Claude Code runs as; empty: the bridge's own")
    env: tuple[Variable, ...] = Field(description="further variables that Claude Code gets")
    mcp: Mapping[Name, Mcp]


class Groups(Table):
    listen: Literal["mention", "all"] = Field(
        description="answer when mentioned or replied to, or to everything"
    )


class Voice(Table):
    command: tuple[Filled, ...] = Field(
        description="a program that prints what is said in `{file}`; []: none"
    )
    url: WebOrNone = Field(description="or: an address that speaks like OpenAI's, up to /v1")
    model: str = Field(description="the model that listens there")
    key: Secret = Field(description="the key for it; belongs into `.secrets.toml`")
    seconds: Count = Field(description="listening to one message takes no longer")


class Store(Table):
    # A PostgreSQL one may have a password in it.
    url: StoreUrl = Field(repr=False, description="SQLite or PostgreSQL")


class Settings(Table):
    telegram: Telegram
    users: Mapping[UserId, User]
    access: Access
    models: Mapping[Name, Model]
    prices: Mapping[Filled, Price]
    routing: Routing
    budgets: Budgets
    limits: Limits
    sessions: Sessions
    folders: Mapping[Name, Folder]
    anthropic: Anthropic
    claude: Claude
    groups: Groups
    voice: Voice
    store: Store

    @cached_property
    def hash(self) -> str:
        """Names this version of the settings in the record of decisions. Secrets are no part."""
        content = self.model_dump(mode="json", exclude=SECRETS)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


SECRETS: dict[str, set[str]] = {
    "telegram": {"token"},
    "access": {"pairing"},
    "anthropic": {"api_key"},
    "voice": {"key"},
    "store": {"url"},
}
