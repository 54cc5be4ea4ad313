"""The settings in force while the bot runs. They change as a whole, between two turns.

Each turn takes `current()` once and keeps that value, so an edit never splits one. A broken edit
changes nothing but what the owners are told. To tell them may take long; edits do not wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from bridge.errors import BridgeError, SettingsError
from bridge.settings import watch
from bridge.settings.change import changed, waiting
from bridge.settings.load import Source
from bridge.settings.problem import dotted
from bridge.settings.schema import Settings
from bridge.settings.watch import Contents

log = structlog.get_logger(__name__)

GRACE = 2.0  # seconds that an editor may leave a file empty or away
SHOWN = 10  # problems in one message
GOOD = "The settings are good again."

Tell = Callable[[str], Awaitable[None]]  # the owners, in Markdown


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one try, and what the files said before it."""

    contents: Contents
    settings: Settings | None
    problems: Sequence[str] = ()


class Keeper:
    """Made with good settings. SettingsError: there are none to begin with."""

    def __init__(
        self, source: Source, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._source = source
        self._sleep = sleep
        self._seen = watch.contents(source.paths())
        self._settings = self._started = source.read()
        self._broken = False
        self._news = ""  # not told yet; what is newer takes its place
        self._told = asyncio.Event()

    def current(self) -> Settings:
        return self._settings

    async def run(self, tell: Tell) -> None:
        """Follow the files until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._announce(tell))

    async def look(self) -> str:
        """Take what the files say now. What the owners should know of it; "" = nothing."""
        news = ""
        while await self._edited():
            reading = await asyncio.to_thread(self._read)
            if await asyncio.to_thread(watch.contents, reading.contents) == reading.contents:
                self._seen = reading.contents
                news = self._taken(reading) or news
        return news

    async def _follow(self) -> None:
        while True:
            folders = watch.folders(self._seen)
            async with aclosing(watch.looks(folders, self._sleep)) as looks:
                async for _ in looks:
                    if news := await self.look():
                        self._news = news
                        self._told.set()
                    if watch.folders(self._seen) != folders:
                        break

    async def _announce(self, tell: Tell) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            try:
                await tell(self._news)
            except BridgeError as error:
                log.warning("settings.untold", error=type(error).__name__)

    async def _edited(self) -> bool:
        """A file that is gone or empty may be about to be written anew: it gets a moment."""
        now = await asyncio.to_thread(watch.contents, self._seen)
        if watch.shrunk(self._seen, now):
            await self._sleep(GRACE)
            now = await asyncio.to_thread(watch.contents, self._seen)
        return now != self._seen

    def _read(self) -> Reading:
        contents = watch.contents(self._source.paths())
        try:
            return Reading(contents, self._source.read())
        except SettingsError as error:
            return Reading(contents, None, error.problems)

    def _taken(self, reading: Reading) -> str:
        if reading.settings is None:
            self._broken = True
            log.warning("settings.broken", problems=reading.problems)
            return refused(reading.problems)
        mended, self._broken = self._broken, False
        before, self._settings = self._settings, reading.settings
        if keys := changed(before, self._settings):
            names = [dotted(key) for key in keys]
            log.info("settings.changed", settings=self._settings.hash, keys=names)
        later = waiting(self._started, before, self._settings)
        if later:
            log.warning("settings.waiting", keys=later)
        return "\n".join(
            [GOOD] * mended + [f"`{key}` counts from the next start." for key in later]
        )


def refused(problems: Sequence[str]) -> str:
    """The lines as they are: a fence keeps Markdown away from them."""
    lines = "\n".join(line.replace("```", "'''") for line in problems[:SHOWN])
    more = len(problems) - SHOWN
    rest = f"\nand {more} more: `tollbridge check` shows them all." if more > 0 else ""
    return (
        f"The settings have {count(len(problems))}, so the old ones stay in force:\n"
        f"```\n{lines}\n```{rest}\n"
        "Correct it and save; you will read here when all is well."
    )


def count(problems: int) -> str:
    return "a problem" if problems == 1 else f"{problems} problems"
