"""Who may use the bot, as it is written down; the running bot takes it up from the file.

That takes it a second or so, for it follows its files. If it has not in ten, it does not: it was
started without, or the settings have a problem of their own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from bridge.errors import SettingsError
from bridge.ports import Clock
from bridge.settings import Role, Settings
from bridge.settings.edit import Editor
from bridge.settings.schema import Pairing

log = structlog.get_logger()

PATIENCE = 10.0  # seconds
GLANCE = 0.1
FIXED = "Here the settings cannot be changed from the chat."


class Roll(Protocol):
    """SettingsError: nothing was changed, and why."""

    async def pair(self, user: int, name: str, pairing: Pairing, /) -> bool:
        """The user becomes the owner. False: somebody else has used the code."""
        ...

    async def admit(self, user: int, name: str, role: Role, timezone: str, /) -> None: ...

    async def dismiss(self, user: int, /) -> None: ...

    async def ignore(self, user: int, name: str, /) -> None: ...

    async def in_force(self, user: int, /, *, known: bool) -> bool:
        """Returns when the user is one of ours, or is not. False: that will take a restart."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    editor: Editor
    settings: Callable[[], Settings]
    clock: Clock

    async def pair(self, user: int, name: str, pairing: Pairing, /) -> bool:
        paired = await asyncio.to_thread(self.editor.pair, user, name, pairing)
        log.info("paired", user=user, first=paired)
        return paired

    async def admit(self, user: int, name: str, role: Role, timezone: str, /) -> None:
        await asyncio.to_thread(self.editor.admit, user, name, role, timezone)
        log.info("admitted", user=user, role=role)

    async def dismiss(self, user: int, /) -> None:
        await asyncio.to_thread(self.editor.dismiss, user)
        log.info("dismissed", user=user)

    async def ignore(self, user: int, name: str, /) -> None:
        await asyncio.to_thread(self.editor.ignore, user, name)
        log.info("ignored_for_good", user=user)

    async def in_force(self, user: int, /, *, known: bool) -> bool:
        deadline = self.clock.monotonic() + PATIENCE
        while (user in self.settings().users) is not known:
            if self.clock.monotonic() > deadline:
                return False
            await self.clock.sleep(GLANCE)
        return True


class Fixed:
    """There is no file to write to, as in the demo."""

    async def pair(self, *_: object) -> bool:
        raise SettingsError(FIXED)

    async def admit(self, *_: object) -> None:
        raise SettingsError(FIXED)

    async def dismiss(self, *_: object) -> None:
        raise SettingsError(FIXED)

    async def ignore(self, *_: object) -> None:
        raise SettingsError(FIXED)

    async def in_force(self, _user: int, /, *, known: bool) -> bool:
        return not known
