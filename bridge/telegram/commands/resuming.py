"""/resume: conversations held in a terminal go on in the chat, and /retry, which asks again."""

from bridge.model import History, Session
from bridge.telegram import buttons, names
from bridge.telegram.commands import choosing, lodging, making
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.words import ago, code
from bridge.telegram.frame import shorten

MOST = 10  # conversations in a list
TITLE = 40  # characters

Found = tuple[str, History]  # with the name of its folder


async def resume(context: Context) -> Reply:
    open_ = lodging.offered(context.settings, context.role)
    if not open_:
        raise Refusal("No folder is open to you. The owner declares them under `[folders]`.")
    every = (await found(context))[:MOST]
    if not every:
        raise Refusal("No conversation was held in a terminal in your folders.")
    lines = [
        f"{number}. {code(label(folder, history))}: {code(folder)}, {ago(context.now - history.at)}"
        for number, (folder, history) in enumerate(every, 1)
    ]
    keyboard = [
        buttons.act(label(folder, history), "resume", context.user, history.claude_id)
        for folder, history in every
    ]
    return Reply("\n".join(["**Held in a terminal**", "", *lines]), buttons.column(keyboard))


def label(folder: str, history: History) -> str:
    return shorten(history.title, TITLE) or folder


async def found(context: Context) -> list[Found]:
    """The newest first."""
    open_ = lodging.offered(context.settings, context.role)
    lists = [(name, await context.histories.found(folder.path)) for name, folder in open_.items()]
    every = [(name, history) for name, histories in lists for history in histories]
    return sorted(every, key=lambda each: each[1].at, reverse=True)


async def adopt(context: Context) -> Reply:
    """A copy of it becomes a session; the one in the terminal stays as it is."""
    mine = [each for each in await found(context) if each[1].claude_id == context.argument]
    if not mine:
        raise Refusal("That conversation is not there any more. /resume lists those that are.")
    folder, history = mine[0]
    taken = [session.key.name for session in await choosing.known(context)]
    key = context.session(names.free(names.from_title(history.title), taken))
    path = context.settings.folders[folder].path
    session = Session(
        key,
        context.user,
        path,
        started_at=context.now,
        active_at=context.now,
        claude_id=history.claude_id,
        home=await context.histories.adopt(history),
        borrowed=folder,
    )
    await making.make(session, context)
    text = (
        f"Session {code(key.name)} goes on with it, in {code(folder)} ({code(str(path))}). "
        "The one in the terminal stays as it is."
    )
    warning = await lodging.company(path, key, context.desk.sessions)
    return Reply("\n\n".join(part for part in (text, warning) if part))


async def retry(_context: Context) -> Reply:
    """Where there is a question, `entrance` has made a message of this command."""
    return Reply("There is nothing to ask again yet.")
