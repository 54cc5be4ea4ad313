"""May it be spent, and what the user is told."""

from datetime import UTC, datetime

import pytest

from budgets import decide, windows
from budgets.gate import State
from budgets.model import Limit, Scope, Usage

NOW = datetime(2026, 11, 22, 13, 42, tzinfo=UTC)
ZONE = "Europe/Copenhagen"
DOLLAR = 1_000_000


def usage(
    scope: Scope,
    limit: int | None,
    settled: int = 0,
    held: int = 0,
    gate: State = State.OPEN,
) -> Usage:
    return Usage(Limit(windows.window(scope, NOW, ZONE), limit), settled, held, gate)


def test_something_left_in_every_window_admits_and_the_tightest_one_is_the_headroom() -> None:
    day = usage(Scope.USER_DAY, DOLLAR, settled=100_000)
    month = usage(Scope.USER_MONTH, 20 * DOLLAR, settled=19_500_000)
    verdict = decide.admit([day, month], ZONE)
    assert verdict.ok
    assert verdict.headroom == 500_000
    assert verdict.usage == month
    assert verdict.why == "$0.50 of $20.00 is left this month."


@pytest.mark.parametrize(
    ("usages", "why"),
    [
        (
            [usage(Scope.USER_DAY, DOLLAR, settled=1_020_000)],
            "You have spent $1.02 of $1.00 today. It resets at 00:00.",
        ),
        (
            [usage(Scope.USER_MONTH, 20 * DOLLAR, settled=20 * DOLLAR)],
            "You have spent $20.00 of $20.00 this month. It resets on 1 December at 00:00.",
        ),
        (
            [usage(Scope.HOUR, 3 * DOLLAR, settled=3 * DOLLAR)],
            (
                "Everyone together has spent $3.00 of $3.00 in the last hour. "
                "It frees up bit by bit, by 15:42 at the latest."
            ),
        ),
        (
            [usage(Scope.MONTH, 100 * DOLLAR, settled=100 * DOLLAR)],
            (
                "Everyone together has spent $100.00 of $100.00 this month. "
                "It resets on 1 December at 01:00."
            ),  # midnight in UTC
        ),
        (
            [usage(Scope.USER_DAY, DOLLAR, settled=600_000, held=400_000)],
            (
                "You have spent $0.60 of $1.00 today. "
                "$0.40 is set aside for work that runs now. It resets at 00:00."
            ),
        ),
        (
            [usage(Scope.USER_DAY, 0)],
            "You have spent $0.00 of $0.00 today. It resets at 00:00.",
        ),
    ],
)
def test_a_refusal_says_what_was_spent_the_limit_and_when_it_resets(
    usages: list[Usage], why: str
) -> None:
    verdict = decide.admit(usages, ZONE)
    assert not verdict.ok
    assert verdict.headroom == 0
    assert verdict.why == f"{why} Send your message again then."
    assert verdict.resets_at == usages[0].limit.window.end


def test_of_several_empty_windows_the_user_hears_of_the_one_that_resets_last() -> None:
    day = usage(Scope.USER_DAY, DOLLAR, settled=DOLLAR)
    month = usage(Scope.USER_MONTH, 20 * DOLLAR, settled=20 * DOLLAR)
    assert decide.admit([month, day], ZONE).usage == month


@pytest.mark.parametrize(
    "usages",
    [
        [],
        [usage(Scope.USER_DAY, None)],
        [usage(Scope.USER_DAY, None), usage(Scope.HOUR, 3 * DOLLAR)],
    ],
)
def test_without_a_declared_limit_nothing_may_be_spent(usages: list[Usage]) -> None:
    verdict = decide.admit(usages, ZONE)
    assert not verdict.ok
    assert verdict.headroom == 0
    assert "No budget is set for you" in verdict.why


def test_a_further_hold_may_take_exactly_what_is_left() -> None:
    day = usage(Scope.USER_DAY, DOLLAR, settled=500_000, held=100_000)
    assert decide.extend([day], 400_000, ZONE).ok
    assert not decide.extend([day], 400_001, ZONE).ok


def test_a_hold_that_does_not_fit_says_what_it_may_cost_and_what_is_left() -> None:
    day = usage(Scope.USER_DAY, DOLLAR, settled=950_000)
    verdict = decide.extend([day, usage(Scope.MONTH, 100 * DOLLAR)], 410_000, ZONE)
    assert not verdict.ok
    assert verdict.headroom == 50_000
    assert verdict.why == (
        "You have spent $0.95 of $1.00 today. "
        "The next step may cost $0.41, more than the $0.05 left. It resets at 00:00. "
        "Send your message again then."
    )


def test_a_tripped_gate_refuses_whatever_is_left_and_says_when_it_opens() -> None:
    hour = usage(Scope.HOUR, 3 * DOLLAR, settled=2_100_000, gate=State.TRIPPED)
    verdict = decide.admit([usage(Scope.USER_DAY, DOLLAR), hour], ZONE)
    assert not verdict.ok
    assert verdict.headroom == 0
    assert verdict.usage == hour
    assert verdict.resets_at == hour.limit.window.end
    assert verdict.why == (
        "Everyone together has spent $2.10 of $3.00 in the last hour, so nobody can go on until "
        "15:42 at the latest. Send your message again then."
    )


def test_a_gate_that_an_owner_has_shut_refuses_and_says_whom_to_ask() -> None:
    hour = usage(Scope.HOUR, 3 * DOLLAR, settled=100_000, gate=State.SHUT)
    month = usage(Scope.USER_MONTH, DOLLAR, settled=DOLLAR)
    verdict = decide.admit([month, hour], ZONE)
    assert not verdict.ok
    assert verdict.usage == hour
    assert verdict.resets_at is None
    assert verdict.why == (
        "Everyone together has spent $0.10 of $3.00 in the last hour, and an owner has closed the "
        "gate for everyone. Ask them to open it, then send your message again."
    )


def test_a_user_whose_own_day_is_used_up_hears_of_that_though_the_gate_opens_sooner() -> None:
    day = usage(Scope.USER_DAY, DOLLAR, settled=DOLLAR)
    hour = usage(Scope.HOUR, 3 * DOLLAR, gate=State.TRIPPED)
    assert decide.admit([hour, day], ZONE).usage == day


def test_a_gate_that_is_open_for_the_small_model_lets_through_and_says_so() -> None:
    day = usage(Scope.USER_DAY, DOLLAR)
    verdict = decide.admit([day, usage(Scope.HOUR, 3 * DOLLAR, gate=State.SMALL)], ZONE)
    assert verdict.ok
    assert verdict.small
    assert not decide.admit([day], ZONE).small


def test_a_gate_that_is_open_for_the_small_model_still_has_its_limit() -> None:
    hour = usage(Scope.HOUR, 3 * DOLLAR, settled=3 * DOLLAR, gate=State.SMALL)
    assert not decide.admit([usage(Scope.USER_DAY, DOLLAR), hour], ZONE).ok


def test_while_the_gate_is_open_for_the_smallest_model_another_is_told_to_take_it() -> None:
    usages = [usage(Scope.USER_DAY, DOLLAR), usage(Scope.HOUR, 3 * DOLLAR, gate=State.SMALL)]
    assert decide.extend(usages, 10, ZONE, small=True).ok
    verdict = decide.extend(usages, 10, ZONE, small=False)
    assert not verdict.ok
    assert verdict.headroom == 0
    assert verdict.why == "Only the smallest model may be used for now. Choose it with /model."
