"""Amounts as people read them."""

import pytest

from budgets.money import usd


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "$0.00"),
        (20_000, "$0.02"),
        (1_250_000, "$1.25"),
        (1_234_500_000, "$1,234.50"),
        (15_000, "$0.02"),
        (3_100, "$0.0031"),
        (3_000, "$0.003"),
        (9_999, "$0.01"),
        (100, "$0.0001"),
        (12, "<$0.0001"),
        (-500_000, "-$0.50"),
    ],
)
def test_cents_from_a_cent_on_and_four_places_below(micro: int, text: str) -> None:
    assert usd(micro) == text
