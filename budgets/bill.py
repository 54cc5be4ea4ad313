"""What a turn cost, and what it would have cost with another model."""

from collections.abc import Iterable

from budgets import prices
from budgets.model import Item, Price


def total(items: Iterable[Item]) -> int:
    """Micro-USD."""
    return sum(item.cost for item in items)


def instead(items: Iterable[Item], model_id: str, price: Price) -> int:
    """The same tokens at another price: an estimate, since another model says other things.

    Only what `model_id` had is priced anew; the helpers of Claude Code stay as they are.
    """
    return sum(
        prices.cost(item.tokens, price) if item.model == model_id else item.cost for item in items
    )
