"""Claude Code does not run ahead of the turn that hears it.

What it does is heard from a stream, and it goes on at once: a tool would run before the turn has
noted that one does, and the next request would leave before a larger model has taken over. So the
hooks before a tool and after the tools of a message wait here until the turn has dealt with what
was told of them. They never wait long: a turn that is slow must not hold up the work.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import structlog

from bridge.model import AgentEvent, ToolResult, ToolUse

log = structlog.get_logger(__name__)

PATIENCE = 5.0  # seconds; the turn needs some milliseconds


class Lockstep:
    """Of one turn."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._results: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def passed(self, event: AgentEvent) -> None:
        """The turn has dealt with it."""
        match event:
            case ToolUse(id=id_):
                self._calls[id_].set()
            case ToolResult(id=id_):
                self._results[id_].set()

    async def called(self, id_: str) -> None:
        """Until the turn knows that this tool is about to run."""
        await within(PATIENCE, [self._calls[id_]], "call")

    async def returned(self, ids: Iterable[str]) -> None:
        """Until the turn knows what became of these tools."""
        await within(PATIENCE, [self._results[id_] for id_ in ids], "results")


async def within(seconds: float, events: Iterable[asyncio.Event], what: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            for event in events:
                await event.wait()
    except TimeoutError:
        log.warning("lockstep.lost", what=what, seconds=seconds)
