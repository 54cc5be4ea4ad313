"""One message, start to finish: steps 4 to 10 of its life.

    4  the session            5  is any money left       6  which model, and why
    7  the turn is entered    8  Claude Code works       9  the turn is closed
    10 the answer is delivered, the message is done

A crash before 9 leaves the message undone: it runs again, unless a tool had run; then the
user is asked. A crash after 9 only delivers again: nothing runs or is paid for twice.
"""

import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from bridge.errors import BridgeError, ChatGone, StoreError
from bridge.model import (
    AgentEvent,
    Answer,
    Asked,
    Completed,
    Inbound,
    Outcome,
    Prompt,
    Session,
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

Run = Callable[[Prompt], AsyncGenerator[AgentEvent]]  # `Agent.run`


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the work, before it is money and rows."""

    outcome: Outcome
    text: str
    claude_id: str | None = None
    context_tokens: int = 0


async def serve(
    inbound: Inbound, session: Session, run: Run, desk: Desk, settings: Settings
) -> None:
    """Answer one message.

    StoreError: nothing was confirmed, the message is still undone. ChatError: its answer is
    stored and will be delivered when it is served again.
    """
    if answer := await desk.turns.answer(inbound.update_id):
        await deliver(answer, desk)
        return
    if inbound.user not in settings.users:
        log.info("turn.stranger", update=inbound.update_id, user=inbound.user)
        await desk.inbox.done(inbound.update_id)
        return
    session = await renewed(session, desk)
    verdict = await afford(inbound, desk, settings)
    request = describe(inbound, session, verdict, settings, desk)
    choice = choose(request, policy(settings))
    turn = entered(inbound, choice, settings, desk)
    fresh = await desk.turns.enter(turn)
    await desk.decisions.record(turn, request, choice)
    result = await outcome(inbound, turn, verdict, run, desk, settings, fresh=fresh)
    await deliver(await closed(turn, session, result, desk), desk)


async def renewed(session: Session, desk: Desk) -> Session:
    """As it is stored now: a command may have changed it. The epoch stays ours."""
    stored = await desk.sessions.find(session.key)
    return replace(stored, epoch=session.epoch) if stored else session


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
    inbound: Inbound, turn: Turn, verdict: Verdict, run: Run, desk: Desk,
    settings: Settings, *, fresh: bool,
) -> Result:  # fmt: skip
    """What is answered, without a model where none is needed."""
    if not fresh:
        return Result(Outcome.LOST, CUT_OFF)
    if not verdict.ok:
        return Result(Outcome.REFUSED, verdict.why)
    desk.toll.begin(turn)
    try:
        return await work(inbound, turn, run, desk, settings)
    finally:
        try:
            await desk.toll.end(turn)
        finally:
            await desk.asks.expire(turn.update_id)


async def work(inbound: Inbound, turn: Turn, run: Run, desk: Desk, settings: Settings) -> Result:
    """Whatever goes wrong here is told to the user, after what was said so far."""
    model = settings.models[turn.model].id
    prompt = Prompt(str(uuid.uuid4()), turn.update_id, turn.user, inbound.text, model)
    progress = Progress(turn.started_at, model=turn.model)
    end = Completed(Outcome.FAILED, BROKEN)
    try:
        async with desk.chat.live(inbound) as live, aclosing(run(prompt)) as events:
            async for event in events:
                progress = fold(progress, event)
                live.show(progress)
                await react(event, progress, turn, desk)
                if isinstance(event, Completed):
                    end = event
    except StoreError:
        raise
    except BridgeError as error:
        end = Completed(Outcome.FAILED, str(error))
    except Exception:
        log.exception("turn.broken", update=turn.update_id)
    return told(end, progress)


async def react(event: AgentEvent, progress: Progress, turn: Turn, desk: Desk) -> None:
    match event:
        case ToolUse() if len(progress.steps) == 1:
            await desk.turns.touch(turn.update_id)
        case Asked(ask):
            await desk.asks.open(ask)
            await desk.chat.ask(ask)


def told(end: Completed, progress: Progress) -> Result:
    """The answer in the chat: nothing that was said is lost when a turn ends early."""
    match end.outcome:
        case Outcome.DONE:
            text = progress.text or end.text or progress.everything or "Done."
        case Outcome.STOPPED:
            text = f"{progress.everything}\n\n*Stopped.*".strip()
        case _:
            text = f"{progress.everything}\n\n{end.text}".strip()
    claude_id = end.claude_id or progress.claude_id or None
    return Result(end.outcome, text, claude_id, end.context_tokens)


async def closed(turn: Turn, session: Session, result: Result, desk: Desk) -> Answer:
    """Step 9: from here on the answer is safe, and the turn never runs or costs again."""
    now = desk.clock.now()
    cost = await desk.ledger.turn_cost(turn.update_id)
    worked = result.outcome not in IDLE
    session = replace(
        session,
        active_at=now,
        claude_id=result.claude_id or session.claude_id,
        model=turn.model if worked else session.model,
        messages=session.messages + 1,
        cost=session.cost + cost,
        context_tokens=result.context_tokens or session.context_tokens,
    )
    seconds = (now - turn.started_at).total_seconds()
    footer = f"{turn.model} · {seconds:.0f} s · {usd(cost)}" if worked else ""
    answer = Answer(turn.update_id, turn.key, turn.message_id, result.text, result.outcome, footer)
    await desk.turns.close(turn, session, answer)
    log.info("turn.closed", update=turn.update_id, session=str(turn.key), model=turn.model,
             outcome=result.outcome, seconds=round(seconds, 3), micro_usd=cost)  # fmt: skip
    return answer


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
