"""One Claude Code process: started, spoken to, ended.

Its owner may come after its start: a spare process works for nobody yet. A permanent reader
takes everything that Claude Code says: when nobody reads, the SDK's calls hang. Those calls
wait up to a minute for an answer and fail with a bare `Exception`; here each has its limit
and fails with an error of the SDK. Three of the requests have no method in the SDK.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, cast

import structlog
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    CLIConnectionError,
    HookContext,
    HookInput,
    HookJSONOutput,
    HookMatcher,
    Message,
    PermissionResult,
    ToolPermissionContext,
)

from bridge.agent import leftovers, planning
from bridge.agent.guard import SERVER
from bridge.agent.permit import Permit
from bridge.agent.workshop import Worker, Workshop

log = structlog.get_logger(__name__)

START = 30.0  # seconds; a start takes 0.4 s, a few on a loaded machine
ANSWER = 2.0  # seconds to answer a request; it takes some milliseconds
CHECK = 30.0  # seconds to answer for a model, which is asked of the API
GRACE = 2.0  # seconds to end by itself
STDERR = 40  # lines kept for the hint of a failure
SUBAGENT = "agent_id"  # in what a hook is given of one's tools, which the turn does not hear of

Options = Callable[..., ClaudeAgentOptions]
Content = str | list[dict[str, Any]]  # of a prompt: its text, or the API's blocks


class Owner(Worker, Protocol):
    """Whom the process works for."""

    @property
    def permit(self) -> Permit: ...

    def heard(self, message: Message) -> None: ...

    async def called(self, tool_use: str) -> None:
        """Returns when the turn knows that this tool is about to run."""
        ...

    async def returned(self, tool_uses: Iterable[str]) -> None:
        """Returns when the turn knows what became of these tools."""
        ...

    def lost(self, error: Exception) -> None:
        """It has ended, for this reason."""
        ...


class Connection:
    """`home` is the process's own folder. `done` is called when it has been closed."""

    def __init__(self, home: Path, done: Callable[[], None] = lambda: None) -> None:
        self.home = home
        self.model = ""
        self.effort = ""  # "" = the model's own
        self.climbs = False  # a model can ask for a larger one
        self.owner: Owner | None = None
        self._mode = planning.USUAL
        self._done = done
        self._client: ClaudeSDKClient | None = None
        self._reader: asyncio.Task[None] | None = None
        self._over = False  # the reader has come to an end
        self._total: int | None = None  # micro-USD, by Claude Code's own count
        self._stderr: deque[str] = deque(maxlen=STDERR)

    @property
    def alive(self) -> bool:
        return self._reader is not None and not self._over

    @property
    def stderr(self) -> str:
        """The tail of what it wrote there."""
        return "\n".join(self._stderr)

    def spent(self, total: int | None) -> int | None:
        """Of the last turn, by the running total. None: it is not known where that began."""
        before, self._total = self._total, total
        return None if before is None or total is None else total - before

    async def open(
        self,
        options: Options,
        model: str,
        resume: str | None = None,
        *,
        fork: bool = False,
        escalate: str = "",
    ) -> None:
        """`escalate`: as in `Workshop.server`.

        ClaudeSDKError, OSError, TimeoutError: nothing is left running.
        """
        hooks: Any = {
            "PreToolUse": [HookMatcher(hooks=[self._rule], on_failure="block")],
            "PostToolBatch": [HookMatcher(hooks=[self._tell])],
        }
        self._total = None if resume else 0
        client = self._client = ClaudeSDKClient(
            options(
                home=self.home,
                can_use_tool=self._ask,
                hooks=hooks,
                own={SERVER: Workshop(self._worker).server(escalate)},
                stderr=self._stderr.append,
                model=model,
                resume=resume,
                fork_session=fork,
            )
        )
        connecting = asyncio.create_task(client.connect())
        try:
            async with asyncio.timeout(START):
                await asyncio.shield(connecting)
        except BaseException:
            connecting.cancel()
            await self._ended(connecting)
            self._client = None
            raise
        self.model, self.climbs = model, bool(escalate)
        self._reader = asyncio.create_task(self._read(client))

    async def send(self, uuid: str, content: Content) -> None:
        """One more prompt; `uuid` is never used twice. ClaudeSDKError, OSError, TimeoutError."""
        if self._client is None:
            raise CLIConnectionError("Claude Code has ended")
        async with asyncio.timeout(START):
            await self._client.query(one(uuid, content))

    async def interrupt(self) -> list[str]:
        """End the running turn; the prompts that wait for theirs."""
        answer = await self._request(ANSWER, subtype="interrupt")
        return list(answer.get("still_queued") or ())

    async def cancel(self, uuid: str) -> bool:
        """Take back a prompt that waits. False: it is being answered, or was."""
        answer = await self._request(ANSWER, subtype="cancel_async_message", message_uuid=uuid)
        return bool(answer.get("cancelled"))

    async def move(self, folder: Path) -> None:
        """Work in this folder from now on, its sandbox and its history too."""
        path = str(folder)
        await self._request(
            ANSWER, subtype="set_cwd", path=path, trust_accepted=True, trusted_directory=path
        )

    async def switch(self, model: str) -> None:
        if model != self.model:
            await self._request(CHECK, subtype="set_model", model=model)
            self.model = model

    async def strain(self, effort: str) -> None:
        """How hard the model thinks, from the next request on. What it does not know it ignores."""
        if effort != self.effort:
            flags = {"effortLevel": effort or None}
            await self._request(ANSWER, subtype="apply_flag_settings", settings=flags)
            self.effort = effort

    async def plan(self, *, on: bool) -> None:
        """Only plan, or work. Either mode may be entered and left by Claude Code itself."""
        mode = planning.MODE if on else planning.USUAL
        if mode != self._mode:
            await self._request(ANSWER, subtype="set_permission_mode", mode=mode)
            self._mode = mode

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        leftovers.kill(self.home)

    async def close(self) -> None:
        """Within 4 s: what does not end by itself is killed. After a crash, what it left too."""
        client, self._client = self._client, None
        if client is None:
            return
        crashed, self._over = not self.alive, True
        if self._reader:
            self._reader.cancel()
        try:
            await self._ended(asyncio.create_task(client.disconnect()))
        finally:
            if crashed:
                self.kill()
            self._done()

    async def _ended(self, task: "asyncio.Task[None]") -> None:
        """Wait for the process to end; whoever cancels this has it killed."""
        try:
            await asyncio.wait({task}, timeout=GRACE)
        finally:
            if not task.done():
                self.kill()
        await asyncio.wait({task}, timeout=GRACE)
        if not task.done():
            log.error("claude.stuck", home=self.home.name)
        elif not task.cancelled() and (error := task.exception()):
            log.info("claude.ended", home=self.home.name, error=type(error).__name__)

    async def _request(self, limit: float, **request: Any) -> dict[str, Any]:
        query = self._client._query if self._client else None  # noqa: SLF001 no public way
        if query is None:
            raise CLIConnectionError("Claude Code has ended")
        try:
            async with asyncio.timeout(limit):
                answer: dict[str, Any] = await query._send_control_request(request)  # noqa: SLF001
        except ClaudeSDKError:
            raise
        except TimeoutError:
            raise CLIConnectionError(f"no answer to {request['subtype']}") from None
        except Exception as error:
            raise ClaudeSDKError(str(error)) from error
        return answer

    async def _read(self, client: ClaudeSDKClient) -> None:
        """Whatever ends the reader is told to the owner."""
        error: Exception = ClaudeSDKError("Claude Code ended")
        try:
            async for message in client.receive_messages():
                self._mode = planning.mode(message) or self._mode
                if self.owner:
                    self.owner.heard(message)
        except Exception as reason:  # noqa: BLE001 see above
            error = reason
        self._over = True
        if self.owner:
            self.owner.lost(error)

    async def _rule(
        self, given: HookInput, _id: str | None, _context: HookContext
    ) -> HookJSONOutput:
        """Before a tool runs. That it fails is a no."""
        call, owner = cast("dict[str, Any]", given), self._worker()
        ruling = await owner.permit.rule(call, self.home / planning.FOLDER)
        if SUBAGENT not in call:
            await owner.called(call["tool_use_id"])
        return ruling

    async def _tell(
        self, given: HookInput, _id: str | None, _context: HookContext
    ) -> HookJSONOutput:
        """Before the request that brings the results. That it fails changes nothing."""
        batch = cast("dict[str, Any]", given)
        try:
            if SUBAGENT not in batch:
                await self._worker().returned([call["tool_use_id"] for call in batch["tool_calls"]])
        except Exception:
            log.exception("hook.broken", hook="PostToolBatch")
        return {}

    async def _ask(
        self, tool: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResult:
        return await self._worker().permit.ask(tool, given, context)

    def _worker(self) -> Owner:
        """Raises while it works for nobody; that counts as a no."""
        if self.owner is None:
            raise CLIConnectionError("this process works for nobody")
        return self.owner


async def one(uuid: str, content: Content) -> AsyncIterator[dict[str, Any]]:
    yield {
        "type": "user",
        "uuid": uuid,
        "parent_tool_use_id": None,
        "message": {"role": "user", "content": content},
    }
