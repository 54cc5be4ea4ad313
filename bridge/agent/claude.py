"""One Claude Code process in one session, and the turns it runs.

A permanent reader takes everything that Claude Code says: when nobody reads, the SDK's
calls hang. A turn ends with the result that lists its uuid, because one prompt is not one
result: turns may be merged, or started by Claude Code itself. A process that died is
dropped; the next turn starts another one with the same history.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    HookMatcher,
    ResultMessage,
)

from bridge.agent.asking import Asker
from bridge.agent.events import Translator
from bridge.agent.failures import translated
from bridge.agent.guard import Guard
from bridge.agent.permit import Permit
from bridge.errors import AgentError
from bridge.model import AgentEvent, Ask, Asked, Completed, Outcome, Prompt, Session, Started

log = structlog.get_logger(__name__)

CONNECT = 30.0  # seconds; a start takes 0.4 s, a few on a loaded machine
WIND_DOWN = 2.0  # seconds that an interrupted turn has to end before its process does
STDERR = 40  # lines kept for the hint of a failure

Options = Callable[..., ClaudeAgentOptions]


@dataclass(slots=True)
class Run:
    """The running turn. What is put into `items` is an event, or the error that ended it."""

    prompt: Prompt
    translator: Translator
    items: "asyncio.Queue[AgentEvent | Exception]" = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    sent: bool = False
    stopped: bool = False


class Claude:
    """Implements the port `Agent`. `options` is called for each start of the process."""

    def __init__(
        self, session: Session, guard: Guard, options: Options, start: asyncio.Semaphore
    ) -> None:
        self._session = session
        self._resume = session.claude_id
        self._options = options
        self._start = start
        self._permit = Permit(guard, self._asker, self._ask)
        self._client: ClaudeSDKClient | None = None
        self._reader: asyncio.Task[None] | None = None
        self._model = ""
        self._run: Run | None = None
        self._stderr: deque[str] = deque(maxlen=STDERR)

    @property
    def busy(self) -> bool:
        return self._run is not None

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        run = self._run = Run(prompt, Translator(self._session.folder))
        try:
            await self._send(run)
            while True:
                item = await run.items.get()
                if isinstance(item, Exception):
                    raise await self._dead(item)
                yield item
                if isinstance(item, Completed):
                    return
        finally:
            if not run.over.is_set():
                await self._wind_down(run)
            self._run = None

    async def interrupt(self) -> None:
        """A turn that has not reached Claude Code yet ends before it does."""
        if self._run is None:
            return
        self._run.stopped = True
        if self._client and self._run.sent:
            try:
                await self._client.interrupt()
            except ClaudeSDKError as error:
                # It is dying; the reader ends the turn with the reason.
                log.warning("claude.interrupt", error=type(error).__name__)

    async def reply(self, nonce: str, chosen: Sequence[int]) -> None:
        self._permit.reply(nonce, chosen)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        try:
            await client.disconnect()
        except ClaudeSDKError as error:
            log.warning("claude.disconnect", session=str(self._session.key), error=str(error))

    def _asker(self) -> Asker | None:
        if self._run is None:
            return None
        return Asker(self._session.key, self._run.prompt.update_id, self._run.prompt.user)

    def _ask(self, ask: Ask) -> None:
        if self._run:
            self._run.items.put_nowait(Asked(ask))

    async def _send(self, run: Run) -> None:
        try:
            client = await self._connected(run.prompt.model)
            if run.stopped:
                run.over.set()
                run.items.put_nowait(Completed(Outcome.STOPPED, ""))
                return
            run.sent = True
            await client.query(one(run.prompt))
            if run.stopped:
                await client.interrupt()
        except (ClaudeSDKError, OSError, TimeoutError) as error:
            raise await self._dead(error) from error

    async def _connected(self, model: str) -> ClaudeSDKClient:
        if self._reader and self._reader.done():
            await self.close()
        if self._client is None:
            async with self._start, asyncio.timeout(CONNECT):
                self._client = await self._open(model)
            self._model = model
            self._reader = asyncio.create_task(self._read(self._client))
        elif self._model != model:
            await self._switch(self._client, model)
        return self._client

    async def _switch(self, client: ClaudeSDKClient, model: str) -> None:
        try:
            await client.set_model(model)
        except ClaudeSDKError as error:
            log.warning("claude.model", model=model, error=str(error)[:200])
            raise AgentError(
                f"The model {model} cannot be used now. Choose another one."
            ) from error
        self._model = model

    async def _open(self, model: str) -> ClaudeSDKClient:
        """A process with the session's history; with a new one where that cannot be opened."""
        try:
            return await self._connect(model, self._resume)
        except ClaudeSDKError as error:
            if self._resume is None:
                raise
            log.warning("claude.resume", session=str(self._session.key), error=str(error)[:200])
            return await self._connect(model, None)

    async def _connect(self, model: str, resume: str | None) -> ClaudeSDKClient:
        hook: Any = HookMatcher(hooks=[self._permit.rule], on_failure="block")
        client = ClaudeSDKClient(
            self._options(
                can_use_tool=self._permit.ask,
                hooks={"PreToolUse": [hook]},
                stderr=self._stderr.append,
                model=model,
                resume=resume,
            )
        )
        try:
            await client.connect()
        except BaseException:
            await client.disconnect()
            raise
        return client

    async def _read(self, client: ClaudeSDKClient) -> None:
        """Whatever ends the reader ends the turn, with a sentence."""
        try:
            async for message in client.receive_messages():
                self._heard(message)
            self._lost(ClaudeSDKError("Claude Code ended"))
        except Exception as error:  # noqa: BLE001 see above
            self._lost(error)

    def _heard(self, message: Any) -> None:
        run = self._run
        if run is None or not run.sent:
            return
        if not isinstance(message, ResultMessage):
            for event in run.translator.tell(message):
                run.items.put_nowait(event)
                if isinstance(event, Started):
                    self._resume = event.claude_id
        elif run.prompt.uuid in (message.user_message_uuids or ()):
            run.over.set()
            run.items.put_nowait(run.translator.complete(message, stopped=run.stopped))

    def _lost(self, error: Exception) -> None:
        log.warning("claude.lost", session=str(self._session.key), error=type(error).__name__)
        if self._run:
            self._run.over.set()
            self._run.items.put_nowait(error)

    async def _wind_down(self, run: Run) -> None:
        """The turn was given up from outside: interrupt, so that it does not go on alone."""
        if self._client is None or not run.sent:
            return
        try:
            async with asyncio.timeout(WIND_DOWN):
                await self._client.interrupt()
                await run.over.wait()
        except (TimeoutError, ClaudeSDKError) as error:
            log.warning("claude.wind_down", error=type(error).__name__)

    async def _dead(self, error: Exception) -> AgentError:
        if isinstance(error, AgentError):
            return error
        await self.close()
        return translated(error, "\n".join(self._stderr))


async def one(prompt: Prompt) -> AsyncIterator[dict[str, Any]]:
    yield {
        "type": "user",
        "uuid": prompt.uuid,
        "parent_tool_use_id": None,
        "message": {"role": "user", "content": prompt.text},
    }
