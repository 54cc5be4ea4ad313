"""The two things that are measured, each a process of its own, with this process around them:

Telegram (simulated) → `tollbridge run` → Claude Code → the model (simulated), and
`python -m bench.bare` → Claude Code → the same model.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from bench.laps import Timing, timed
from bench.scenario import END, KEY, Watched, scenario
from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.cast import User
from bridge.simulator.log import Event
from bridge.simulator.messages_api import messages
from bridge.simulator.serve import serving
from bridge.simulator.world import World

REPO = Path(__file__).parents[1]
PATIENCE = 30.0  # seconds for one turn
SIGNS = {"reaction", "action", "draft", "edit", "message"}
TEXTS = {"draft", "edit", "message"}
SETTINGS = """
[claude]
sandbox = "off"
approve = []
[budgets.default]
day_usd = 1000.00
month_usd = 1000.00
[limits]
messages_per_hour = 10000
[sessions]
max_live = {sessions}
{more}
"""
USER = """
[users.{number}]
name = "User {number}"
role = "owner"
"""


class Stage(Protocol):
    pid: int

    async def turn(self, session: int) -> Timing:
        """TimeoutError: it was not answered."""
        ...


def numbers(sessions: int) -> list[int]:
    """The users, who are the sessions too."""
    return list(range(101, 101 + sessions))


class Bridged:
    """A turn as a person in a chat sees it."""

    def __init__(self, pid: int, world: World, model: Watched) -> None:
        self.pid = pid
        self._world = world
        self._model = model

    async def turn(self, session: int) -> Timing:
        seen, laps = self._world.log.last, len(self._model.laps)
        start = self._world.clock.now()
        self._world.say(session, "Hi there.")

        def events() -> list[Event]:
            return [e for e in self._world.log.since(seen, session) if of_bot(e)]

        def final() -> float | None:
            return next((e.at for e in events() if END in said(e) and whole(e)), None)

        final_at: Any = await self._world.wait(final, PATIENCE)
        sign = next(e.at for e in events() if e.type in SIGNS)
        text = next(e.at for e in events() if e.type in TEXTS and "Hello." in said(e))
        return timed(start, text, final_at, self._model.laps[laps:], sign)


def of_bot(event: Event) -> bool:
    sender = event.details.get("message", {}).get("from", {})
    return event.type in SIGNS and bool(sender.get("is_bot", True))


def said(event: Event) -> str:
    shown = event.details.get("message") or event.details.get("draft") or {}
    return str(shown.get("text", ""))


def whole(event: Event) -> bool:
    """A message that stays: no draft, no status with a Stop button."""
    return event.type == "message" and '"s:' not in json.dumps(event.details["message"])


class Bare:
    """A turn as whoever calls the SDK sees it."""

    def __init__(self, process: asyncio.subprocess.Process, model: Watched) -> None:
        self.pid = process.pid
        self._process = process
        self._model = model

    async def turn(self, session: int) -> Timing:
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        laps = len(self._model.laps)
        self._process.stdin.write(f"{session}\n".encode())
        async with asyncio.timeout(PATIENCE):
            start, first, result = json.loads(await self._process.stdout.readline())
        return timed(start, first, result, self._model.laps[laps:])


@asynccontextmanager
async def bridged(
    folder: Path, name: str, sessions: int, live: int | None = None, more: str = ""
) -> AsyncIterator[Stage]:
    """A running bot with as many users, and nobody's history. `more`: lines for [sessions]."""
    people = [User(number, f"User {number}", f"user{number}") for number in numbers(sessions)]
    world, model = World(people, ()), watched(name)
    prepare(folder, sessions, live, more)
    async with (
        serving(telegram(world, limits=None)) as page,
        serving(model) as api,
        program(["bridge", "run"], folder, environ(folder, page, api)) as process,
    ):
        await introduced(process, world, folder)
        yield Bridged(process.pid, world, model)


def environ(folder: Path, page: str, api: str) -> dict[str, str]:
    return {
        "TOLLBRIDGE_TELEGRAM__BASE_URL": page,
        "TOLLBRIDGE_TELEGRAM__TOKEN": TOKEN,
        "TOLLBRIDGE_SESSIONS__ROOT": str(folder / "sessions"),
        "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
        "ANTHROPIC_BASE_URL": api,
        "ANTHROPIC_API_KEY": KEY,
    }


async def introduced(process: asyncio.subprocess.Process, world: World, folder: Path) -> None:
    """Until the bot has set its commands. RuntimeError: it ended instead."""
    ready = asyncio.create_task(world.wait(lambda: world.commands, PATIENCE))
    ended = asyncio.create_task(process.wait())
    await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not ready.done() or ready.exception():
        ready.cancel()
        raise RuntimeError("\n".join((folder / "log").read_text().splitlines()[-20:]))


@asynccontextmanager
async def bare(folder: Path, name: str, sessions: int) -> AsyncIterator[Stage]:
    model = watched(name)
    prepare(folder, sessions)
    async with (
        serving(model) as api,
        program(["bench.bare", str(folder), api], folder, {}) as process,
    ):
        yield Bare(process, model)


def watched(name: str) -> Watched:
    return Watched(messages(scenario(name), key=KEY))


def prepare(folder: Path, sessions: int, live: int | None = None, more: str = "") -> None:
    users = "".join(USER.format(number=number) for number in numbers(sessions))
    settings = SETTINGS.format(sessions=live or sessions, more=more)
    (folder / "settings.toml").write_text(settings + users)


@asynccontextmanager
async def program(
    module: Sequence[str], folder: Path, given: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m` with an environment that has nothing of ours; its log is in `folder`."""
    ours = ("TOLLBRIDGE", "ANTHROPIC", "CLAUDE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with (folder / "log").open("w") as log:
        process = await started(module, folder, clean | given, log)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def started(
    module: Sequence[str], folder: Path, given: dict[str, str], log: IO[str]
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", *module,
        cwd=folder,
        env={**given, "PYTHONPATH": str(REPO), "HOME": str(folder)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )  # fmt: skip
