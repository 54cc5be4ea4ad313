"""Watches the models' shares of the turns, and tells the owners when one is not as expected.

A wrong rule costs money silently: nothing fails, the bill is only larger. Looked at now and then
over the last week, told once a day for each model.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bridge.errors import BridgeError
from bridge.ports import Clock, Decisions, Ledger
from bridge.settings import Settings
from budgets import windows
from routing.expect import Off, off

log = structlog.get_logger(__name__)

EVERY = 900.0  # seconds between two looks
SPAN = timedelta(days=7)
ALL = 0  # as a user


class Census:
    """`tell` reaches the owners."""

    def __init__(
        self,
        decisions: Decisions,
        ledger: Ledger,
        settings: Callable[[], Settings],
        clock: Clock,
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._decisions = decisions
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._tell = tell

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(EVERY)
            try:
                await self.look()
            except BridgeError as error:
                log.warning("census.failed", why=str(error))

    async def look(self) -> None:
        expect, now = self._settings().routing.expect, self._clock.now()
        if not expect.shares:
            return
        turns = Counter(made.model for made in await self._decisions.since(now - SPAN))
        today = windows.day(now, "UTC").start
        for each in off(turns, expect.shares, expect.tolerance):
            if await self._ledger.alert(f"share of {each.model}", ALL, today, each.expected):
                await self._tell(sentence(each, expect.tolerance))


def sentence(each: Off, tolerance: float) -> str:
    return (
        f"In the last seven days `{each.model}` had {each.share:.0%} of the turns; expected is "
        f"{each.expected:.0%} ± {tolerance:.0%}. `tollbridge route stats` says more, and "
        "[routing.rules] in the settings is where it is decided."
    )
