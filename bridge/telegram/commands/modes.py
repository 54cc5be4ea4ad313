"""How much of a turn a session's chat sees: /default, /verbose, /smart."""

from functools import partial

from bridge.actor import folder
from bridge.model import Mode
from bridge.telegram.commands.context import Context, Reply

BACK = "/default goes back."
TOLD = {
    Mode.DEFAULT: "While I work you see what I am doing, and then my answer.",
    Mode.VERBOSE: (
        "From the next message on you also see what I think and every step, in quotes that "
        f"open with a tap. {BACK}"
    ),
    Mode.SMART: (
        "From the next message on a long answer comes as a summary with the whole as a file, and "
        f"long code as files of its own. {BACK}"
    ),
}


async def choose(mode: Mode, context: Context) -> Reply:
    key, sessions = context.key, context.desk.sessions
    await sessions.load(key, context.user, folder(key, context.settings))
    await sessions.set_mode(key, mode)
    return Reply(TOLD[mode])


default = partial(choose, Mode.DEFAULT)
verbose = partial(choose, Mode.VERBOSE)
smart = partial(choose, Mode.SMART)
