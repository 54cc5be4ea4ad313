"""A keeper whose looks can be waited for."""

import asyncio
from collections.abc import Callable

from bridge.settings.keeper import Keeper
from bridge.settings.load import Source

PATIENCE = 20.0  # seconds; what is waited for comes within one


class Seen(Keeper):
    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._looked = asyncio.Condition()

    async def look(self) -> str:
        news = await super().look()
        async with self._looked:
            self._looked.notify_all()
        return news

    async def until(self, condition: Callable[[], bool]) -> None:
        """Asked after each look; there is one every second at least."""
        async with asyncio.timeout(PATIENCE), self._looked:
            await self._looked.wait_for(condition)
