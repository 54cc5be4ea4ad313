"""Step 8 of a message: Claude Code works, and the user sees it.

Its events are folded into what the chat shows. Whatever goes wrong is told to the user, after what
was said so far; only what the store cannot keep goes up, since then nothing may be confirmed.
"""

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog

from bridge.climb import Climber
from bridge.errors import BridgeError, ChatError, StoreError
from bridge.model import (
    AgentEvent,
    Ask,
    Asked,
    Completed,
    Filed,
    Inbound,
    Lapsed,
    Mode,
    Noticed,
    Outcome,
    Prompt,
    Session,
    Started,
    ToolUse,
    Turn,
)
from bridge.ports import Desk
from bridge.progress import Progress, fold
from bridge.settings import Settings
from routing.model import Choice, Policy

log = structlog.get_logger(__name__)

BROKEN = "Something went wrong on this side. It is in the log; send your message again."

LATE = "No answer came in time, so this was not done."


class Work(AbstractContextManager["Work"], Protocol):
    """The agent at work on one turn; entered while the turn can be stopped."""

    @property
    def absorbed(self) -> Sequence[int]:
        """Further messages that were given to the turn while it ran."""
        ...

    def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        """As `Agent.run`."""
        ...

    async def switch(self, model: str) -> None:
        """As `Agent.switch`."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be worked on, for whom, and with which model."""

    inbound: Inbound
    turn: Turn
    session: Session
    choice: Choice
    rules: Policy  # in force for this turn


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the work, before it is money and rows. `models`: those that worked on it."""

    outcome: Outcome
    text: str
    models: tuple[str, ...] = ()
    steps: int = 0
    claude_id: str | None = None
    context_tokens: int = 0
    home: str = ""
    last_entry: str = ""
    claimed: int | None = None  # Claude Code's own figure, micro-USD


async def done(job: Job, work: Work, desk: Desk, settings: Settings) -> Result:
    """StoreError: nothing of it may be confirmed."""
    turn, session = job.turn, job.session
    climber = Climber(turn, session, job.rules, desk, settings, work.switch)
    progress = Progress(turn.started_at, model=turn.model)
    end = Completed(Outcome.FAILED, BROKEN)
    try:
        async with (
            desk.chat.live(job.inbound, mode(session, settings)) as live,
            aclosing(work.run(await prompt(job, climber, desk, settings))) as events,
        ):
            async for event in events:
                await climber.heard(event)
                progress = fold(progress, event)
                for step in climber.news():
                    progress = fold(progress, step)
                live.show(progress)
                await react(event, progress, turn, desk)
                if isinstance(event, Started):
                    session = await begun(event, session, desk)
                if isinstance(event, Completed):
                    end = event
    except StoreError:
        raise
    except BridgeError as error:
        end = Completed(Outcome.FAILED, str(error))
    except Exception:
        log.exception("turn.broken", update=turn.update_id)
    return concluded(end, progress, climber.models)


def mode(session: Session, settings: Settings) -> Mode:
    return session.mode or Mode(settings.sessions.mode)


async def prompt(job: Job, climber: Climber, desk: Desk, settings: Settings) -> Prompt:
    """ChatError: a file of the message cannot be had."""
    return Prompt(
        uuid=str(uuid.uuid4()),
        update_id=job.turn.update_id,
        user=job.turn.user,
        text=worded(job.inbound),
        model=settings.models[job.turn.model].id,
        files=await desk.files.fetch(job.inbound, job.session.folder),
        effort=job.choice.effort,
        climb=climber.asked if climber.offered else None,
    )


def worded(inbound: Inbound) -> str:
    """With what it replies to; the words come first, since some are a command to Claude."""
    return f"{inbound.text}\n\n{inbound.quote}".strip() if inbound.quote else inbound.text


async def begun(event: Started, session: Session, desk: Desk) -> Session:
    """A new history is stored at once, so that a crash in its first turn does not lose it."""
    if event.claude_id == session.claude_id:
        return session
    await desk.sessions.begin(session, event.claude_id, event.home)
    return replace(session, claude_id=event.claude_id)


async def react(event: AgentEvent, progress: Progress, turn: Turn, desk: Desk) -> None:
    match event:
        case ToolUse() if len(progress.steps) == 1:
            await desk.turns.touch(turn.update_id)
        case Asked(ask):
            await desk.asks.open(ask)
            await desk.asks.shown(ask.nonce, await desk.chat.ask(ask))
        case Lapsed(ask):
            await lapsed(ask, desk)
        case Noticed(text):
            await notice(text, turn, desk)
        case Filed(path, caption):
            await filed(path, caption, turn, desk)


async def lapsed(ask: Ask, desk: Desk) -> None:
    """The question says so itself. A tap that came at the same moment was too late."""
    shown = await desk.asks.take(ask.nonce)
    if shown is None:
        return
    try:
        await desk.chat.settle(shown, LATE)
    except ChatError as error:
        log.warning("ask.unsettled", update=ask.update_id, why=str(error))


async def notice(text: str, turn: Turn, desk: Desk) -> None:
    """A turn is not given up because of it."""
    try:
        await desk.chat.say(turn.key.place, text)
    except ChatError as error:
        log.warning("notice.unsaid", update=turn.update_id, why=str(error))


async def filed(path: Path, caption: str, turn: Turn, desk: Desk) -> None:
    """A file that cannot be sent does not end the turn; the user is told why."""
    try:
        await desk.chat.file(turn.key.place, path, caption)
    except ChatError as error:
        await notice(f"`{path.name}`: {error}", turn, desk)


def concluded(end: Completed, progress: Progress, models: tuple[str, ...]) -> Result:
    """The answer in the chat: nothing that was said is lost when a turn ends early."""
    match end.outcome:
        case Outcome.DONE:
            text = progress.text or end.text or progress.everything or "Done."
        case Outcome.STOPPED:
            text = f"{progress.everything}\n\n*Stopped.*".strip()
        case _:
            text = f"{progress.everything}\n\n{end.text}".strip()
    return Result(
        end.outcome,
        text,
        models,
        len(progress.steps),
        claude_id=end.claude_id or progress.claude_id or None,
        context_tokens=end.context_tokens,
        home=end.home or progress.home,
        last_entry=end.last_entry,
        claimed=end.cost,
    )
