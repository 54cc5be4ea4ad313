"""The process that serves one session: started, taken over from the spare, resumed, tuned.

One that died, or that lacks what the next turn needs, is replaced by another one with the same
history.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from claude_agent_sdk import ClaudeSDKError, ProcessError, ResultError

from bridge.agent import planning
from bridge.agent.connection import Connection, Options, Owner
from bridge.agent.past import Past, new_home
from bridge.agent.permit import Note, unnoted
from bridge.agent.transcript import State
from bridge.errors import AgentError
from bridge.model import Exchange, Prompt, Session

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is needed to start a process.

    `config` is the folder of the homes; `start` is held while a process starts; `spare` is one
    that is ready already, if there is one; `recent` is what was said last in the session;
    `escalate` is what a model is told of the tool that calls for a larger one; `note` writes the
    audit trail; `approve_minutes` may the user take to answer.
    """

    config: Path
    options: Options
    start: Callable[[], AbstractAsyncContextManager[object]]
    spare: Callable[[], Awaitable[Connection | None]]
    recent: Callable[[], Awaitable[Sequence[Exchange]]]
    escalate: str = ""
    note: Note = unnoted
    approve_minutes: float = 60.0


class Host:
    def __init__(self, session: Session, ground: Ground) -> None:
        self.past = Past(session, ground.config)
        self.connection: Connection | None = None
        self._session = session
        self._ground = ground

    @property
    def live(self) -> Connection:
        assert self.connection  # noqa: S101 only used while connected
        return self.connection

    async def ready(self, prompt: Prompt, owner: Owner) -> str:
        """A process that can take this prompt. The sentence for the user when its history is new.

        AgentError: the model cannot be used. ClaudeSDKError, OSError, TimeoutError: no process.
        """
        if self.connection and not self._fits(self.connection, prompt):
            await self.drop()
        notice = "" if self.connection else await self._start(prompt)
        self.live.owner = owner
        await switch(self.live, prompt.model)
        await self.live.strain(prompt.effort)
        await self.live.plan(on=planning.wanted(prompt.text))
        return notice

    async def drop(self) -> None:
        connection, self.connection = self.connection, None
        if connection:
            await connection.close()

    def _fits(self, connection: Connection, prompt: Prompt) -> bool:
        """What a process offers is fixed when it starts."""
        wanted = prompt.climb is not None and self._ground.escalate
        return connection.alive and (connection.climbs or not wanted)

    async def _start(self, prompt: Prompt) -> str:
        notice = await asyncio.to_thread(self.past.check)
        if not await self._took_spare(prompt.model):
            async with self._ground.start():
                notice = await self._open(prompt) or notice
        if notice:
            log.warning("claude.anew", session=str(self._session.key))
        return notice

    async def _took_spare(self, model: str) -> bool:
        """A session without a history can be started by a process that is there already."""
        if self.past.home or self.past.id:
            return False
        spare = await self._ground.spare()
        if spare is None:
            return False
        try:
            await spare.move(self._session.folder)
            await switch(spare, model)
        except (ClaudeSDKError, AgentError) as error:
            log.warning("claude.spare", error=str(error)[:200])
            await spare.close()
            return False
        self.connection, self.past.home = spare, spare.home
        return True

    async def _open(self, prompt: Prompt) -> str:
        """A process with the history. Does Claude Code refuse that, one with a new history.

        The sentence for the user in that case.
        """
        past = self.past
        past.home = past.home or new_home(self._ground.config)
        connection = self.connection = Connection(past.home)
        escalate = self._ground.escalate if prompt.climb else ""
        begin = partial(connection.open, self._ground.options, prompt.model, escalate=escalate)
        try:
            await begin(resume=past.id, fork=past.fork)
        except (ResultError, ProcessError) as error:
            if past.id is None:
                raise
            log.warning("claude.resume", session=str(self._session.key), error=str(error)[:200])
            await begin()
            return await asyncio.to_thread(past.abandon, State.DAMAGED)
        return ""


async def switch(connection: Connection, model: str) -> None:
    """AgentError: the model cannot be used. ClaudeSDKError: the process has died of it."""
    try:
        await connection.switch(model)
    except ClaudeSDKError as error:
        if not connection.alive:
            raise
        log.warning("claude.model", model=model, error=str(error)[:200])
        raise AgentError(f"The model {model} cannot be used now. Choose another one.") from error
