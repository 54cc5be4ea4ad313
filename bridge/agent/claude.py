"""Claude Code in one session, and the turns it runs there.

A process that died is dropped; the next turn starts another one with the same history.
A stop always ends the turn: when Claude Code does not, its process is ended.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from claude_agent_sdk import ClaudeSDKError, Message, ProcessError, ResultError

from bridge.agent.asking import Asker
from bridge.agent.connection import Connection, Options
from bridge.agent.failures import AGAIN, translated
from bridge.agent.guard import Guard
from bridge.agent.past import Past, new_home, summary
from bridge.agent.permit import Permit
from bridge.agent.running import Run
from bridge.agent.transcript import State
from bridge.errors import AgentError
from bridge.model import (
    AgentEvent,
    Ask,
    Asked,
    Completed,
    Exchange,
    Noticed,
    Outcome,
    Prompt,
    Session,
    Started,
)

log = structlog.get_logger(__name__)

WIND_DOWN = 3.0  # seconds that an interrupted turn has to end before its process does
KILLED = f"Claude Code did not go on and was ended. {AGAIN}"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a client needs to start a process.

    `config` is the folder of the homes; `start` is held while a process starts; `spare` is one
    that is ready already, if there is one; `recent` is what was said last in the session.
    """

    config: Path
    options: Options
    start: Callable[[], AbstractAsyncContextManager[object]]
    spare: Callable[[], Awaitable[Connection | None]]
    recent: Callable[[], Awaitable[Sequence[Exchange]]]


