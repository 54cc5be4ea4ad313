"""The port `Files`: what was sent is downloaded when its turn begins, and put into the inbox.

Telegram keeps a file, so a download that fails is tried again; the message waits meanwhile.
"""

import asyncio
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog

from bridge.errors import ChatBusy, ChatError
from bridge.model import Attachment, Inbound
from bridge.ports import Clock
from bridge.telegram.bot import BadCall, ChatUnreachable
from bridge.telegram.files import limits, shelf
from bridge.telegram.pauses import Pauses

log = structlog.get_logger()

TRIES = 6
LONGEST = 60.0  # seconds that Telegram may ask to wait
LOST = "`{name}` could not be fetched from Telegram. Send your message again in a while."
GONE = "Telegram does not have `{name}` any more. Please send it again."


class Source(Protocol):
    """Who has the files that people sent."""

    async def save(self, file_id: str, into: BinaryIO) -> None:
        """Write its content. ChatBusy, ChatUnreachable: try again; BadCall: it cannot be had."""
        ...


class Fetch:
    """Implements `Files`."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock

    async def fetch(self, inbound: Inbound, folder: Path) -> tuple[Path, ...]:
        found = [await self._fetched(file, folder) for file in inbound.files]
        if found:
            log.info("files_fetched", update=inbound.update_id, count=len(found))
        return tuple(found)

    async def _fetched(self, file: Attachment, folder: Path) -> Path:
        with shelf.blank(folder) as content:
            await self._download(file, content)
            return await asyncio.to_thread(shelf.put, content, file.name, folder)

    async def _download(self, file: Attachment, content: BinaryIO) -> None:
        pauses = Pauses(0.5, 10.0)
        for left in reversed(range(TRIES)):
            try:
                await self._source.save(file.file_id, content)
            except BadCall as error:
                raise ChatError(refused(file, error)) from error
            except (ChatBusy, ChatUnreachable) as error:
                log.warning("file_not_fetched", error=type(error).__name__, left=left)
                asked = error.retry_after if isinstance(error, ChatBusy) else 0.0
                if not left or asked > LONGEST:
                    raise ChatError(LOST.format(name=limits.shown(file.name))) from error
                await self._clock.sleep(max(asked, pauses.take()))
                content.seek(0)
                content.truncate()
            else:
                return


def refused(file: Attachment, error: BadCall) -> str:
    if "too big" in str(error).lower():
        return limits.too_large(file)
    return GONE.format(name=limits.shown(file.name))
