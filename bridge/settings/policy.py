"""The settings as routing knows them."""

from bridge.settings.schema import Rule, Settings
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
    )


def tiers(settings: Settings) -> dict[str, model.Tier]:
    ranks = {name: rank for rank, name in enumerate(settings.routing.escalate.ladder)}
    return {
        name: model.Tier(name, entry.id, ranks.get(name, -1))
        for name, entry in settings.models.items()
    }


def _rule(name: str, rule: Rule) -> model.Rule:
    return model.Rule(name, rule.priority, matcher(rule.when), rule.use)
