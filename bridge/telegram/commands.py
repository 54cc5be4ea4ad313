"""The bot's commands: one line in the table each, which also makes /help and Telegram's menu.

A handler takes a `Context` and returns a `Reply`; it sends nothing itself. Commands overtake
waiting messages. Text that begins with an unknown /word is a message like any other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.actor import folder
from bridge.model import SessionKey, Stop
from bridge.ports import Engine, Inbox, Ledger, Sessions
from bridge.progress import Progress
from bridge.settings import Settings
from bridge.telegram import costs
from bridge.telegram.buttons import Markup
from bridge.telegram.frame import clock
from budgets.money import usd


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, where, and what is needed to answer. `key` is the chat's current session."""

    user: int
    key: SessionKey
    argument: str
    settings: Settings
    now: datetime
    inbox: Inbox
    sessions: Sessions
    ledger: Ledger
    engine: Engine
    running: Callable[[SessionKey], Progress | None]


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is Markdown."""

    text: str
    keyboard: Markup | None = None


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    help: str
    run: Callable[[Context], Awaitable[Reply]]


HELLO = (
    "I am Claude Code on your server. Write what you want done; I work in a folder there and "
    "answer here while I work."
)


async def start(context: Context) -> Reply:
    me = context.settings.users[context.user]
    session = await context.sessions.find(context.key)
    path = session.folder if session else folder(context.key, context.settings)
    lines = [
        f"Hello {code(me.name)}!" if me.name else "Hello!",
        HELLO,
        "",
        f"- You are: {me.role}",
        f"- Session: {code(context.key.name)}",
        f"- Folder: {code(str(path))}",
        "",
        "Try: *What is in this folder?* or *Write a small script that says hello.*",
        "/help lists the commands, /stop stops me, /cost shows what was spent.",
    ]
    return Reply("\n".join(lines))


async def help_(_context: Context) -> Reply:
    lines = [f"- /{command.name}: {command.help}" for command in COMMANDS]
    return Reply("\n".join(["Write anything and I work on it. Commands:", "", *lines]))


async def stop(context: Context) -> Reply:
    stopped = await context.engine.signal(context.key, Stop(context.user))
    return Reply("Stopping." if stopped else "Nothing is running.")


async def cost(context: Context) -> Reply:
    view = await costs.view(context.user, context.settings, context.ledger, context.now)
    return Reply(costs.text(view))


async def status(context: Context) -> Reply:
    session = await context.sessions.find(context.key)
    waiting = await context.inbox.waiting(context.key)
    running = context.running(context.key)
    lines = [f"**Session** {code(context.key.name)}", "", f"- {doing(running, context.now)}"]
    if others := waiting - bool(running):
        lines.append(f"- Waiting: {others} {'message' if others == 1 else 'messages'}")
    if session is None:
        return Reply("\n".join([*lines, "- No messages yet. Write something."]))
    zone = ZoneInfo(context.settings.users[context.user].timezone)
    return Reply(
        "\n".join(
            [
                *lines,
                f"- Started: {session.started_at.astimezone(zone):%d %b %Y, %H:%M}",
                f"- Messages answered: {session.messages}",
                f"- Model: {session.model or 'not chosen yet'}"
                + (" (chosen with /model)" if session.pin else ""),
                f"- Context: {session.context_tokens:,} tokens",
                f"- Cost: {usd(session.cost)}",
                f"- Folder: {code(str(session.folder))}",
            ]
        )
    )


def doing(running: Progress | None, now: datetime) -> str:
    if running is None:
        return "Nothing is running"
    elapsed = (now - running.started_at).total_seconds()
    step = f", {running.steps[-1].tool}" if running.steps and running.steps[-1].ok is None else ""
    return f"Running for {clock(elapsed)}: {running.phase}{step}"


def code(text: str) -> str:
    """Names of people's choosing, so that none of it counts as Markdown."""
    return "`" + text.replace("`", "'") + "`"


COMMANDS = (
    Command("start", "what this is and how to begin", start),
    Command("help", "this list", help_),
    Command("stop", "stop what is running", stop),
    Command("cost", "what was spent, what is left, and when it resets", cost),
    Command("status", "this session: what runs, what waits, model and cost", status),
)

BY_NAME = {command.name: command for command in COMMANDS}


def menu() -> list[dict[str, str]]:
    """For setMyCommands."""
    return [{"command": command.name, "description": command.help} for command in COMMANDS]
