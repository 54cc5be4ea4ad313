"""One pacing for everything that is sent.

1. A chat has a lane for each family of calls that Telegram counts together (rates.py). Within
   a lane calls go one at a time, the most urgent first; then all lanes share one overall rate,
   again the most urgent first.
2. The job is chosen after the budget was acquired, and what it shows is made then, so what
   leaves is what is most urgent and newest.
3. A 429 pauses its lane. One on messages pauses the rest of the chat too; when several chats
   are hit at once, the same family pauses everywhere. Nothing is sent into a ban, since that
   lengthens it.
4. What changes nothing the second time is repeated, and a send that certainly did not arrive.
   One whose fate is unknown is looked for first (fate.py), before anything else leaves there.
5. Prompts and finals are repeated until Telegram answers; pictures and signs for a minute.

Idle means idle: a lane's task lives only while something waits in it.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Self

import structlog

from bridge.errors import BridgeError, ChatBusy
from bridge.model import Place
from bridge.ports import Clock
from bridge.telegram import fate
from bridge.telegram.bot import Api, BadCall, ChatUnreachable
from bridge.telegram.fate import Mark, Register
from bridge.telegram.lane import Job, Lane, Priority, same
from bridge.telegram.rates import Family, Rates, family, limiters
from bridge.telegram.turnstile import Turnstile

__all__ = ["Outbox", "Rates"]

log = structlog.get_logger()

TOGETHER = 1.0  # seconds between two chats' 429 that mean the bot as a whole is meant
SETTLE = 1.0  # seconds that a call without an answer may still take
LOOK = 0.1  # seconds until a call that may not use the last of the budget looks again
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
HARMLESS = ("edit", "delete", "set", "get", "answer", "sendChatAction", "sendMessageDraft")


class Outbox:
    def __init__(self, api: Api, clock: Clock, rates: Rates) -> None:
        self._api = api
        self._clock = clock
        self._rates = rates
        self._overall = Turnstile(rates.overall_per_second)
        self._lanes: dict[tuple[int, Family], Lane] = {}
        self._register = Register()
        self._order = itertools.count()
        self._closed_until: dict[Family, float] = {}
        self._hits: dict[tuple[int, Family], float] = {}  # when the last 429 came
        self._listeners: list[Callable[[Place], None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """What still waits is cancelled."""
        self._overall.close()
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
        *,
        wanted: Callable[[], bool] = lambda: True,
        latest: Callable[[], Mapping[str, Any]] = dict,
    ) -> Any:
        """The result of the call, or None when it was dropped, or not `wanted` any more.

        `latest`: further parameters, asked when it leaves. A message that got no answer and was
        found has no more than its `message_id` in its result.

        A ChatError is final. ChatBusy comes for drafts and typing only: the rest waits.
        """
        if "chat_id" not in params:
            return await self._free(method, params)
        chat = int(params["chat_id"])
        self._register.call(chat, method, params)
        waiter = asyncio.get_running_loop().create_future()
        lane = self._lane(chat, family(method))
        lane.add(Job(method, params, priority, next(self._order), [waiter], wanted, latest))
        if lane.worker is None:
            lane.worker = asyncio.create_task(self._serve(lane))
        return await waiter

    def listen(self, told: Callable[[Place], None]) -> None:
        """`told` where a new message has come, which takes the drafts there away."""
        self._listeners.append(told)

    def drop(self, method: str, params: Mapping[str, Any]) -> None:
        """Forget a waiting edit or draft of the same identity: it is out of date."""
        self._lane(int(params["chat_id"]), family(method)).drop(same(method, params))

    def prune(self, chat: int) -> None:
        """Forget now what waits there and is not `wanted` any more."""
        self._lane(chat, Family.MESSAGE).prune()

    def penalty(self, chat: int) -> float:
        """Seconds of pause that Telegram has asked for so far, for messages of this chat."""
        return self._lane(chat, Family.MESSAGE).penalty

    def idle(self) -> bool:
        return all(lane.worker is None for lane in self._lanes.values())

    def _lane(self, chat: int, kind: Family) -> Lane:
        if (chat, kind) not in self._lanes:
            self._lanes[chat, kind] = Lane(chat, kind, limiters(kind, chat, self._rates))
        return self._lanes[chat, kind]

    async def _serve(self, lane: Lane) -> None:
        try:
            while not lane.empty():
                if await self._acquire(lane) and (job := lane.pop()):
                    await self._carry_out(lane, job)
        finally:
            lane.worker = None

    async def _acquire(self, lane: Lane) -> bool:
        """True when one call may leave now: paid for, and nobody asked for a pause."""
        if (pause := self._pause(lane)) > 0:
            await self._clock.sleep(pause)
        elif not lane.affords():
            await self._clock.sleep(LOOK)
        else:
            await lane.acquire()
            await self._overall.acquire(lane.urgency)
            return self._pause(lane) <= 0
        return False

    def _pause(self, lane: Lane) -> float:
        messages = self._lane(lane.chat, Family.MESSAGE)
        closed = (self._closed_until.get(kind, 0.0) for kind in {Family.MESSAGE, lane.family})
        until = max(lane.paused_until, messages.paused_until, *closed)
        return until - self._clock.monotonic()

    async def _carry_out(self, lane: Lane, job: Job) -> None:
        try:
            result = await self._call(lane, job)
        except ChatBusy as busy:
            self._ban(lane, job.method, busy)
            if job.priority >= Priority.DRAFT:
                job.fail(busy)  # out of date when the ban is over
            else:
                lane.put_back(job)
        except ChatUnreachable as error:
            self._again(lane, job, error)
        except BridgeError as error:
            job.fail(error)
        except asyncio.CancelledError:
            job.cancel()
            raise
        except Exception as error:
            log.exception("outbox_broke", method=job.method)
            job.fail(error)
        else:
            job.succeed(result)
            self._tell(job)

    def _tell(self, job: Job) -> None:
        if job.method.startswith("send") and family(job.method) is Family.MESSAGE:
            place = Place(job.params["chat_id"], job.params.get("message_thread_id", 0))
            for told in self._listeners:
                told(place)

    async def _call(self, lane: Lane, job: Job) -> Any:
        """ChatUnreachable: it may be repeated, since nothing came of it or it is harmless."""
        mark = self._register.mark(lane.chat)
        params = {**job.params, **job.latest()}
        try:
            result = await self._api.call(job.method, **params)
        except ChatUnreachable as error:
            if not error.perhaps_done or job.method.startswith(HARMLESS):
                raise
            result = await self._found(lane, params, mark)
            if result is None:
                raise
        self._register.result(lane.chat, result)
        return result

    async def _found(self, lane: Lane, lost: Mapping[str, Any], mark: Mark) -> Any:
        """The lost message, or None: it never arrived."""
        await self._clock.sleep(SETTLE)
        for number in self._register.suspects(lane.chat, mark):
            if await self._there(lane, lost, number):
                log.info("lost_message_found", chat=lane.chat, message=number)
                return {"message_id": number}
        log.info("lost_message_gone", chat=lane.chat)
        return None

    async def _there(self, lane: Lane, lost: Mapping[str, Any], number: int) -> bool:
        for tries in itertools.count():
            while (pause := self._pause(lane)) > 0:
                await self._clock.sleep(pause)
            await lane.acquire()
            await self._overall.acquire(lambda: Priority.FINAL)
            try:
                result = await self._api.call("editMessageReplyMarkup", **fate.probe(lost, number))
            except BadCall:
                return False
            except ChatBusy as busy:
                self._ban(lane, "editMessageReplyMarkup", busy)
            except ChatUnreachable:
                lane.pause(self._clock.monotonic() + pause_after(tries))
            else:
                return fate.there(lost, result)
        raise AssertionError("unreachable")

    def _again(self, lane: Lane, job: Job, error: ChatUnreachable) -> None:
        if job.priority > Priority.FINAL and job.tries >= len(PAUSES):
            job.fail(error)
            return
        lane.pause(self._clock.monotonic() + pause_after(job.tries))
        job.tries += 1
        lane.put_back(job)

    def _ban(self, lane: Lane, method: str, busy: ChatBusy) -> None:
        now = self._clock.monotonic()
        log.warning("chat_busy", method=method, chat=lane.chat, seconds=busy.retry_after)
        lane.pause(now + busy.retry_after)
        lane.penalty += busy.retry_after
        self._hits[lane.chat, lane.family] = now
        hit = [
            self._lanes[key].paused_until
            for key, at in self._hits.items()
            if key[1] is lane.family and now - at <= TOGETHER
        ]
        if len(hit) > 1:
            closed = self._closed_until.get(lane.family, 0.0)
            self._closed_until[lane.family] = max(closed, *hit)

    async def _free(self, method: str, params: Mapping[str, Any]) -> Any:
        """Calls that name no chat have no limit."""
        for tries in itertools.count():
            try:
                return await self._api.call(method, **params)
            except ChatUnreachable:
                if tries >= len(PAUSES) or not method.startswith(HARMLESS):
                    raise
                await self._clock.sleep(pause_after(tries))
        raise AssertionError("unreachable")


def pause_after(tries: int) -> float:
    """Seconds."""
    return PAUSES[min(tries, len(PAUSES) - 1)]
