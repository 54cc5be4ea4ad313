"""The bot's commands: one line in the table each, which also makes /help and Telegram's menu.

A handler takes a `Context` and returns a `Reply`; it sends nothing itself. Commands overtake
waiting messages. Text that begins with an unknown /word is a message like any other. ACTIONS
are what the buttons below replies do, by the verb they carry.
"""

from bridge.actor import folder
from bridge.model import Stop
from bridge.telegram import costs
from bridge.telegram.commands import changing, making, resuming, state, switching
from bridge.telegram.commands.context import Action, Command, Context, Refusal, Reply, Tools
from bridge.telegram.commands.words import code

__all__ = [
    "ACTIONS",
    "BY_NAME",
    "COMMANDS",
    "Action",
    "Command",
    "Context",
    "Refusal",
    "Reply",
    "Tools",
    "menu",
]

HELLO = (
    "I am Claude Code on your server. Write what you want done; I work in a folder there and "
    "answer here while I work."
)


async def start(context: Context) -> Reply:
    me = context.settings.users[context.user]
    session = await context.desk.sessions.find(context.key)
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
    view = await costs.view(context.user, context.settings, context.desk.ledger, context.now)
    return Reply(costs.text(view))


COMMANDS = (
    Command("start", "what this is and how to begin", start),
    Command("help", "this list", help_),
    Command("new", "NAME [FOLDER]: begin another session", making.new),
    Command("session", "NAME: go to that session", switching.session),
    Command("sessions", "all sessions, with buttons to switch", switching.sessions),
    Command("rename", "[OLD] NEW: another name for a session", changing.rename),
    Command("delete", "[NAME]: forget a session; asks first", changing.ask),
    Command("fork", "[NAME]: go on with this conversation in a copy", making.fork),
    Command("resume", "go on with a conversation from a terminal", resuming.resume, slow=True),
    Command("stop", "stop what is running", stop),
    Command("retry", "ask the last question again", resuming.retry),
    Command("timeout", "MINUTES: how long a turn may take", changing.timeout),
    Command("cost", "what was spent, what is left, and when it resets", cost),
    Command("status", "this session: what runs, what waits, model and cost", state.status),
)

BY_NAME = {command.name: command for command in COMMANDS}

ACTIONS = {
    "go": Action(switching.go),
    "tree": Action(making.worktree, slow=True),
    "delete": Action(changing.delete, slow=True),
    "keep": Action(changing.keep),
    "resume": Action(resuming.adopt, slow=True),
}


def menu() -> list[dict[str, str]]:
    """For setMyCommands."""
    return [{"command": command.name, "description": command.help} for command in COMMANDS]
