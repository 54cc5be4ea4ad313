"""The real clock. Tests have one of their own, so that nothing waits."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Implements the port `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
