"""One pacing for everything that is sent.

1. A chat has two lanes: messages and edits, which Telegram counts together, and signs
   (drafts, chat actions, reactions), which it counts apart. Within a lane calls go one at a
   time, the most urgent first; then all lanes share one overall rate.
2. The job is chosen after the budget was acquired, so what leaves is what is most urgent
   and newest then.
3. A 429 pauses its lane. One on messages pauses the chat's signs too; when several chats are
   hit at once, everything pauses. Nothing is sent into a ban, since that lengthens it.
4. Repeated only where harmless: what changes nothing the second time, and a send that
   certainly did not arrive. A send whose fate is unknown is the caller's to decide.

A leaky bucket of n per period lets nearly 2n through in an unlucky period. Where Telegram
counts in periods, the bucket is therefore smaller than the limit: burst + refill <= limit. It
also refills a little slower than allowed, since the network delays some calls more than others
and Telegram counts when they arrive.
Idle means idle: a lane's task lives only while something waits in it.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import structlog
from aiolimiter import AsyncLimiter

from bridge.errors import BridgeError, ChatBusy
from bridge.ports import Clock
from bridge.telegram.bot import Api, ChatUnreachable
from bridge.telegram.lane import Job, Lane, Priority, same

log = structlog.get_logger()

SIGNS = {"sendMessageDraft", "sendChatAction", "setMessageReaction"}
BURST = 3
MARGIN = 1.1
TOGETHER = 1.0  # seconds between two chats' 429 that mean the bot as a whole is meant
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
HARMLESS = ("edit", "delete", "set", "get", "answer", "sendChatAction", "sendMessageDraft")


@dataclass(frozen=True, slots=True)
class Rates:
    """As in [telegram] of the settings."""

    chat_per_second: float = 1.0
    group_per_minute: float = 18.0
    overall_per_second: float = 25.0


class Outbox:
    def __init__(self, api: Api, clock: Clock, rates: Rates) -> None:
        self._api = api
        self._clock = clock
        self._rates = rates
        self._overall = AsyncLimiter(max(1.0, rates.overall_per_second), 1.0)
        self._lanes: dict[tuple[int, bool], Lane] = {}
        self._order = itertools.count()
        self._closed_until = 0.0
        self._hits: dict[int, float] = {}  # chat -> when its last 429 came

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """What still waits is cancelled."""
        workers = [lane.worker for lane in self._lanes.values() if lane.worker]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for lane in self._lanes.values():
            lane.cancel()

    async def send(
        self,
        method: str,
        params: Mapping[str, Any],
        priority: Priority = Priority.FINAL,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Any:
        """The result of the call, or None when it was dropped, or not `wanted` any more.

        A ChatError is final. ChatBusy comes for drafts and typing only: the rest waits.
        """
        if "chat_id" not in params:
            return await self._free(method, params)
        waiter = asyncio.get_running_loop().create_future()
        lane = self._lane(int(params["chat_id"]), sign=method in SIGNS)
        lane.add(Job(method, params, priority, next(self._order), [waiter], wanted))
        if lane.worker is None:
            lane.worker = asyncio.create_task(self._serve(lane))
        return await waiter

    def drop(self, method: str, params: Mapping[str, Any]) -> None:
        """Forget a waiting edit or draft of the same identity: it is out of date."""
        self._lane(int(params["chat_id"]), sign=method in SIGNS).drop(same(method, params))

    def idle(self) -> bool:
        return all(lane.worker is None for lane in self._lanes.values())

    def _lane(self, chat: int, *, sign: bool) -> Lane:
        if (chat, sign) not in self._lanes:
            limiters = sign_limiters() if sign else message_limiters(chat, self._rates)
            self._lanes[chat, sign] = Lane(chat, limiters)
        return self._lanes[chat, sign]

    async def _serve(self, lane: Lane) -> None:
        try:
            while not lane.empty():
                await self._acquire(lane)
                if job := lane.pop():
                    await self._carry_out(lane, job)
        finally:
            lane.worker = None

    async def _acquire(self, lane: Lane) -> None:
        """Returns when one call may leave now: paid for, and nobody asked for a pause."""
        while True:
            while (pause := self._pause(lane)) > 0:
                await self._clock.sleep(pause)
            await lane.acquire()
            await self._overall.acquire()
            if self._pause(lane) <= 0:
                return

    def _pause(self, lane: Lane) -> float:
        messages = self._lane(lane.chat, sign=False)
        until = max(lane.paused_until, messages.paused_until, self._closed_until)
        return until - self._clock.monotonic()

    async def _carry_out(self, lane: Lane, job: Job) -> None:
        try:
            job.succeed(await self._api.call(job.method, **job.params))
        except ChatBusy as busy:
            self._ban(lane, job, busy)
            if job.priority >= Priority.DRAFT:
                job.fail(busy)  # out of date when the ban is over
            else:
                lane.put_back(job)
        except ChatUnreachable as error:
            if not may_repeat(job.method, job.tries, error):
                job.fail(error)
                return
            lane.pause(self._clock.monotonic() + PAUSES[job.tries])
            job.tries += 1
            lane.put_back(job)
        except BridgeError as error:
            job.fail(error)
        except asyncio.CancelledError:
            job.cancel()
            raise
        except Exception as error:
            log.exception("outbox_broke", method=job.method)
            job.fail(error)

    def _ban(self, lane: Lane, job: Job, busy: ChatBusy) -> None:
        now = self._clock.monotonic()
        log.warning("chat_busy", method=job.method, chat=lane.chat, seconds=busy.retry_after)
        lane.pause(now + busy.retry_after)
        if any(c != lane.chat and now - at <= TOGETHER for c, at in self._hits.items()):
            until = max(each.paused_until for each in self._lanes.values())
            self._closed_until = max(self._closed_until, until)
        self._hits[lane.chat] = now

    async def _free(self, method: str, params: Mapping[str, Any]) -> Any:
        """Calls that name no chat have no limit."""
        for tries in itertools.count():
            try:
                return await self._api.call(method, **params)
            except ChatUnreachable as error:
                if not may_repeat(method, tries, error):
                    raise
                await self._clock.sleep(PAUSES[tries])
        raise AssertionError("unreachable")


def may_repeat(method: str, tries: int, error: ChatUnreachable) -> bool:
    harmless = method.startswith(HARMLESS) or not error.perhaps_done
    return harmless and tries < len(PAUSES)


def message_limiters(chat: int, rates: Rates) -> list[AsyncLimiter]:
    """Private chats by the second; groups (negative ids) have a budget by the minute."""
    if chat > 0:
        return [AsyncLimiter(BURST, MARGIN * BURST / rates.chat_per_second)]
    burst = min(BURST, max(1.0, rates.group_per_minute / 2))
    refill = max(rates.group_per_minute - burst, 1.0)  # per minute
    return [AsyncLimiter(burst, MARGIN * 60.0 * burst / refill)]


def sign_limiters() -> list[AsyncLimiter]:
    """20 in 5 s and 40 in 30 s."""
    return [AsyncLimiter(10, MARGIN * 5.0), AsyncLimiter(20, MARGIN * 30.0)]
