"""Sessions are renamed, given a longest turn, and deleted."""

from bridge.actor import folder as usual
from bridge.model import Session, SessionKey, Stop
from bridge.telegram import buttons, names
from bridge.telegram.commands import choosing, lodging
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.words import code

PATIENCE = 10.0  # seconds a running turn may take to stop before its session is deleted
GLANCE = 0.1
LONGEST = 24 * 60  # minutes of one turn
RENAME = "Give it a name: `/rename docs`, or `/rename old new`."
TIMEOUT = f"Give the minutes a turn may take, up to {LONGEST}: `/timeout 45`, or `/timeout off`."


async def rename(context: Context) -> Reply:
    words = context.argument.split()
    if not 1 <= len(words) <= 2:
        raise Refusal(RENAME)
    old = await choosing.meant(words[0], context) if len(words) == 2 else context.key
    if await context.desk.sessions.find(old) is None:
        raise Refusal(f"Session {code(old.name)} is new: write something first.")
    name = await renamed(old, words[-1], context)
    if await context.engine.running(old):
        raise Refusal(f"Session {code(old.name)} is working. Rename it when that is done.")
    if not await context.desk.sessions.rename(old, name):
        raise Refusal(f"There is a session {code(name)} already.")
    # The old name's server gives its client back; what waited is served under the new one.
    await context.engine.activate(old)
    await context.engine.activate(context.session(name))
    return Reply(f"Session {code(old.name)} is called {code(name)} now.")


async def renamed(old: SessionKey, given: str, context: Context) -> str:
    """A name may be written in another case, though the name is its own."""
    same = names.valid(names.tidy(given)) and names.folded(given) == names.folded(old.name)
    return names.tidy(given) if same else await choosing.new_name(given, context)


async def timeout(context: Context) -> Reply:
    if not context.argument:
        found = await context.desk.sessions.find(context.key)
        own = found.minutes if found else None
        now = own or context.settings.sessions.turn_minutes
        return Reply(f"A turn may take {now:g} minutes here.\n\n{TIMEOUT}")
    chosen = minutes(context.argument)
    key, sessions = context.key, context.desk.sessions
    await sessions.load(key, context.user, usual(key, context.settings))
    await sessions.set_minutes(key, chosen)
    now = chosen or context.settings.sessions.turn_minutes
    whose = "" if chosen else ", as in the settings"
    return Reply(f"From the next message on a turn may take {now:g} minutes here{whose}.")


def minutes(written: str) -> float | None:
    """None: as in the settings. Refusal: it is no number of minutes."""
    if written.lower() == "off":
        return None
    try:
        number = float(written)
    except ValueError:
        number = 0.0
    if not 0 < number <= LONGEST:
        raise Refusal(TIMEOUT)
    return number


async def ask(context: Context) -> Reply:
    """/delete asks first."""
    session = await choosing.wanted(context)
    lines = [f"Delete session {code(session.key.name)}? Its conversation is forgotten."]
    if await context.engine.running(session.key):
        lines.append("What it is working on is stopped first.")
    lines.append(await fate(session, context))
    digest = names.digest(session.key.name)
    keyboard = buttons.row(
        buttons.act("Delete", "delete", context.user, digest),
        buttons.act("Keep", "keep", context.user, digest),
    )
    return Reply(" ".join(lines), keyboard)


async def fate(session: Session, context: Context) -> str:
    """What becomes of the files."""
    if session.borrowed:
        return f"The folder {code(session.borrowed)} stays as it is."
    if await shared(session, context):
        return "Its folder stays, since another session works there too."
    return "Its files are put away, not destroyed."


async def shared(session: Session, context: Context) -> bool:
    here = await context.desk.sessions.within(session.folder)
    return any(each.key != session.key for each in here)


async def keep(context: Context) -> Reply:
    session = await choosing.tapped(context)
    return Reply(f"Session {code(session.key.name)} is kept.")


async def delete(context: Context) -> Reply:
    """The chat leaves it first, so that nothing new is written to it."""
    session = await choosing.tapped(context)
    sessions, key = context.desk.sessions, session.key
    current = await sessions.current(context.place) == key
    if current:
        await sessions.enter(context.session(choosing.MAIN))
    await stopped(key, context)
    stays = session.borrowed or await shared(session, context)
    await sessions.delete(key)
    await context.engine.activate(key)  # an idle server gives its client back now
    lines = [f"Session {code(key.name)} is deleted."]
    if not stays and lodging.filled(session.folder):
        kept = await context.folders.discard(session.folder)
        lines.append(f"Its files are in {code(str(kept))}.")
    if current:
        lines.append(f"You are in session {code(choosing.MAIN)} now.")
    return Reply(" ".join(lines))


async def stopped(key: SessionKey, context: Context) -> None:
    """Its turn has ended, or was given the time for it."""
    clock = context.desk.clock
    deadline = clock.monotonic() + PATIENCE
    if await context.engine.running(key):
        await context.engine.signal(key, Stop(context.user))
    while await context.engine.running(key) and clock.monotonic() < deadline:
        await clock.sleep(GLANCE)
