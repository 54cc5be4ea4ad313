"""Draws a running turn: always the newest snapshot, never faster than the view bears.

The picture is made at the moment when it leaves, however long it had to wait.

Whoever shows a snapshot does not wait. The first words are drawn soon after they are said;
a tiny answer that is over by then is not drawn at all, so nothing stands in its way. While
nothing happens the picture is drawn again on a beat, so the elapsed time keeps moving and a
draft does not expire. Waiting for an event is bounded by the loop's own time.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from bridge.errors import ChatBusy, ChatError, ChatGone
from bridge.ports import Clock
from bridge.progress import Progress
from bridge.telegram.bot import BadCall, NoSuchMethod
from bridge.telegram.frame import frame
from bridge.telegram.rich import Rich
from bridge.telegram.views import Nowhere, View

log = structlog.get_logger()

GRACE = 0.8  # seconds without a word before the first picture
SETTLE = 0.15  # seconds from the first words to their picture
FAREWELL = 2.0  # seconds that a picture on its way may take at the end


class Painter:
    """Implements the port `Live`, and is the `Sight` of its views.

    `views`: the best first; the next when one is refused.
    """

    def __init__(self, views: Sequence[View], clock: Clock, started_at: datetime) -> None:
        self._views = [*views, Nowhere()]
        self._clock = clock
        self._bare = False
        self._held = 0.0  # seconds that Telegram made the last picture wait
        self._closing = False
        self._drawn = asyncio.Event()  # no picture is on its way
        self._drawn.set()
        self._spoke = asyncio.Event()
        self._changed = asyncio.Event()
        self.progress = Progress(started_at)
        self._task = asyncio.create_task(self._run())

    def show(self, progress: Progress) -> None:
        if progress.everything and not self.progress.everything:
            self._spoke.set()
        self.progress = progress
        self._changed.set()

    def again(self) -> None:
        """Something else was sent to this chat, which hid the picture."""
        self._changed.set()

    def picture(self, held: float = 0.0) -> Rich:
        elapsed = (self._clock.now() - self.progress.started_at).total_seconds()
        made = frame(self.progress, elapsed, max(held, self._held))
        self._held = 0.0
        return Rich(made.text) if self._bare else made

    async def close(self) -> None:
        """Returns when no picture is on its way any more, so that none comes after the answer."""
        self._closing = True
        self._view.forget()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._drawn.wait()
        self._view.forget()
        self._task.cancel()
        await asyncio.wait({self._task})
        self._view.clear()

    @property
    def _view(self) -> View:
        return self._views[0]

    async def _run(self) -> None:
        await self._wait(self._spoke, GRACE)
        await self._clock.sleep(SETTLE)
        while not self._closing:
            await self._draw()
            await self._wait(self._spoke, self._view.interval)
            await self._wait(self._changed, self._view.beat)

    async def _wait(self, event: asyncio.Event, most: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                await event.wait()
        event.clear()

    async def _draw(self) -> None:
        self._drawn.clear()
        self._changed.clear()
        try:
            await self._view.draw(self)
        except (BadCall, NoSuchMethod, ChatGone) as error:
            self._retreat(error)
        except ChatBusy as busy:
            self._drawn.set()  # nothing is on its way; then the newest is drawn
            self._held = busy.retry_after
            await self._clock.sleep(busy.retry_after)
        except ChatError as error:
            log.warning("picture_lost", error=type(error).__name__)
        except Exception:
            log.exception("picture_broke")
        finally:
            self._drawn.set()

    def _retreat(self, error: ChatError) -> None:
        """First without formatting, then in another view."""
        log.warning("picture_refused", view=type(self._view).__name__, error=type(error).__name__)
        if isinstance(error, BadCall) and not self._bare:
            self._bare = True
        else:
            self._views.pop(0)
        self._changed.set()
