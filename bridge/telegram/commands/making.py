"""Sessions are made: /new and /fork, and the worktree that /new offers for a git folder.

Where a chat has topics, /new makes one for the session, if it may.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bridge.model import Session, SessionKey
from bridge.telegram import buttons, names
from bridge.telegram.commands import choosing, lodging
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.words import code, codes

USED = "Session {} is in use already, so it stays where it is. Make another one with /new."


async def new(context: Context) -> Reply:
    words = context.argument.split()
    if not 1 <= len(words) <= 2:
        raise Refusal(usage(context))
    name = await choosing.new_name(words[0], context)
    if context.forum and (place := await context.desk.chat.topic(context.place.chat, name)):
        there = replace(context, key=SessionKey(place.chat, place.thread, name))
        return replace(await begun(name, words[1:], there), place=place)
    return await begun(name, words[1:], context)


async def begun(name: str, folder: Sequence[str], context: Context) -> Reply:
    key = context.session(name)
    if folder:
        return await borrowing(key, folder[0], context)
    path = await lodging.unused(key, context.settings, context.desk.sessions)
    await make(fresh(key, path, context), context)
    return Reply(f"Session {code(key.name)} is ready. It works in {code(str(path))}.")


def usage(context: Context) -> str:
    lines = ["Give it a name: `/new docs`."]
    if open_ := lodging.offered(context.settings, context.role):
        first = next(iter(open_))
        lines.append(f"Or let it work in one of your folders: {code(f'/new docs {first}')}.")
        lines.append(f"Open to you: {codes(open_)}.")
    return "\n".join([*lines, "", names.RULE])


def fresh(key: SessionKey, folder: Path, context: Context) -> Session:
    return Session(key, context.user, folder, started_at=context.now, active_at=context.now)


async def make(session: Session, context: Context) -> None:
    """It is the chat's current one then. Refusal: the name was taken a moment ago."""
    if not await context.desk.sessions.add(session):
        raise Refusal(f"There is a session {code(session.key.name)} already.")


async def borrowing(key: SessionKey, given: str, context: Context) -> Reply:
    """In a folder of the settings; for a git folder a worktree is offered."""
    name, path = lodging.chosen(given, context)
    await make(replace(fresh(key, path, context), borrowed=name), context)
    text = f"Session {code(key.name)} is ready. It works in {code(name)} ({code(str(path))})."
    warning = await lodging.company(path, key, context.desk.sessions)
    offer = None
    if context.folders.is_git(path):
        label, digest = "In a worktree of its own", names.digest(key.name)
        offer = buttons.row(buttons.act(label, "tree", context.user, digest))
    return Reply("\n\n".join(part for part in (text, warning) if part), offer)


async def worktree(context: Context) -> Reply:
    """The session that was just made moves to a worktree of its folder, unless it was used."""
    session = await choosing.tapped(context)
    if not session.borrowed or await used(session, context):
        raise Refusal(USED.format(code(session.key.name)))
    target = await lodging.unused(session.key, context.settings, context.desk.sessions)
    await context.folders.worktree(session.folder, target)
    left = await moved(session, target, context)
    return Reply(
        f"Session {code(session.key.name)} is ready. It works in {code(str(target))}, a git "
        f"worktree of {code(session.borrowed)} with a branch of its own.{left}"
    )


async def used(session: Session, context: Context) -> bool:
    return bool(session.messages or await context.desk.inbox.waiting(session.key))


async def moved(session: Session, target: Path, context: Context) -> str:
    """The session is made anew in `target`, and the old one goes.

    A message that comes at this very moment is not lost: it stays with the old session, under
    another name, which is returned in a sentence.
    """
    sessions, key = context.desk.sessions, session.key
    taken = [each.key.name for each in await choosing.known(context)]
    aside = context.session(names.free(key.name, taken))
    current = await sessions.current(context.place)
    if await used(session, context) or not await sessions.rename(key, aside.name):
        raise Refusal(USED.format(code(key.name)))
    await make(replace(session, folder=target, borrowed=""), context)
    left = await context.desk.inbox.waiting(aside)
    if not left:
        await sessions.delete(aside)
    await sessions.enter(current)
    return f" What you wrote meanwhile is answered in session {code(aside.name)}." if left else ""


async def fork(context: Context) -> Reply:
    """The conversation so far goes on in two sessions; the folder stays one."""
    source = await context.desk.sessions.find(context.key)
    if source is None or not source.claude_id:
        raise Refusal("There is no conversation to fork yet. Write something first.")
    choosing.admit(source, context)
    name = await fork_name(context)
    copy = replace(
        source,
        key=context.session(name),
        user=context.user,
        started_at=context.now,
        active_at=context.now,
        epoch=0,
        messages=0,
        cost=0,
        fork=True,
    )
    await make(copy, context)
    return Reply(
        f"Session {code(name)} goes on from here; {code(source.key.name)} stays as it was.\n\n"
        f"⚠ Both work in {code(str(source.folder))}; do not let them change the same files at once."
    )


async def fork_name(context: Context) -> str:
    if context.argument:
        return await choosing.new_name(context.argument, context)
    taken = [session.key.name for session in await choosing.known(context)]
    return names.free(context.key.name, taken)
