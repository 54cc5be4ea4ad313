"""Owners give more money and work everyone's gate: /grant, /gate, and the buttons for both.

Each is safe to repeat. A grant counts once for the command that gave it, or, by a button, once
for the message that was refused: two owners may have the same button, and quick fingers.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import structlog

from bridge.alarm import CHOICES, named
from bridge.errors import ChatError
from bridge.model import MICRO, Place
from bridge.settings.allowance import limits
from bridge.telegram import buttons, names
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.words import code
from budgets import windows
from budgets.decide import WHO, spent
from budgets.gate import CLOSED, LONGEST, Gate, State, emptied
from budgets.model import Limit, Usage
from budgets.money import usd

log = structlog.get_logger()

MOST = 1000  # dollars at once
AMOUNT = re.compile(r"\$?([0-9]{1,4}(?:\.[0-9]{1,6})?)")
GRANT = f"Write who gets how many dollars, up to {MOST}: `/grant NAME 1.50`."
OWNERS_ONLY = "Only an owner can do that."
GONE = "This button does nothing any more. `/grant NAME 1` grants a dollar."
UNHEARD = "I cannot write to them, so please tell them yourself."
NO_GATE = "There is no gate: `budgets.everyone.hour_usd` is not set."


async def grant(context: Context) -> Reply:
    admit(context)
    who, _, amount = context.argument.strip().rpartition(" ")
    return await granted(person(who, context), micro(amount), context.update_id, context)


async def more(context: Context) -> Reply:
    """The button: `USER/AMOUNT/UPDATE`, with the update id of the message that was refused."""
    admit(context)
    match context.argument.split("/"):
        case [user, amount, refused] if (user + amount + refused).isdecimal():
            return await granted(int(user), int(amount), int(refused), context)
    raise Refusal(GONE)


async def granted(user: int, amount: int, update_id: int, context: Context) -> Reply:
    """`amount` is micro-USD; it counts once for this update id."""
    settings, ledger = context.settings, context.desk.ledger
    bounds = limits(settings, user, context.now)
    if any(bound.amount is None for bound in bounds):
        raise Refusal(f"{named(settings, user)} has no budget in the settings to add to.")
    before = await ledger.usage(user, bounds)
    await ledger.grant(update_id, user, amount, context.user, context.now)
    after = await ledger.usage(user, bounds)
    if [usage.limit for usage in before] == [usage.limit for usage in after]:
        return Reply(f"That was granted already. {left(after)}")
    log.info("granted", user=user, by=context.user, micro_usd=amount)
    given = f"{usd(amount)} to {named(settings, user)}. {left(after)}"
    heard = user == context.user or await told(user, amount, left(after), context)
    return Reply(f"Granted {given}" if heard else f"Granted {given} {UNHEARD}")


def left(usages: Sequence[Usage]) -> str:
    """`$1.00 is left today, $19.00 is left this month.`"""
    own = [usage for usage in usages if usage.limit.window.scope in windows.OWN]
    parts = (f"{usd(rest(usage))} is left {WHO[usage.limit.window.scope][1]}" for usage in own)
    return f"{', '.join(parts)}."


def rest(usage: Usage) -> int:
    return max(0, (usage.limit.amount or 0) - usage.settled - usage.held)


async def told(user: int, amount: int, now_left: str, context: Context) -> bool:
    """Whether the user, too, knows of it."""
    by = named(context.settings, context.user)
    text = f"{by} has granted you {usd(amount)}. {now_left} What was refused, please send again."
    try:
        await context.desk.chat.say(Place(user), text)
    except ChatError as error:
        log.warning("grant_unheard", user=user, error=type(error).__name__)
        return False
    return True


def admit(context: Context) -> None:
    if context.role != "owner":
        raise Refusal(OWNERS_ONLY)


def person(given: str, context: Context) -> int:
    """By id or whole name. Refusal: nobody, or several."""
    users = context.settings.users
    if not given:
        raise Refusal(GRANT)
    if given.isdecimal() and int(given) in users:
        return int(given)
    name = names.folded(given)
    found = [number for number, user in users.items() if names.folded(user.name) == name]
    if len(found) == 1:
        return found[0]
    if found:
        several = " or ".join(str(number) for number in found)
        raise Refusal(f"{code(given)} may be {several}. Write the number instead of the name.")
    raise Refusal(f"There is no user {code(given)} in the settings.")


def micro(given: str) -> int:
    """Refusal: it is no amount."""
    found = AMOUNT.fullmatch(given)
    amount = Decimal(found[1]) if found else Decimal(0)
    if not 0 < amount <= MOST:
        raise Refusal(GRANT)
    return int(amount * MICRO)


async def gate(context: Context) -> Reply:
    """/gate: how it stands, and what can be done."""
    hour(context)
    return await shown(await context.desk.ledger.gate(context.now), context)


async def decide(state: State, context: Context) -> Reply:
    """A button. An owner who opens what was closed forgives what the hour holds by then."""
    hour(context)
    ledger, now = context.desk.ledger, context.now
    found = await ledger.gate(now)
    if found.state is not state:
        opens = found.state in CLOSED and state not in CLOSED
        found = Gate(state, now, now if opens else found.floor, context.user)
        await ledger.set_gate(found)
        log.info("gate_set", state=state, by=context.user)
    return await shown(found, context)


def hour(context: Context) -> Limit:
    """Everyone's hour. Refusal: not for this user, or there is none."""
    admit(context)
    most = context.settings.budgets.everyone.hour
    if most is None:
        raise Refusal(NO_GATE)
    return Limit(windows.hour(context.now), most)


async def shown(found: Gate, context: Context) -> Reply:
    limit = hour(context)
    (usage,) = await context.desk.ledger.usage(context.user, [limit])
    found = emptied(found, usage.settled + usage.held, limit.amount or 0)
    acts = [
        buttons.act(offer.label, offer.verb, context.user, offer.argument)
        for offer in CHOICES[found.state]
    ]
    return Reply(f"{standing(found, context)} {spent(usage)}.", buttons.column(acts))


def standing(found: Gate, context: Context) -> str:
    by = named(context.settings, found.by) if found.by else "An owner"
    until = clock((found.since or context.now) + LONGEST, context)
    match found.state:
        case State.OPEN:
            return "The gate is open; what was refused has to be sent again."
        case State.SMALL:
            return f"{by} has opened the gate for the smallest model only, until {until}."
        case State.TRIPPED:
            return f"The gate has closed by itself and opens by {until} at the latest."
        case State.SHUT:
            return f"{by} has closed the gate for everyone, until an owner opens it."


def clock(at: datetime, context: Context) -> str:
    zone = ZoneInfo(context.settings.users[context.user].timezone)
    return f"{at.astimezone(zone):%H:%M}"
