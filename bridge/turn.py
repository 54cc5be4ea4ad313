"""One message, start to finish: steps 4 to 10 of its life.

    4  the session            5  is any money left       6  which model, and why
    7  the turn is entered    8  Claude Code works       9  the turn is closed
    10 the answer is delivered, the message is done

A crash before 9 leaves the message undone: it runs again, unless a tool had run; then the
user is asked. A crash after 9 only delivers again: nothing runs or is paid for twice.
"""

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from bridge.errors import BridgeError, ChatError, ChatGone, StoreError
from bridge.insist import insist
from bridge.model import (
    AgentEvent,
    Answer,
    Asked,
    Completed,
    Inbound,
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
from bridge.settings.allowance import limits
from bridge.settings.policy import policy
from budgets.decide import admit
from budgets.model import Verdict
from budgets.money import usd
from routing.choose import choose
from routing.model import Choice, Request

log = structlog.get_logger(__name__)

WARM = timedelta(minutes=5)  # how long the API keeps a prompt cache
CUT_OFF = (
    "I was interrupted by a restart while I was working on this, so some of it may be done "
    "already. Send **continue** and I will look at what is there and go on."
)
BROKEN = "Something went wrong on this side. It is in the log; send your message again."
UNSHOWN = "My answer cannot be shown here. Why is in the log; ask me to say it in other words."
IDLE = {Outcome.REFUSED, Outcome.LOST}  # no model worked on it


class Work(AbstractContextManager["Work"], Protocol):
    """The agent at work on one turn; entered while the turn can be stopped."""

    @property
    def absorbed(self) -> Sequence[int]:
        """Further messages that were given to the turn while it ran."""
        ...

    def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        """As `Agent.run`."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the work, before it is money and rows."""

    outcome: Outcome
    text: str
    claude_id: str | None = None
    context_tokens: int = 0
    home: str = ""
    last_entry: str = ""


async def serve(
    inbound: Inbound, session: Session, work: Work, desk: Desk, settings: Settings
) -> None:
    """Answer one message.

    StoreError: nothing was confirmed, the message is still undone. ChatError: its answer is
    stored and will be delivered when it is served again.
    """
    answer = await desk.turns.answer(inbound.update_id)
    if answer is None:
        if inbound.user not in settings.users:
            log.info("turn.stranger", update=inbound.update_id, user=inbound.user)
            await desk.inbox.done(inbound.update_id)
            return
        with work:
            answer = await answered(inbound, session, work, desk, settings)
    await deliver(answer, desk)


async def answered(
    inbound: Inbound, session: Session, work: Work, desk: Desk, settings: Settings
) -> Answer:
    """Steps 5 to 9. `session` is as it is stored when the message is taken."""
    verdict = await afford(inbound, desk, settings)
    request = describe(inbound, session, verdict, settings, desk)
    choice = choose(request, policy(settings))
    turn = entered(inbound, choice, settings, desk)
    fresh = await desk.turns.enter(turn)
    await desk.decisions.record(turn, request, choice)
    result = await outcome(inbound, turn, session, verdict, work, desk, settings, fresh=fresh)
    return await closed(turn, session, result, work.absorbed, desk)


async def afford(inbound: Inbound, desk: Desk, settings: Settings) -> Verdict:
    user = settings.users[inbound.user]
    bounds = limits(settings, inbound.user, desk.clock.now())
    return admit(await desk.ledger.usage(inbound.user, bounds), user.timezone)


def describe(
    inbound: Inbound, session: Session, verdict: Verdict, settings: Settings, desk: Desk
) -> Request:
    user = settings.users[inbound.user]
    now = desk.clock.now()
    return Request(
        text=inbound.text,
        user=inbound.user,
        role=user.role,
        now=now.astimezone(ZoneInfo(user.timezone)),
        session=session.key.name,
        group=inbound.key.chat < 0,
        file=bool(inbound.files),
        context_tokens=session.context_tokens,
        headroom=verdict.headroom,
        pin=session.pin,
        last_model=session.model,
        warm=session.messages > 0 and now - session.active_at < WARM,
    )


def entered(inbound: Inbound, choice: Choice, settings: Settings, desk: Desk) -> Turn:
    return Turn(
        inbound.update_id,
        inbound.key,
        inbound.user,
        inbound.message_id,
        choice.model,
        desk.clock.now(),
        settings.hash,
    )


async def outcome(
    inbound: Inbound, turn: Turn, session: Session, verdict: Verdict, work: Work, desk: Desk,
    settings: Settings, *, fresh: bool,
) -> Result:  # fmt: skip
    """What is answered, without a model where none is needed."""
    if not fresh:
        return Result(Outcome.LOST, CUT_OFF)
    if not verdict.ok:
        return Result(Outcome.REFUSED, verdict.why)
    desk.toll.begin(turn)
    try:
        return await told(inbound, turn, session, work, desk, settings)
    finally:
        try:
            await desk.toll.end(turn)
        finally:
            await forget_questions(turn, desk)


async def forget_questions(turn: Turn, desk: Desk) -> None:
    """A store that is busy now must not cost the answer: a tap on them changes nothing."""
    try:
        await desk.asks.expire(turn.update_id)
    except StoreError as error:
        log.warning("asks.kept", update=turn.update_id, why=str(error))


async def told(
    inbound: Inbound, turn: Turn, session: Session, work: Work, desk: Desk, settings: Settings
) -> Result:
    """Whatever goes wrong here is told to the user, after what was said so far."""
    model = settings.models[turn.model].id
    prompt = Prompt(str(uuid.uuid4()), turn.update_id, turn.user, inbound.text, model)
    progress = Progress(turn.started_at, model=turn.model)
    end = Completed(Outcome.FAILED, BROKEN)
    try:
        async with desk.chat.live(inbound) as live, aclosing(work.run(prompt)) as events:
            async for event in events:
                progress = fold(progress, event)
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
    return concluded(end, progress)


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
            await desk.chat.ask(ask)
        case Noticed(text):
            await notice(text, turn, desk)


async def notice(text: str, turn: Turn, desk: Desk) -> None:
    """A turn is not given up because of it."""
    try:
        await desk.chat.say(turn.key.place, text)
    except ChatError as error:
        log.warning("notice.unsaid", update=turn.update_id, why=str(error))


def concluded(end: Completed, progress: Progress) -> Result:
    """The answer in the chat: nothing that was said is lost when a turn ends early."""
    match end.outcome:
        case Outcome.DONE:
            text = progress.text or end.text or progress.everything or "Done."
        case Outcome.STOPPED:
            text = f"{progress.everything}\n\n*Stopped.*".strip()
        case _:
            text = f"{progress.everything}\n\n{end.text}".strip()
    claude_id = end.claude_id or progress.claude_id or None
    home = end.home or progress.home
    return Result(end.outcome, text, claude_id, end.context_tokens, home, end.last_entry)


async def closed(
    turn: Turn, session: Session, result: Result, absorbed: Sequence[int], desk: Desk
) -> Answer:
    """Step 9: from here on the answer is safe, and the turn never runs or costs again."""
    now = desk.clock.now()
    cost = await insist(lambda: desk.ledger.turn_cost(turn.update_id), desk.clock)
    worked = result.outcome not in IDLE
    session = remembered(session, result, now, cost)
    if worked:
        session = replace(session, model=turn.model)
    session = replace(session, messages=session.messages + 1 + len(absorbed))
    seconds = (now - turn.started_at).total_seconds()
    footer = f"{turn.model} · {seconds:.0f} s · {usd(cost)}" if worked else ""
    answer = Answer(turn.update_id, turn.key, turn.message_id, result.text, result.outcome, footer)
    await insist(lambda: desk.turns.close(turn, session, answer, absorbed), desk.clock)
    log.info("turn.closed", update=turn.update_id, session=str(turn.key), model=turn.model,
             outcome=result.outcome, seconds=round(seconds, 3), micro_usd=cost)  # fmt: skip
    return answer


def remembered(session: Session, result: Result, now: datetime, cost: int) -> Session:
    """The session after the turn. A fork that never completed is still to be forked."""
    session = replace(
        session,
        active_at=now,
        cost=session.cost + cost,
        context_tokens=result.context_tokens or session.context_tokens,
    )
    if session.fork and not result.home:
        return session
    return replace(
        session,
        claude_id=result.claude_id or session.claude_id,
        home=result.home or session.home,
        last_entry=result.last_entry or session.last_entry,
        fork=False,
    )


async def deliver(answer: Answer, desk: Desk) -> None:
    """Step 10. ChatError: it was not confirmed; it is stored and will be delivered again."""
    try:
        await desk.chat.answer(answer)
    except ChatGone as gone:
        log.warning("answer.nowhere", update=answer.update_id, why=str(gone))
    except BridgeError:
        raise
    except Exception:
        log.exception("answer.broken", update=answer.update_id)
        await desk.chat.say(answer.key.place, UNSHOWN)
    await desk.turns.delivered(answer.update_id)
