"""/why: which model answered last and by which rule, and what its neighbours would have cost."""

from collections.abc import Sequence

from bridge.ports import Decision
from bridge.settings import Settings
from bridge.settings.policy import policy
from bridge.telegram.commands.context import Context, Reply
from bridge.telegram.commands.words import code
from budgets import prices
from budgets.bill import instead, total
from budgets.model import Item
from budgets.money import usd
from routing.model import Tier

NOTHING = "Nothing was answered in this session yet. Ask something, then /why tells who answered."


async def why(context: Context) -> Reply:
    made = await context.desk.decisions.last(context.key)
    if made is None:
        return Reply(NOTHING)
    items = await context.desk.ledger.bill(made.update_id)
    lines = [
        *chosen(made),
        *(f"- Then {code(step.model)} took over: {step.why}" for step in made.climbed),
        *(seen(made)),
        *costs(made, items, context.settings),
    ]
    return Reply("\n".join(lines))


def chosen(made: Decision) -> list[str]:
    choice = made.choice
    rule = f"Rule: {code(choice.rule)}" if choice.rule else "Rule: none"
    lines = [f"**{choice.model}** was chosen.", "", f"- {rule}", f"- Because: {choice.why}"]
    if choice.effort:
        lines.append(f"- Effort: {choice.effort}")
    return lines


def seen(made: Decision) -> list[str]:
    """What rules that only observe would have done."""
    return [
        f"- Observed: rule {code(each.rule)} would have chosen {each.model} ({each.why})"
        for each in made.choice.seen
    ]


def costs(made: Decision, items: Sequence[Item], settings: Settings) -> list[str]:
    if not items:
        return []
    rules = policy(settings)
    beside = [rules.larger(made.model), rules.smaller(made.model)]
    found = [(tier, estimate(items, tier, made.model, settings)) for tier in beside if tier]
    return [
        f"- Cost: {usd(total(items))}",
        *(f"- With {code(tier.name)} about {usd(cost)}" for tier, cost in found if cost),
    ]


def estimate(items: Sequence[Item], tier: Tier, instead_of: str, settings: Settings) -> int | None:
    """What the same tokens cost with another model; helpers of Claude Code stay as they are."""
    price = prices.find(tier.id, settings.prices)
    known = settings.models.get(instead_of)
    return instead(items, known.id, price) if price and known else None
