"""What /status tells: the session in one line, what runs and waits, and where it works."""

from datetime import datetime

from bridge.model import Session
from bridge.progress import Progress
from bridge.settings import Settings
from bridge.telegram.commands.context import Context, Reply
from bridge.telegram.commands.words import ago, code, count
from bridge.telegram.frame import clock
from budgets.money import usd


async def status(context: Context) -> Reply:
    session = await context.desk.sessions.find(context.key)
    first = f"Session {code(context.key.name)}: new, no messages yet. Write something."
    lines = [summary(session, context) if session else first, ""]
    running = context.running(context.key)
    lines.append(f"- {doing(running, context.now)}")
    waiting = await context.desk.inbox.waiting(context.key)
    if others := waiting - bool(running):
        lines.append(f"- Waiting: {count(others, 'message')}")
    return Reply("\n".join([*lines, *(details(session, context.settings) if session else ())]))


def summary(session: Session, context: Context) -> str:
    """Session docs: started 10 min ago, 5 messages, haiku, context 12 %, $0.02"""
    parts = [
        f"started {ago(context.now - session.started_at)}",
        count(session.messages, "message"),
        session.model or "no model yet",
        filling(session, context.settings),
        usd(session.cost),
    ]
    return f"Session {code(session.key.name)}: {', '.join(parts)}"


def filling(session: Session, settings: Settings) -> str:
    model = settings.models.get(session.model or settings.routing.default)
    if model is None:  # it is not in the settings any more
        return f"context {session.context_tokens:,} tokens"
    return f"context {100 * session.context_tokens / model.context_tokens:.0f} %"


def doing(running: Progress | None, now: datetime) -> str:
    if running is None:
        return "Nothing is running"
    elapsed = (now - running.started_at).total_seconds()
    step = f", {running.steps[-1].tool}" if running.steps and running.steps[-1].ok is None else ""
    return f"Running for {clock(elapsed)}: {running.phase}{step}"


def details(session: Session, settings: Settings) -> list[str]:
    where = f" ({code(session.borrowed)})" if session.borrowed else ""
    lines = [
        f"- Folder: {code(str(session.folder))}{where}",
        f"- Mode: {session.mode or settings.sessions.mode}",
    ]
    if session.pin:
        lines.append(f"- Model chosen with /model: {session.pin}")
    if session.minutes:
        lines.append(f"- A turn may take {session.minutes:g} minutes")
    return lines
