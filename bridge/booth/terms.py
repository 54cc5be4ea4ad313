"""What holds for a user now, by the settings in force."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.errors import BudgetError
from budgets import prices
from budgets.model import Limit, Price
from budgets.prices import Declared, plain

# What Claude Code asks by itself for its side jobs, such as searching the web.
HELPERS = frozenset({"claude-haiku-5-5", "claude-haiku-4-5"})


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits, and the zone their clock times are told in.

    `models`: the ids that may be used, besides the helpers; None = whatever has a price.
    `smallest`: the only one that may be used while everyone's gate is open for it alone.
    `shares`: the parts of a subscription's windows that may be used, by the names of `shares.py`;
    where there are some and no limits, dollars are only counted.
    """

    limits: Sequence[Limit]
    timezone: str
    models: Collection[str] | None = None
    smallest: str = ""
    prices: Mapping[str, Declared] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    def price(self, model: str) -> Price:
        """BudgetError: it has none, or is not one of those that may be used."""
        if not self.allows(model):
            raise BudgetError(
                f"The model {model} is not among the models of this bot. Choose another one."
            )
        found = prices.find(model, self.prices)
        if found is None:
            raise BudgetError(
                f"What the model {model} costs is not known, so it cannot be used. "
                "Choose another one."
            )
        return found

    def allows(self, model: str) -> bool:
        """By its own name: Claude Code adds dates and marks."""
        if self.models is None:
            return True
        return plain(model) in HELPERS or plain(model) in map(plain, self.models)

    def small(self, model: str) -> bool:
        return plain(model) in {*HELPERS, plain(self.smallest or model)}
