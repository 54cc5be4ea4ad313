"""Claude Code in one session, and the turns it runs there.

A process that died is dropped; the next turn starts another one with the same history.
A stop always ends the turn: when Claude Code does not, its process is ended.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace

import structlog
from claude_agent_sdk import ClaudeSDKError, Message

from bridge.agent import leftovers, planning
from bridge.agent.asking import Asker
from bridge.agent.attaching import content
from bridge.agent.connection import Connection, Content
from bridge.agent.failures import AGAIN, hopeless, translated
from bridge.agent.guard import Guard
from bridge.agent.handover import Refused, discard, pack
from bridge.agent.host import Ground, Host, switch
from bridge.agent.past import summary
from bridge.agent.permit import Permit
from bridge.agent.running import Run
from bridge.errors import AgentError
from bridge.model import (
    AgentEvent,
    Completed,
    Filed,
    Noticed,
    Outcome,
    Prompt,
    Session,
    Started,
)

log = structlog.get_logger(__name__)

WIND_DOWN = 3.0  # seconds that an interrupted turn has to end before its process does
KILLED = f"Claude Code did not go on and was ended. {AGAIN}"
NOBODY = "No turn is running, so there is nobody to do that for."
ALONE = "No larger model can take over this turn. Go on yourself."
OUTGOING = "outgoing"  # in the home: copies of files on their way to the user


class Claude:
    """Implements the port `Agent`."""

    def __init__(self, session: Session, guard: Guard, ground: Ground) -> None:
        self.permit = Permit(guard, self._asker, self._tell, ground.note, ground.approve_minutes)
        self._session = session
        self._guard = guard
        self._recent = ground.recent
        self._host = Host(session, ground)
        self._run: Run | None = None
        self._ending: asyncio.Task[None] | None = None  # of a turn that cannot succeed

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        self.permit.denied.clear()
        run = self._run = Run(prompt, self._session.folder, self.permit.denied)
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
                        self._host.past.began(item.claude_id)
                        yield replace(item, home=self._home)
                    case _:
                        yield item
                        run.lockstep.passed(item)
        finally:
            if run.sent and not run.over.is_set():
                await self._stop(run)
            self._run = None
            await self._tidied(stopped=run.stopped)

    async def steer(self, prompt: Prompt) -> bool:
        run, connection = self._run, self._host.connection
        if run is None or connection is None or not run.sent:
            return False
        if run.stopped or run.over.is_set() or planning.wanted(prompt.text):
            return False
        run.open.add(prompt.uuid)
        try:
            await connection.send(prompt.uuid, await self._content(prompt, prompt.text))
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

    async def switch(self, model: str) -> None:
        connection = self._host.connection
        if connection is None:
            raise AgentError(NOBODY)
        try:
            await switch(connection, model)
        except ClaudeSDKError as error:
            raise translated(error, connection.stderr) from error

    async def send_file(self, path: str, caption: str) -> None:
        run, home = self._run, self._host.past.home
        if run is None or home is None:
            raise Refused(NOBODY)
        copy = await asyncio.to_thread(pack, self._guard, path, home / OUTGOING)
        run.tell(Filed(copy, caption))

    async def climb(self, reason: str, tried: str) -> str:
        if self._run is None or self._run.prompt.climb is None:
            raise Refused(ALONE)
        return await self._run.prompt.climb(reason, tried)

    async def kill(self) -> None:
        if self._run and not self._run.stopped:
            self._run.fatal = AgentError(KILLED)
        if self._host.connection:
            await asyncio.to_thread(self._host.connection.kill)

    async def reply(
        self, nonce: str, chosen: Sequence[int], words: str = "", user: int = 0
    ) -> None:
        self.permit.reply(nonce, chosen, words, user)

    async def close(self) -> None:
        if self._run:
            self._run.end(ClaudeSDKError("closed"))
        await self._host.drop()

    def heard(self, message: Message) -> None:
        run = self._run
        if run is None or not run.sent:
            return
        run.heard(message)
        if not run.verdict and (why := hopeless(message)):
            run.verdict = why
            self._ending = asyncio.create_task(self._stop(run))

    async def called(self, tool_use: str) -> None:
        if self._run:
            await self._run.lockstep.called(tool_use)

    async def returned(self, tool_uses: Iterable[str]) -> None:
        if self._run:
            await self._run.lockstep.returned(tool_uses)

    def lost(self, error: Exception) -> None:
        log.warning("claude.lost", session=str(self._session.key), error=type(error).__name__)
        if self._run:
            self._run.lost(error)

    def _asker(self) -> Asker | None:
        if self._run is None:
            return None
        return Asker(self._session.key, self._run.prompt.update_id, self._run.prompt.user)

    def _tell(self, event: AgentEvent) -> None:
        if self._run:
            self._run.tell(event)

    async def _begin(self, run: Run) -> None:
        try:
            lead = await self._lead(run)
            if run.stopped:
                run.end(Completed(Outcome.STOPPED, ""))
                return
            run.sent = True
            words = lead + planning.task(run.prompt.text)
            await self._host.live.send(run.prompt.uuid, await self._content(run.prompt, words))
            if run.stopped:
                await self._stop(run)
        except (ClaudeSDKError, OSError, TimeoutError) as error:
            raise await self._dead(error) from error

    async def _lead(self, run: Run) -> str:
        """The words that should precede the prompt, once a process is ready for it."""
        notice = await self._host.ready(run.prompt, self)
        if not notice:
            return ""
        run.tell(Noticed(notice))
        return summary(await self._recent())

    async def _content(self, prompt: Prompt, words: str) -> Content:
        return await asyncio.to_thread(content, words, prompt.files, self._session.folder)

    async def _stop(self, run: Run) -> None:
        """End the turn: the prompts that wait are taken back, then the running one is cut."""
        connection = self._host.connection
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

    async def _tidied(self, *, stopped: bool) -> None:
        """Nothing of this turn reaches into the next one; of a stopped one nothing goes on."""
        ending, self._ending = self._ending, None
        if ending:
            await asyncio.wait({ending})
        if home := self._host.past.home:
            await asyncio.to_thread(discard, home / OUTGOING)
            if stopped and (ended := await asyncio.to_thread(leftovers.kill, home, commands=True)):
                log.info("claude.strays", session=str(self._session.key), ended=ended)

    async def _recorded(self, end: Completed) -> Completed:
        entry = await asyncio.to_thread(self._host.past.mark)
        connection = self._host.connection
        cost = connection.spent(end.cost) if connection else None
        return replace(end, home=self._home, last_entry=entry, cost=cost)

    @property
    def _home(self) -> str:
        home = self._host.past.home
        return home.name if home else ""

    async def _dead(self, error: Exception) -> AgentError:
        """The sentence for it. Only an error of our own may leave a process that works."""
        connection = self._host.connection
        if isinstance(error, AgentError) and connection and connection.alive:
            return error
        await self._host.drop()
        if isinstance(error, AgentError):
            return error
        return translated(error, connection.stderr if connection else "")
