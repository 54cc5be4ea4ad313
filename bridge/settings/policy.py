"""The settings as routing knows them."""

from bridge.settings.schema import Rule, Settings
from budgets import prices
from routing import model
from routing.match import matcher


def policy(settings: Settings) -> model.Policy:
    """BadCondition: never for settings that were read, because reading has tried each rule."""
    routing = settings.routing
    rules = [_rule(name, rule) for name, rule in routing.rules.items()]
    return model.Policy(
        default=routing.default,
        tiers=tiers(settings),
        rules=tuple(sorted(rules, key=lambda rule: rule.priority)),
        sticky=routing.sticky,
        evidence=frozenset(model.Evidence(each) for each in routing.escalate.on),
        max_steps=routing.escalate.max_steps,
    )


def tiers(settings: Settings) -> dict[str, model.Tier]:
    ranks = {name: rank for rank, name in enumerate(settings.routing.escalate.ladder)}
    return {
        name: model.Tier(name, entry.id, ranks.get(name, -1), reading(entry.id, settings))
        for name, entry in settings.models.items()
    }


def reading(model_id: str, settings: Settings) -> int:
    """What a token costs that is read for the first time and cached; micro-USD per million."""
    price = prices.find(model_id, settings.prices)
    return price.base.cache_write_5m if price else 0


def _rule(name: str, rule: Rule) -> model.Rule:
    return model.Rule(name, rule.priority, matcher(rule.when), rule.use, rule.effort, rule.observe)
