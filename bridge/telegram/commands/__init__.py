"""The bot's commands: one line in the table each, which also makes /help and Telegram's menu.

A handler takes a `Context` and returns a `Reply`; it sends nothing itself. Commands overtake
waiting messages. Text that begins with an unknown /word is a message like any other. ACTIONS
are what the buttons below replies do, by the verb they carry.
"""

from functools import partial

from bridge.model import Stop
from bridge.telegram.commands import (
    changing,
    costs,
    granting,
    making,
    modes,
    people,
    picking,
    reasons,
    resuming,
    state,
    switching,
    welcome,
)
from bridge.telegram.commands.context import Action, Command, Context, Refusal, Reply, Tools
from budgets.gate import State

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


async def help_(_context: Context) -> Reply:
    lines = [f"- /{command.name}: {command.help}" for command in COMMANDS]
    lines.append("- /plan TEXT: make a plan first, and show it before anything is changed")
    return Reply("\n".join(["Write anything and I work on it. Commands:", "", *lines]))


async def stop(context: Context) -> Reply:
    stopped = await context.engine.signal(context.key, Stop(context.user))
    return Reply("Stopping." if stopped else "Nothing is running.")


COMMANDS = (
    Command("start", "what this is and how to begin", welcome.start),
    Command("help", "this list", help_),
    Command("new", "NAME [FOLDER]: begin another session", making.new, topics=True),
    Command("session", "NAME: go to that session", switching.session),
    Command("sessions", "all sessions, with buttons to switch", switching.sessions),
    Command("rename", "[OLD] NEW: another name for a session", changing.rename),
    Command("delete", "[NAME]: forget a session; asks first", changing.ask),
    Command("fork", "[NAME]: go on with this conversation in a copy", making.fork),
    Command("resume", "go on with a conversation from a terminal", resuming.resume, slow=True),
    Command("stop", "stop what is running", stop),
    Command("model", "[NAME|auto]: which model answers here", picking.model),
    Command("effort", "[LEVEL|auto]: how hard it thinks", picking.effort),
    Command("why", "which model answered last, and why", reasons.why),
    Command("retry", "ask the last question again", resuming.retry),
    Command("timeout", "MINUTES: how long a turn may take", changing.timeout),
    Command("verbose", "show what I think and every step", modes.verbose),
    Command("smart", "long answers as a summary and files", modes.smart),
    Command("default", "show what I do, then my answer", modes.default),
    Command("cost", "what was spent, what is left, and when it resets", costs.cost),
    Command("grant", "USER AMOUNT: more dollars for somebody (owner)", granting.grant, slow=True),
    Command("gate", "everyone's hour: open, closed, by whom (owner)", granting.gate),
    Command("users", "who may use this bot; to remove somebody (owner)", people.users),
    Command("status", "this session: what runs, what waits, model and cost", state.status),
)

BY_NAME = {command.name: command for command in COMMANDS}

ACTIONS = {
    "go": Action(switching.go),
    "tree": Action(making.worktree, slow=True),
    "delete": Action(changing.delete, slow=True),
    "model": Action(picking.pick),
    "effort": Action(picking.effort),
    "keep": Action(changing.keep),
    "resume": Action(resuming.adopt, slow=True),
    "grant": Action(granting.more, slow=True),
    "gate-open": Action(partial(granting.decide, State.OPEN)),
    "gate-small": Action(partial(granting.decide, State.SMALL)),
    "gate-shut": Action(partial(granting.decide, State.SHUT)),
    "member": Action(partial(welcome.approve, "member"), slow=True),
    "guest": Action(partial(welcome.approve, "guest"), slow=True),
    "ignore": Action(welcome.ignore, slow=True),
    "users": Action(people.users),
    "remove": Action(people.ask),
    "dismiss": Action(people.dismiss, slow=True),
}


def menu() -> list[dict[str, str]]:
    """For setMyCommands."""
    return [{"command": command.name, "description": command.help} for command in COMMANDS]
