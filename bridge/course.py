"""The course of one turn at the agent: signals reach it, and a watchdog ends it if need be.

What has been begun for a turn ends with it, or it would hit the next one.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import structlog

from bridge.errors import AgentError, Fenced
from bridge.mailbox import Mailbox
from bridge.model import (
    AgentEvent,
    Asked,
    Completed,
    Inbound,
    Lapsed,
    Outcome,
    Prompt,
    Session,
    Signal,
    Steer,
    Stop,
    Tapped,
)
from bridge.ports import Agent, Desk
from bridge.session import Event, State
from bridge.settings import Settings
from bridge.watchdog import Watchdog
from bridge.work import worded

log = structlog.get_logger(__name__)

STOP = 5.0  # seconds that a turn may take to end when its user stops it; then it is killed
WIND_DOWN = 10.0  # the same when the watchdog does
LAST_WORD = 2.0  # seconds that a signal under way may take when its turn is over


class Course:
    """Implements `turn.Work`. Entered from the choice of the message until the turn is closed."""

    def __init__(
        self,
        inbound: Inbound,
        session: Session,
        agent: Agent,
        mailbox: Mailbox,
        desk: Desk,
        settings: Settings,
    ) -> None:
        self.absorbed: list[int] = []
        self._inbound = inbound
        self._agent = agent
        self._mailbox = mailbox
        self._inbox = desk.inbox
        self._files = desk.files
        self._folder = session.folder
        self._clock = desk.clock
        longest = session.minutes or settings.sessions.turn_minutes
        now = self._clock.monotonic()
        self._watchdog = Watchdog(settings.sessions.silence_minutes, longest, now)
        self._open: set[str] = set()  # the questions that the user has not answered
        self._objection = ""  # the watchdog's, once it has ended the turn
        self._dead = False
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._mailbox.take(Event.MESSAGE)
        self._mailbox.forget()
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        lost = self._dead or isinstance(error, Fenced)
        self._mailbox.take(Event.CRASH if lost else Event.END)

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        """As `Agent.run`; a turn that was ended from here is Completed, whatever the agent says."""
        async with self._attended(prompt), aclosing(self._events(prompt)) as events:
            async for event in events:
                yield event

    async def switch(self, model: str) -> None:
        """As `Agent.switch`."""
        await self._agent.switch(model)

    async def _events(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        self._listen()
        try:
            async with aclosing(self._agent.run(prompt)) as events:
                async for event in events:
                    yield self._heard(event)
                    self._listen()
        except AgentError:
            self._dead = True
            end = self._wished()
            if end is None:
                raise
        else:
            return
        yield end

    def _listen(self) -> None:
        """From here on silence counts."""
        asking = self._mailbox.state is State.ASKING
        self._watchdog.waiting_since = None if asking else self._clock.monotonic()

    def _heard(self, event: AgentEvent) -> AgentEvent:
        self._watchdog.waiting_since = None
        match event:
            case Asked(ask):
                self._open.add(ask.nonce)
                self._mailbox.take(Event.ASK)
            case Lapsed(ask):
                self._answered(ask.nonce)
            case Completed() if self._objection and event.outcome is not Outcome.DONE:
                return replace(event, outcome=Outcome.FAILED, text=self._objection)
        return event

    def _wished(self) -> Completed | None:
        """The end of a turn whose process was killed from here. None: it died by itself."""
        if self._objection:
            return Completed(Outcome.FAILED, self._objection)
        if self._mailbox.state is State.STOPPING:
            return Completed(Outcome.STOPPED, "")
        return None

    @asynccontextmanager
    async def _attended(self, prompt: Prompt) -> AsyncIterator[None]:
        self._begin(self._relay(prompt))
        self._begin(self._watch())
        try:
            yield
        finally:
            self._over.set()
            self._mailbox.hang_up()
            try:
                await asyncio.wait(self._tasks, timeout=LAST_WORD)
            finally:
                for task in self._tasks:
                    task.cancel()

    async def _relay(self, prompt: Prompt) -> None:
        while signal := await self._mailbox.signal():
            try:
                await self._obey(signal, prompt)
            except Exception:
                log.exception("signal.broken", signal=type(signal).__name__)

    async def _obey(self, signal: Signal, prompt: Prompt) -> None:
        match signal:
            case Stop():
                self._mailbox.take(Event.STOP)
                self._begin(self._end(STOP))
            case Tapped(nonce=nonce, chosen=chosen, words=words, user=user):
                await self._agent.reply(nonce, chosen, words, user)
                self._answered(nonce)
            case Steer(update_id=update_id):
                await self._steer(update_id, prompt)

    def _answered(self, nonce: str) -> None:
        if nonce not in self._open:
            return
        self._open.remove(nonce)
        if not self._open:
            self._mailbox.take(Event.REPLY)
            self._listen()

    async def _steer(self, update_id: int, prompt: Prompt) -> None:
        """Only a message of the same user, who pays for the turn; any other goes on waiting."""
        message = await self._inbox.find(update_id)
        if message is None or update_id in self.absorbed:
            return
        mine = (message.key, message.user) == (self._inbound.key, self._inbound.user)
        if not mine or self._mailbox.state is State.STOPPING:
            return
        more = replace(
            prompt,
            uuid=str(uuid.uuid4()),
            update_id=update_id,
            text=worded(message),
            files=await self._files.fetch(message, self._folder),
        )
        if await self._agent.steer(more):
            self.absorbed.append(update_id)
            log.info("turn.steered", update=self._inbound.update_id, absorbed=update_id)

    async def _watch(self) -> None:
        while not (objection := self._watchdog.objection(self._clock.monotonic())):
            if await self._over_within(self._watchdog.patience(self._clock.monotonic())):
                return
        if self._mailbox.state is not State.STOPPING:
            log.warning("turn.ended", update=self._inbound.update_id, why=objection)
            self._objection = objection
            await self._end(WIND_DOWN)

    async def _end(self, grace: float) -> None:
        """Interrupt the turn; end the agent's process when the turn goes on for `grace` seconds."""
        self._begin(self._interrupt())
        if not await self._over_within(grace):
            log.warning("turn.killed", update=self._inbound.update_id)
            await self._agent.kill()

    async def _interrupt(self) -> None:
        try:
            await self._agent.interrupt()
        except Exception:
            log.exception("signal.broken", signal="interrupt")

    async def _over_within(self, seconds: float) -> bool:
        """Whether the turn ends in that time."""
        over = asyncio.create_task(self._over.wait())
        time = asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait({over, time}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            time.cancel()
        return self._over.is_set()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.create_task(work))
