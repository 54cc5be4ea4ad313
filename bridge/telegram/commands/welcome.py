"""How people get in: the first words to them, and what an owner decides on a stranger's request.

The buttons below a request carry who it is, `ID/NAME`, so a decision can be made after a restart,
and whom the owner reads is whom they let in. Owners only, whichever of them; the first one counts.
"""

from bridge.actor import folder
from bridge.alarm import named
from bridge.errors import ChatError, SettingsError
from bridge.model import Offer, Place
from bridge.settings import Role
from bridge.telegram import buttons
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.granting import admit, log
from bridge.telegram.commands.words import code
from bridge.telegram.person import Person

HELLO = (
    "I am Claude Code on your server. Write what you want done; I work in a folder there and "
    "answer here while I work."
)
FIRST_STEPS = (
    "Try: *What is in this folder?* or *Write a small script that says hello.*\n"
    "/help lists the commands, /stop stops me, /cost shows what was spent."
)
STATUS: dict[Role, str] = {
    "owner": "You are the owner of this bot now.",
    "member": "You may use this bot now, as a member.",
    "guest": "You may use this bot now, as a guest.",
}
LATER = "It is written down, but counts only when the bot has been started again."
UNHEARD = "I cannot write to them, so please tell them yourself."
GONE = "This button does nothing any more."


async def start(context: Context) -> Reply:
    me = context.settings.users[context.user]
    session = await context.desk.sessions.find(context.key)
    path = session.folder if session else folder(context.key, context.settings)
    lines = [
        hello(me.name),
        HELLO,
        "",
        f"- You are: {me.role}",
        f"- Session: {code(context.key.name)}",
        f"- Folder: {code(str(path))}",
        "",
        FIRST_STEPS,
    ]
    return Reply("\n".join(lines))


def hello(name: str) -> str:
    return f"Hello {code(name)}!" if name else "Hello!"


def greeting(name: str, role: Role) -> str:
    """To somebody who was let in just now."""
    return "\n".join([f"{hello(name)} {STATUS[role]}", HELLO, "", FIRST_STEPS])


def request(who: Person) -> str:
    """The name stands on a line of its own: a script that runs from the right turns only that."""
    handle = f", {code('@' + who.handle)}" if who.handle else ""
    name = f"{code(who.name)}\n" if who.name else ""
    return f"Somebody wants to use this bot:\n{name}Telegram id {code(str(who.id))}{handle}"


def offers(who: Person) -> list[Offer]:
    argument = f"{who.id}/{who.name}"
    return [
        Offer("Approve as member", "member", argument),
        Offer("Approve as guest", "guest", argument),
        Offer("Ignore", "ignore", argument),
    ]


async def approve(role: Role, context: Context) -> Reply:
    """A button. The new user lives by the clock of the owner who lets them in."""
    admit(context)
    who = wanted(context)
    known = context.settings.users.get(who.id)
    if known:
        return Reply(f"{named(context.settings, who.id)} is in already, as {known.role}.")
    zone = context.settings.users[context.user].timezone
    try:
        await context.roll.admit(who.id, who.name, role, zone)
    except SettingsError as error:
        return undecided(who, error)
    done = f"{shown(who)} may use the bot, as {role}."
    if not await context.roll.in_force(who.id, known=True):
        return Reply(f"{done} {LATER}")
    heard = await told(who, role, context)
    return Reply(done if heard else f"{done} {UNHEARD}")


async def ignore(context: Context) -> Reply:
    """A button. They get no answer from now on; a line in the settings says so."""
    admit(context)
    who = wanted(context)
    if who.id in context.settings.users:
        raise Refusal(f"{named(context.settings, who.id)} is in already; /users can remove them.")
    try:
        await context.roll.ignore(who.id, who.name or "?")
    except SettingsError as error:
        return undecided(who, error)
    return Reply(f"{shown(who)} gets no answer, now and later.")


def wanted(context: Context) -> Person:
    """Whom the button is about. Refusal: it is of another version."""
    number, _, name = context.argument.partition("/")
    if not number.isdecimal():
        raise Refusal(GONE)
    return Person(int(number), name)


def undecided(who: Person, error: SettingsError) -> Reply:
    """The request, once more, with what has to be put right first."""
    acts = [buttons.act(each.label, each.verb, 0, each.argument) for each in offers(who)]
    return Reply(f"{unchanged(error)}\n\n{request(who)}", buttons.column(acts))


def unchanged(error: SettingsError) -> str:
    lines = "\n".join(error.problems).replace("```", "'''")
    return f"Nothing was changed, for the settings say otherwise:\n```\n{lines}\n```"


def shown(who: Person) -> str:
    return code(who.name) if who.name else f"User {who.id}"


async def told(who: Person, role: Role, context: Context) -> bool:
    try:
        await context.desk.chat.say(Place(who.id), greeting(who.name, role))
    except ChatError as error:
        log.warning("welcome_unheard", user=who.id, error=type(error).__name__)
        return False
    return True
