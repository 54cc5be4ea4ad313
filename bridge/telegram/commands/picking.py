"""Which model answers here, and how hard it thinks: chosen by a person, who always wins."""

from bridge.actor import folder as usual
from bridge.settings.policy import tiers
from bridge.telegram import buttons, names
from bridge.telegram.buttons import Markup
from bridge.telegram.commands.context import Context, Refusal, Reply
from bridge.telegram.commands.words import code
from budgets import prices
from budgets.money import usd

AUTO = "auto"
EFFORTS = ("low", "medium", "high", "xhigh", "max")


async def model(context: Context) -> Reply:
    """/model: the choice with buttons, or made at once."""
    if context.argument:
        return await pinned(named(context.argument, context), context)
    return await shown(context)


async def pick(context: Context) -> Reply:
    """A button of /model was tapped."""
    every = [*context.settings.models, AUTO]
    found = next((name for name in every if names.digest(name) == context.argument), None)
    if found is None:
        raise Refusal("That model is no longer in the settings. /model shows those there are.")
    return await pinned(found, context)


async def shown(context: Context) -> Reply:
    session = await context.desk.sessions.find(context.key)
    pin = session.pin if session else None
    now = f"{code(pin)}, chosen with /model" if pin else "chosen by the rules, for each message"
    lines = [f"The model here: {now}.", "", *(line(name, context) for name in ladder(context))]
    lines += ["", "/why tells which one answered last, and why."]
    return Reply("\n".join(lines), keyboard(context, pin or AUTO))


def line(name: str, context: Context) -> str:
    """What it is for and what it costs."""
    entry = context.settings.models[name]
    price = prices.find(entry.id, context.settings.prices)
    about = f": {entry.about}" if entry.about else ""
    cost = f", {usd(price.base.input)} read and {usd(price.base.output)} written" if price else ""
    return f"- **{name}**{about}{cost} per million tokens" if cost else f"- **{name}**{about}"


def ladder(context: Context) -> list[str]:
    """The smallest first; those that are not on it last."""
    ranks = tiers(context.settings)
    return sorted(ranks, key=lambda name: (ranks[name].rank < 0, ranks[name].rank))


def keyboard(context: Context, chosen: str) -> Markup | None:
    every = [*ladder(context), AUTO]
    return buttons.column(
        [
            buttons.act(marked(name, chosen), "model", context.user, names.digest(name))
            for name in every
        ]
    )


def marked(name: str, chosen: str) -> str:
    return f"✓ {name}" if name == chosen else name


def named(given: str, context: Context) -> str:
    """By name, or by a beginning that only one has."""
    every = [*context.settings.models, AUTO]
    found = names.matches(given, dict.fromkeys(every))
    if len(found) == 1:
        return found[0]
    known = ", ".join(code(name) for name in every)
    raise Refusal(f"There is no model {code(given)}. There are: {known}.")


async def pinned(name: str, context: Context) -> Reply:
    sessions = context.desk.sessions
    await sessions.load(context.key, context.user, usual(context.key, context.settings))
    await sessions.set_pin(context.key, None if name == AUTO else name)
    if name == AUTO:
        said = "From the next message on the rules choose the model again."
    else:
        said = f"From the next message on {code(name)} answers here, whatever the rules say."
    return Reply(f"{said} {undo(name)}".strip())


def undo(name: str) -> str:
    return "" if name == AUTO else "/model auto takes that back."


async def effort(context: Context) -> Reply:
    """/effort: the choice with buttons, or made at once."""
    wanted = context.argument.lower()
    if not wanted:
        session = await context.desk.sessions.find(context.key)
        now = (session.effort if session else "") or AUTO
        row = [
            buttons.act(marked(each, now), "effort", context.user, each)
            for each in (*EFFORTS, AUTO)
        ]
        return Reply(f"How hard the model thinks here: {code(now)}.", buttons.column(row))
    if wanted not in (*EFFORTS, AUTO):
        raise Refusal(f"Choose one of {', '.join(map(code, (*EFFORTS, AUTO)))}: `/effort high`.")
    sessions = context.desk.sessions
    await sessions.load(context.key, context.user, usual(context.key, context.settings))
    await sessions.set_effort(context.key, "" if wanted == AUTO else wanted)
    if wanted == AUTO:
        return Reply("From the next message on the rules say how hard the model thinks.")
    return Reply(
        f"From the next message on the effort is {code(wanted)}. `/effort auto` takes that back."
    )
