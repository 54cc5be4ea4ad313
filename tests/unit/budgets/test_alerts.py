"""Which parts of a limit people are told of."""

from datetime import UTC, datetime

import pytest

from budgets import alerts, windows
from budgets.model import Limit, Scope, Usage

NOW = datetime(2026, 11, 22, 13, 42, tzinfo=UTC)
ZONE = "Europe/Copenhagen"
PARTS = (0.5, 0.8, 1.0)
DOLLAR = 1_000_000


def usage(
    settled: int, limit: int | None = DOLLAR, scope: Scope = Scope.USER_DAY, held: int = 0
) -> Usage:
    return Usage(Limit(windows.window(scope, NOW, ZONE), limit), settled, held)


@pytest.mark.parametrize(
    ("settled", "parts"),
    [
        (0, ()),
        (499_999, ()),
        (500_000, (0.5,)),
        (799_999, (0.5,)),
        (800_000, (0.5, 0.8)),
        (DOLLAR, PARTS),
        (1_020_000, PARTS),
    ],
)
def test_a_part_is_crossed_when_that_much_is_spent(settled: int, parts: tuple[float, ...]) -> None:
    assert alerts.crossed(usage(settled), PARTS) == parts


def test_what_is_only_held_does_not_count() -> None:
    assert alerts.crossed(usage(400_000, held=600_000), PARTS) == ()


def test_the_whole_is_crossed_when_no_cent_is_left() -> None:
    assert alerts.crossed(usage(990_000), (1.0,)) == ()
    assert alerts.crossed(usage(990_001), (1.0,)) == (1.0,)


def test_of_a_tiny_limit_the_whole_is_not_crossed_before_anything_is_spent() -> None:
    assert alerts.crossed(usage(0, limit=5_000), (1.0,)) == ()
    assert alerts.crossed(usage(0, limit=1), (1.0,)) == ()
    assert alerts.crossed(usage(1, limit=1), (1.0,)) == (1.0,)


def test_only_the_declared_parts_are_told_in_whatever_order_they_stand() -> None:
    assert alerts.crossed(usage(DOLLAR), (0.9, 0.1, 0.9)) == (0.1, 0.9)
    assert alerts.crossed(usage(DOLLAR), ()) == ()


def test_where_no_limit_is_declared_there_is_nothing_to_cross() -> None:
    assert alerts.crossed(usage(DOLLAR, limit=None), PARTS) == ()


def test_the_words_say_what_was_spent_the_limit_and_when_it_resets() -> None:
    assert alerts.text(usage(800_000), ZONE) == (
        "You have spent $0.80 of $1.00 today (80 %). It resets at 00:00."
    )
    assert alerts.text(usage(50_500_000, 100 * DOLLAR, Scope.MONTH), "UTC") == (
        "Everyone together has spent $50.50 of $100.00 this month (50 %). "
        "It resets on 1 December at 00:00."
    )
