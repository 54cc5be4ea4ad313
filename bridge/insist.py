"""What was paid for is stored, though the disk may be busy for a while."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bridge.errors import Fenced, StoreError
from bridge.ports import Clock

log = structlog.get_logger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between two tries

T = TypeVar("T")


async def insist(call: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Try for about a minute. StoreError: it is still broken. Fenced: at once, it stays so."""
    for pause in PAUSES:
        try:
            return await call()
        except Fenced:
            raise
        except StoreError as error:
            log.warning("store.busy", why=str(error), pause=pause)
            await clock.sleep(pause)
    return await call()
