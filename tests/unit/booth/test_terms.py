"""Which models may be used, and at which prices."""

from decimal import Decimal

import pytest

from bridge.booth.terms import Terms
from bridge.errors import BudgetError
from bridge.settings.money import Price as Declared

TERMS = Terms((), "UTC", models=["claude-sonnet-5-5"], smallest="claude-sonnet-5-5")


@pytest.mark.parametrize(
    "model",
    ["claude-sonnet-5-5", "claude-sonnet-5-5-20261101", "claude-sonnet-5-5[1m]",
     "claude-haiku-5-5", "claude-haiku-4-5-20251001"],
)  # fmt: skip
def test_a_model_of_the_settings_or_a_helper_may_be_used(model: str) -> None:
    assert TERMS.price(model).model == model


def test_another_model_is_refused_by_name() -> None:
    with pytest.raises(BudgetError, match="claude-opus-5-5 is not among"):
        TERMS.price("claude-opus-5-5")


@pytest.mark.parametrize("model", ["claude-unknown-9", "gpt-5", ""])
def test_a_model_without_a_price_is_refused_by_name(model: str) -> None:
    with pytest.raises(BudgetError, match=f"the model {model} costs is not known"):
        Terms((), "UTC").price(model)


def test_a_declared_price_is_used() -> None:
    own = Declared(input=Decimal(1), output=Decimal(2))
    terms = Terms((), "UTC", models=["my-model"], prices={"my-model": own})
    assert terms.price("my-model").base.output == 2_000_000


def test_the_smallest_model_and_the_helpers_are_small() -> None:
    assert TERMS.small("claude-sonnet-5-5-20261101")
    assert TERMS.small("claude-haiku-5-5")
    assert not TERMS.small("claude-opus-5-5")