class Claude:
    """Implements the port `Agent`."""

    def __init__(self, session: Session, guard: Guard, ground: Ground) -> None:
        self.permit = Permit(guard, self._asker, self._ask)
        self._session = session
        self._ground = ground
        self._past = Past(session, ground.config)
        self._connection: Connection | None = None
        self._run: Run | None = None

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        run = self._run = Run(prompt, self._session.folder)
        try:
            await self._begin(run)
            while True:
                item = await run.items.get()
                match item:
                    case Exception():
                        raise await self._dead(item)
                    case Completed():
                        yield await self._recorded(item)
                        return
                    case Started():
                        self._past.began(item.claude_id)
                        yield replace(item, home=self._home)
                    case _:
                        yield item
        finally:
            if run.sent and not run.over.is_set():
                await self._stop(run)
            self._run = None

    async def steer(self, prompt: Prompt) -> bool:
        run, connection = self._run, self._connection
        if run is None or connection is None or not run.sent:
            return False
        if run.stopped or run.over.is_set():
            return False
        run.open.add(prompt.uuid)
        try:
            await connection.send(prompt.uuid, prompt.text)
        except (ClaudeSDKError, OSError) as error:
            log.warning("claude.steer", error=type(error).__name__)
            return False  # it is dying; the reader ends the turn with the reason
        return True

    async def interrupt(self) -> None:
        """A turn that has not reached Claude Code yet ends before it does."""
        run = self._run
        if run is None or run.over.is_set():
            return
        run.stopped = True
        if run.sent:
            await self._stop(run)

    async def kill(self) -> None:
        if self._run and not self._run.stopped:
            self._run.fatal = AgentError(KILLED)
        if self._connection:
            await asyncio.to_thread(self._connection.kill)

    async def reply(self, nonce: str, chosen: Sequence[int]) -> None:
        self.permit.reply(nonce, chosen)

    async def close(self) -> None:
        if self._run:
            self._run.end(ClaudeSDKError("closed"))
        await self._drop()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    def heard(self, message: Message) -> None:
        if self._run and self._run.sent:
            self._run.heard(message)

    def lost(self, error: Exception) -> None:
        log.warning("claude.lost", session=str(self._session.key), error=type(error).__name__)
        if self._run:
            stopped = Completed(Outcome.STOPPED, "")
            self._run.end(stopped if self._run.stopped else self._run.fatal or error)

    def _asker(self) -> Asker | None:
        if self._run is None:
            return None
        return Asker(self._session.key, self._run.prompt.update_id, self._run.prompt.user)

    def _ask(self, ask: Ask) -> None:
        if self._run:
            self._run.tell(Asked(ask))

    async def _begin(self, run: Run) -> None:
        try:
            lead = await self._connected(run)
            if run.stopped:
                run.end(Completed(Outcome.STOPPED, ""))
                return
            run.sent = True
            await self._live.send(run.prompt.uuid, lead + run.prompt.text)
            if run.stopped:
                await self._stop(run)
        except (ClaudeSDKError, OSError, TimeoutError) as error:
            raise await self._dead(error) from error

    @property
    def _live(self) -> Connection:
        assert self._connection  # noqa: S101 only used while connected
        return self._connection

    async def _connected(self, run: Run) -> str:
        """Ready for the prompt, which these words should precede."""
        if self._connection and not self._connection.alive:
            await self._drop()
        if self._connection is None:
            return await self._start(run)
        await self._switch(self._connection, run.prompt.model)
        return ""

    async def _start(self, run: Run) -> str:
        notice = await asyncio.to_thread(self._past.check)
        if not await self._took_spare(run.prompt.model):
            async with self._ground.start():
                notice = await self._open(run.prompt.model) or notice
        self._live.owner = self
        if not notice:
            return ""
        log.warning("claude.anew", session=str(self._session.key))
        run.tell(Noticed(notice))
        return summary(await self._ground.recent())

    async def _took_spare(self, model: str) -> bool:
        """A session without a history can be started by a process that is there already."""
        if self._past.home or self._past.id:
            return False
        spare = await self._ground.spare()
        if spare is None:
            return False
        try:
            await spare.move(self._session.folder)
            await self._switch(spare, model)
        except (ClaudeSDKError, AgentError) as error:
            log.warning("claude.spare", error=str(error)[:200])
            await spare.close()
            return False
        self._connection, self._past.home = spare, spare.home
        return True

    async def _open(self, model: str) -> str:
        """A process with the history. Does Claude Code refuse that, one with a new history.

        The sentence for the user in that case.
        """
        past = self._past
        past.home = past.home or new_home(self._ground.config)
        connection = self._connection = Connection(past.home)
        try:
            await connection.open(self._ground.options, model, past.id, fork=past.fork)
        except (ResultError, ProcessError) as error:
            if past.id is None:
                raise
            log.warning("claude.resume", session=str(self._session.key), error=str(error)[:200])
            await connection.open(self._ground.options, model)
            return await asyncio.to_thread(past.abandon, State.DAMAGED)
        return ""

    async def _switch(self, connection: Connection, model: str) -> None:
        try:
            await connection.switch(model)
        except ClaudeSDKError as error:
            if not connection.alive:
                raise
            log.warning("claude.model", model=model, error=str(error)[:200])
            raise AgentError(
                f"The model {model} cannot be used now. Choose another one."
            ) from error

    async def _stop(self, run: Run) -> None:
        """End the turn: the prompts that wait are taken back, then the running one is cut."""
        connection = self._connection
        if connection is None:
            return
        try:
            async with asyncio.timeout(WIND_DOWN):
                await self._cancel(connection, run, list(run.open))
                if not run.over.is_set():
                    await self._cancel(connection, run, await connection.interrupt())
                await run.over.wait()
        except (TimeoutError, ClaudeSDKError, OSError) as error:
            log.warning("claude.stop", error=type(error).__name__)
            await self.kill()

    async def _cancel(self, connection: Connection, run: Run, uuids: Sequence[str]) -> None:
        for uuid in uuids:
            if await connection.cancel(uuid):
                run.cancelled(uuid)

    async def _recorded(self, end: Completed) -> Completed:
        entry = await asyncio.to_thread(self._past.mark)
        return replace(end, home=self._home, last_entry=entry)

    @property
    def _home(self) -> str:
        return self._past.home.name if self._past.home else ""

    async def _dead(self, error: Exception) -> AgentError:
        """The sentence for it. Only an error of our own may leave a process that works."""
        connection = self._connection
        if isinstance(error, AgentError) and connection and connection.alive:
            return error
        await self._drop()
        if isinstance(error, AgentError):
            return error
        return translated(error, connection.stderr if connection else "")
