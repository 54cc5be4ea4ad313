"""One chat's queue: what waits to be sent there, and the budgets it has to pass.

A newer edit or draft of the same message takes the place of one that still waits; both
callers get the newer one's result.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiolimiter import AsyncLimiter

from bridge.telegram.rates import Family

Same = tuple[str, object]


class Priority(IntEnum):
    PROMPT = 0  # what somebody waits for: a question that blocks a turn, the reply to a command
    FINAL = 1
    STATUS = 2
    DRAFT = 3
    TYPING = 4


KEPT = {Priority.PROMPT: 0, Priority.FINAL: 1}  # calls left in the budget for more urgent ones
KEPT_OTHERWISE = 2

IDENTITY = {  # what two calls must have in common for the newer to replace the older
    "editMessageText": "message_id",
    "editMessageReplyMarkup": "message_id",
    "deleteMessage": "message_id",
    "setMessageReaction": "message_id",
    "sendMessageDraft": "draft_id",
    "sendChatAction": "action",
}


def same(method: str, params: Mapping[str, Any]) -> Same | None:
    field = IDENTITY.get(method)
    return (method, params.get(field)) if field else None


@dataclass(slots=True, eq=False)
class Job:
    method: str
    params: Mapping[str, Any]
    priority: Priority
    order: int
    waiters: list[asyncio.Future[Any]]
    wanted: Callable[[], bool]  # asked just before it leaves
    latest: Callable[[], Mapping[str, Any]]  # further parameters, made when it leaves
    tries: int = 0

    @property
    def same(self) -> Same | None:
        return same(self.method, self.params)

    @property
    def abandoned(self) -> bool:
        """Everyone who wanted it was cancelled."""
        return all(waiter.cancelled() for waiter in self.waiters)

    def succeed(self, result: Any) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(result)

    def fail(self, error: BaseException) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(error)

    def cancel(self) -> None:
        for waiter in self.waiters:
            waiter.cancel()


class Lane:
    def __init__(self, chat: int, family: Family, limiters: Sequence[AsyncLimiter]) -> None:
        self.chat = chat
        self.family = family
        self.paused_until = 0.0  # monotonic seconds
        self.penalty = 0.0  # seconds of pause that Telegram has asked for so far
        self.worker: asyncio.Task[None] | None = None
        self._limiters = limiters
        self._jobs: list[Job] = []

    async def acquire(self) -> None:
        for limiter in self._limiters:
            await limiter.acquire()

    def affords(self) -> bool:
        """Whether the most urgent may take from the budget, or has to leave what is there.

        So a final answer never waits because pictures have used everything up.
        """
        if self.family is not Family.MESSAGE:
            return True
        kept = KEPT.get(self.urgency(), KEPT_OTHERWISE)
        return all(each.has_capacity(min(1 + kept, each.max_rate)) for each in self._limiters)

    def urgency(self) -> Priority:
        return min((job.priority for job in self._jobs), default=Priority.TYPING)

    def pause(self, until: float) -> None:
        self.paused_until = max(self.paused_until, until)

    def add(self, job: Job) -> None:
        """Queue it, or renew the one of the same identity that waits already."""
        old = self._find(job.same)
        if old is None:
            self._jobs.append(job)
            return
        old.method, old.params = job.method, job.params
        old.wanted, old.latest = job.wanted, job.latest
        old.priority = min(old.priority, job.priority)
        old.waiters.extend(job.waiters)

    def put_back(self, job: Job) -> None:
        """It has to go again; by now a newer one may have come, which goes in its stead."""
        newer = self._find(job.same)
        if newer is None:
            self._jobs.append(job)
        else:
            newer.waiters.extend(job.waiters)

    def drop(self, identity: Same | None) -> None:
        """Forget one that waits; its callers get None."""
        job = self._find(identity)
        if job is not None:
            self._jobs.remove(job)
            job.succeed(None)

    def pop(self) -> Job | None:
        """The most urgent, of these the oldest."""
        self.prune()
        if not self._jobs:
            return None
        job = min(self._jobs, key=lambda j: (j.priority, j.order))
        self._jobs.remove(job)
        return job

    def empty(self) -> bool:
        self.prune()
        return not self._jobs

    def cancel(self) -> None:
        for job in self._jobs:
            job.cancel()
        self._jobs.clear()

    def prune(self) -> None:
        """Forget what nobody wants any more; its callers get None."""
        for job in [job for job in self._jobs if not job.wanted()]:
            self._jobs.remove(job)
            job.succeed(None)
        self._jobs = [job for job in self._jobs if not job.abandoned]

    def _find(self, identity: Same | None) -> Job | None:
        if identity is None:
            return None
        return next((job for job in self._jobs if job.same == identity), None)
