"""Sessions are looked at and chosen: /sessions and /session."""

from collections.abc import Sequence

from bridge.model import Session, SessionKey
from bridge.telegram import buttons, names
from bridge.telegram.commands import choosing
from bridge.telegram.commands.context import Context, Reply
from bridge.telegram.commands.words import ago, code, count
from budgets.money import usd

MOST = 20  # sessions in a list
NONE = "There are no sessions yet. Write something, or begin one with `/new NAME`."


async def sessions(context: Context) -> Reply:
    every = await choosing.known(context)
    if not every:
        return Reply(NONE)
    return listed(every, context.key, context)


def listed(every: Sequence[Session], current: SessionKey, context: Context) -> Reply:
    """The last active first; a button for each but the current one."""
    lines = [line(each, context, here=each.key == current) for each in every[:MOST]]
    if len(every) > MOST:
        lines.append(f"- … and {len(every) - MOST} more: `/session NAME`")
    if current not in {each.key for each in every}:
        lines.append(f"- ▶ {code(current.name)}: new")
    others = [each.key.name for each in every[:MOST] if each.key != current]
    keyboard = [buttons.act(name, "go", context.user, names.digest(name)) for name in others]
    return Reply("\n".join(["**Sessions**", "", *lines]), buttons.column(keyboard))


def line(session: Session, context: Context, *, here: bool) -> str:
    parts = [
        ago(context.now - session.active_at),
        count(session.messages, "message"),
        session.model or "no model yet",
        usd(session.cost),
    ]
    mark = "▶ " if here else ""
    return f"- {mark}{code(session.key.name)}: {', '.join(parts)}"


async def session(context: Context) -> Reply:
    if not context.argument:
        return await sessions(context)
    key = await choosing.meant(context.argument, context)
    return Reply(await enter(key, context))


async def go(context: Context) -> Reply:
    """The list shows then where the chat is."""
    chosen = await choosing.tapped(context)
    toast = await enter(chosen.key, context)
    reply = listed(await choosing.known(context), chosen.key, context)
    return Reply(reply.text, reply.keyboard, toast.replace("`", ""))


async def enter(key: SessionKey, context: Context) -> str:
    """Where the chat is then. What runs in the session it leaves goes on."""
    if found := await context.desk.sessions.find(key):
        choosing.admit(found, context)
    await context.desk.sessions.enter(key)
    left = context.key != key and await context.engine.running(context.key)
    goes_on = f" {code(context.key.name)} goes on meanwhile." if left else ""
    return f"You are in session {code(key.name)} now.{goes_on}"
