"""One message, start to finish: steps 4 to 10 of its life.

    4  the session            5  is any money left       6  which model, and why
    7  the turn is entered    8  Claude Code works       9  the turn is closed
    10 the answer is delivered, the message is done

A crash before 9 leaves the message undone: it runs again, unless a tool had run; then the
user is asked. A crash after 9 only delivers again: nothing runs or is paid for twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bridge import work as labour
from bridge.errors import BridgeError, ChatGone, StoreError
from bridge.insist import insist
from bridge.means import afford
from bridge.model import Answer, Inbound, Outcome, Session, Turn
from bridge.ports import Desk
from bridge.settings import Settings
from bridge.settings.policy import policy
from bridge.work import Job, Result, Work
from budgets.model import Verdict
from budgets.money import usd
from routing.choose import choose
from routing.model import Policy, Request

log = structlog.get_logger(__name__)

WARM = timedelta(minutes=5)  # how long the API keeps a prompt cache
CUT_OFF = (
    "I was interrupted by a restart while I was working on this, so some of it may be done "
    "already. Send **continue** and I will look at what is there and go on."
)
UNSHOWN = "My answer cannot be shown here. Why is in the log; ask me to say it in other words."
ROUNDED = 20  # micro-USD in one turn: a request is rounded up by less than one
IDLE = {Outcome.REFUSED, Outcome.LOST}  # no model worked on it


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
    verdict = await afford(inbound.user, desk, settings)
    request = await described(inbound, session, verdict, settings, desk)
    rules = policy(settings)
    choice = choose(request, rules)
    turn = entered(inbound, choice.model, settings, desk)
    fresh = await desk.turns.enter(turn)
    inbound = await desk.inbox.question(inbound.update_id) or inbound  # edited until just now
    await desk.decisions.record(turn, request, choice)
    job = Job(inbound, turn, session, choice, rules)
    result = await outcome(job, verdict, work, desk, settings, fresh=fresh)
    return await closed(job, result, work.absorbed, desk, settings)


async def described(
    inbound: Inbound, session: Session, verdict: Verdict, settings: Settings, desk: Desk
) -> Request:
    user = settings.users[inbound.user]
    now = desk.clock.now()
    judged = await desk.decisions.find(inbound.judges) if inbound.judges else None
    return Request(
        text=inbound.text,
        user=inbound.user,
        role=user.role,
        now=now.astimezone(ZoneInfo(user.timezone)),
        session=session.key.name,
        group=inbound.key.chat < 0,
        image=inbound.image,
        file=bool(inbound.files),
        context_tokens=session.context_tokens,
        headroom=verdict.headroom,
        pin=session.pin,
        effort=session.effort,
        last_model=session.model,
        warm=session.messages > 0 and now - session.active_at < WARM,
        judged=judged.model if judged else None,
        small=verdict.small,
    )


def entered(inbound: Inbound, model: str, settings: Settings, desk: Desk) -> Turn:
    return Turn(
        inbound.update_id,
        inbound.key,
        inbound.user,
        inbound.message_id,
        model,
        desk.clock.now(),
        settings.hash,
    )


async def outcome(
    job: Job, verdict: Verdict, work: Work, desk: Desk, settings: Settings, *, fresh: bool
) -> Result:
    """What is answered, without a model where none is needed."""
    turn = job.turn
    if not fresh:
        return Result(Outcome.LOST, CUT_OFF)
    if not verdict.ok:
        if verdict.usage:
            desk.alarm.refused(turn, verdict.usage)
        return Result(Outcome.REFUSED, verdict.why)
    desk.toll.begin(turn)
    try:
        return await labour.done(job, work, desk, settings)
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


async def closed(
    job: Job, result: Result, absorbed: Sequence[int], desk: Desk, settings: Settings
) -> Answer:
    """Step 9: from here on the answer is safe, and the turn never runs or costs again."""
    turn, now = job.turn, desk.clock.now()
    cost = await insist(lambda: desk.ledger.turn_cost(turn.update_id), desk.clock)
    session = remembered(job.session, result, now, cost)
    session = replace(session, messages=session.messages + 1 + len(absorbed))
    answer = Answer(
        turn.update_id,
        turn.key,
        turn.message_id,
        result.text,
        result.outcome,
        signature(result, (now - turn.started_at).total_seconds(), cost),
        labour.mode(session, settings),
        better=improvable(result, session, job.rules),
    )
    await insist(lambda: desk.turns.close(turn, session, answer, absorbed), desk.clock)
    compare(turn, result, cost)
    log.info("turn.closed", update=turn.update_id, session=str(turn.key), models=result.models,
             outcome=result.outcome, steps=result.steps,
             seconds=round((now - turn.started_at).total_seconds(), 3), micro_usd=cost)  # fmt: skip
    return answer


def compare(turn: Turn, result: Result, cost: int) -> None:
    """Claude Code's own figure is a cross-check, never charged. It rounds once and the ledger for
    each request; it leaves out streams that were cut and the check of a model's name.
    """
    if result.claimed is not None and not 0 <= cost - result.claimed <= ROUNDED:
        log.info("cost.differs", update=turn.update_id, ledger=cost, claude=result.claimed)


def improvable(result: Result, session: Session, rules: Policy) -> bool:
    """Whether a larger model could answer the same, and nobody has pinned this one."""
    larger = rules.larger(result.models[-1]) if result.models else None
    return result.outcome is Outcome.DONE and session.pin is None and larger is not None


def signature(result: Result, seconds: float, cost: int) -> str:
    """What stands below an answer that a model has worked on."""
    if result.outcome in IDLE:
        return ""
    steps = f"{result.steps} step{'' if result.steps == 1 else 's'}" if result.steps else ""
    parts = [" → ".join(result.models), duration(seconds), usd(cost), steps]
    return " · ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def remembered(session: Session, result: Result, now: datetime, cost: int) -> Session:
    """The session after the turn. A fork that never completed is still to be forked."""
    session = replace(
        session,
        active_at=now,
        cost=session.cost + cost,
        context_tokens=result.context_tokens or session.context_tokens,
        model=result.models[-1] if result.models else session.model,
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

    async def confirmed(parts: int) -> None:
        await insist(lambda: desk.turns.confirmed(answer.update_id, parts), desk.clock)

    try:
        await desk.chat.answer(answer, confirmed)
    except ChatGone as gone:
        log.warning("answer.nowhere", update=answer.update_id, why=str(gone))
    except BridgeError:
        raise
    except Exception:
        log.exception("answer.broken", update=answer.update_id)
        await desk.chat.say(answer.key.place, UNSHOWN)
    await desk.turns.delivered(answer.update_id)
