"""The real Claude Code on the simulated API: one client without a pool, or a pool."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions

from bridge.agent import leftovers, process
from bridge.agent.claude import Claude
from bridge.agent.guard import Guard
from bridge.agent.host import Ground
from bridge.agent.options import Place, options
from bridge.agent.pool import Pool
from bridge.booth.serve import listening
from bridge.model import AgentEvent, Completed, Exchange, Prompt, Session, SessionKey, Text, Turn
from bridge.settings import Settings, read
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Scenario

KEY = SessionKey(111, 0, "main")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = 111
MODEL = "claude-haiku-5-5"
SETTINGS = """
[users.111]
role = "owner"
[claude]
sandbox = "off"
approve = ["Write"]
"""
NONE = {"ANTHROPIC_API_KEY": "none"}


def furnished(folder: Path, settings: str = SETTINGS) -> Path:
    (folder / "settings.toml").write_text(settings)
    for name in ("work", "private", "config"):
        (folder / name).mkdir()
    return folder


def settings(folder: Path) -> Settings:
    return read({}, folder, token_needed=False)


def session(folder: Path, **given: Any) -> Session:
    return replace(Session(KEY, ADA, folder / "work", NOW, NOW), **given)


def installed(folder: Path) -> Path:
    return process.install(folder / "private", [*process.PASSED, *NONE])


def alone(
    current: Settings,
    session: Session,
    config: Path,
    place: Callable[[Path], Place],
    said: Sequence[Exchange] = (),
    escalate: str = "",
    make: type[Claude] = Claude,
) -> Claude:
    """A client without a pool. `place` is where one with this home lives."""

    def fresh(home: Path, **given: Any) -> ClaudeAgentOptions:
        home.mkdir(parents=True, exist_ok=True)
        return options(current, session.folder, place(home), **given)

    async def nothing() -> None:
        return None

    async def recent() -> Sequence[Exchange]:
        return said

    guard = Guard(session.folder, current.claude.tools, current.claude.approve)
    starts = asyncio.Semaphore(1)
    return make(session, guard, Ground(config, fresh, lambda: starts, nothing, recent, escalate))


@asynccontextmanager
async def claude(
    folder: Path,
    script: Scenario,
    cli: Path | None = None,
    said: Sequence[Exchange] = (),
    **given: Any,
) -> AsyncIterator[Claude]:
    """`given`: what is known of the session. `cli` takes the place of the wrapper."""
    command = cli or installed(folder)
    async with listening(messages(script)) as api:
        place = partial(Place, command, api=api, key=NONE, closed=())
        client = alone(settings(folder), session(folder, **given), folder / "config", place, said)
        try:
            yield client
        finally:
            await client.close()


class OpenToll:
    """A booth that charges nobody. All clients have the same ticket."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.tickets: dict[str, SessionKey] = {}

    def issue(self, key: SessionKey) -> str:
        self.tickets[self.api] = key
        return self.api

    def assign(self, url: str, key: SessionKey) -> None:
        self.tickets[url] = key

    def revoke(self, url: str) -> None:
        self.tickets.pop(url, None)

    def begin(self, turn: Turn) -> None: ...

    def context(self, key: SessionKey) -> int:
        return 0

    async def end(self, turn: Turn) -> None: ...


class Stays:
    """A server that does not give its client back."""

    def leave(self) -> None: ...


@asynccontextmanager
async def pool(folder: Path, script: Scenario) -> AsyncIterator[Pool]:
    async with listening(messages(script)) as api:
        current = settings(folder)
        yield Pool(
            lambda: current,
            OpenToll(api),
            cli=installed(folder),
            config=folder / "config",
            key=NONE,
            closed=(folder / "config",),
        )


def prompt(text: str, model: str = MODEL) -> Prompt:
    return Prompt(str(uuid.uuid4()), 1, ADA, text, model)


async def told(client: Any, text: str, model: str = MODEL) -> list[AgentEvent]:
    return [event async for event in client.run(prompt(text, model))]


def end(events: Sequence[AgentEvent]) -> Completed:
    assert isinstance(events[-1], Completed)
    return events[-1]


def of(kind: type[Any], events: Sequence[AgentEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def words(events: Sequence[AgentEvent]) -> list[str]:
    """The last text of each block, in order."""
    last = {(t.message, t.block): t.text for t in of(Text, events)}
    return list(last.values())


def left(folder: Path) -> list[int]:
    """The processes that still work for the homes of this folder."""
    return list(leftovers.pids(folder / "config"))
