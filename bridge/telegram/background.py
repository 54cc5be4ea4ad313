"""Things that happen beside the main line, each to its end: replies, reactions, deletions."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from bridge.errors import BridgeError

log = structlog.get_logger()


class Background:
    """Owns its tasks: a failure is logged, closing ends them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, object], what: str) -> None:
        task = asyncio.create_task(self._watch(work, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Returns when everything spawned so far, and what that spawned, is over."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self.idle()

    async def _watch(self, work: Coroutine[Any, Any, object], what: str) -> None:
        try:
            await work
        except BridgeError as error:
            log.warning("background_failed", what=what, error=type(error).__name__)
        except Exception:
            log.exception("background_broke", what=what)
