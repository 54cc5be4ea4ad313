"""Which session is meant: by name or its beginning, or by the digest on a button."""

from collections.abc import Sequence

from bridge.model import Session, SessionKey
from bridge.telegram import names
from bridge.telegram.commands import lodging
from bridge.telegram.commands.context import Context, Refusal
from bridge.telegram.commands.words import code, codes

MAIN = "main"  # where a chat is until it goes elsewhere; it may be entered before it is made
GONE = "That session is not here any more. /sessions lists those that are."


async def known(context: Context) -> Sequence[Session]:
    return await context.desk.sessions.every(context.place)


async def meant(given: str, context: Context) -> SessionKey:
    """By name, or by a beginning that only one has. Refusal: none or several."""
    every = [session.key.name for session in await known(context)]
    found = names.matches(given, dict.fromkeys([*every, MAIN]))
    if len(found) == 1:
        return context.session(found[0])
    if found:
        raise Refusal(f"{code(given)} may be {codes(found)}. Write a little more of it.")
    raise Refusal(f"There is no session {code(given)}. /sessions lists those there are.")


async def wanted(context: Context) -> Session:
    """The one that the argument names, or the current one. Refusal: it is not made yet."""
    key = await meant(context.argument, context) if context.argument else context.key
    if session := await context.desk.sessions.find(key):
        return session
    raise Refusal(f"Session {code(key.name)} is new: write something first.")


async def tapped(context: Context) -> Session:
    """By the digest of its name. Refusal: it was renamed or deleted meanwhile."""
    every = await known(context)
    for session in every:
        if names.digest(session.key.name) == context.argument:
            return session
    raise Refusal(GONE)


def admit(session: Session, context: Context) -> None:
    """Refusal: it lives in a folder that is not open to this user."""
    if why := lodging.closed_to(session, context.role, context.settings):
        raise Refusal(why)


async def new_name(given: str, context: Context) -> str:
    """Refusal: it is no name, or taken."""
    name = names.tidy(given)
    if not names.valid(name):
        raise Refusal(f"{names.RULE} {code(given)} is none.")
    if names.taken(name, [session.key.name for session in await known(context)]):
        raise Refusal(
            f"There is a session {code(name)} already; {code(f'/session {name}')} goes there."
        )
    return name
