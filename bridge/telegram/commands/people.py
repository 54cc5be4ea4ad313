"""/users: who may use the bot, and how an owner ends that."""

from bridge.alarm import named
from bridge.errors import SettingsError
from bridge.settings import Settings
from bridge.telegram import buttons
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.granting import admit
from bridge.telegram.commands.welcome import GONE, LATER, unchanged
from budgets.money import usd

SHORT = 24  # characters of a name on a button


async def users(context: Context) -> Reply:
    admit(context)
    settings = context.settings
    others = [user for user in settings.users if user != context.user]
    acts = [
        buttons.act(f"Remove {label(user, settings)}", "remove", context.user, str(user))
        for user in others
    ]
    lines = [line(user, settings) for user in settings.users]
    return Reply("\n".join(["Who may use this bot:", *lines]), buttons.column(acts))


def line(user: int, settings: Settings) -> str:
    """- `Bo` (222): member, $1.00 a day, $20.00 a month"""
    budget = settings.budgets.of(user)
    amounts = [
        f"{usd(amount)} a {window}" if amount is not None else f"nothing a {window}"
        for amount, window in ((budget.day, "day"), (budget.month, "month"))
    ]
    if settings.budgets.unit == "window":
        amounts = []
    return f"- {named(settings, user)} ({user}): {', '.join([settings.users[user].role, *amounts])}"


def label(user: int, settings: Settings) -> str:
    return settings.users[user].name[:SHORT].strip() or str(user)


async def ask(context: Context) -> Reply:
    """A button; it asks first."""
    user = other(context)
    text = (
        f"Remove {named(context.settings, user)}? They get no answer any more. "
        "Their sessions and what they have spent are kept."
    )
    keyboard = buttons.row(
        buttons.act("Remove", "dismiss", context.user, str(user)),
        buttons.act("Keep", "users", context.user),
    )
    return Reply(text, keyboard)


async def dismiss(context: Context) -> Reply:
    user = other(context)
    name = named(context.settings, user)
    try:
        await context.roll.dismiss(user)
    except SettingsError as error:
        return Reply(unchanged(error))
    gone = await context.roll.in_force(user, known=False)
    return Reply(f"{name} is removed." if gone else f"{name} is removed. {LATER}")


def other(context: Context) -> int:
    """Whom a button is about. Refusal: not theirs to use, or it is out of date."""
    admit(context)
    user = int(context.argument) if context.argument.isdecimal() else 0
    if user == context.user:
        raise Refusal("You cannot remove yourself; another owner can.")
    if user not in context.settings.users:
        raise Refusal(GONE)
    return user
