"""When people are told how much of a window is spent, and in which words.

Only what is settled counts: what is held for running work may come back.
"""

from collections.abc import Iterable

from budgets.decide import reset, spent
from budgets.model import Usage

CENT = 10_000  # micro-USD
WHOLE = 1.0


def crossed(usage: Usage, parts: Iterable[float]) -> tuple[float, ...]:
    """The parts of the limit that are spent by now, smallest first. Without a limit: none.

    The whole also counts as spent when no cent of it is left, since no request is that cheap;
    of a limit below a dollar, when no hundredth is left.
    """
    limit = usage.limit.amount
    if limit is None:
        return ()
    crumbs = min(CENT, limit // 100)
    due = {part: round(part * limit) for part in parts}
    if WHOLE in due:
        due[WHOLE] = limit - max(0, crumbs - 1)
    return tuple(sorted(part for part, amount in due.items() if usage.settled >= amount))


def text(usage: Usage, timezone: str) -> str:
    """`You have spent $0.80 of $1.00 today (80 %). It resets at 00:00.`"""
    percent = round(usage.settled * 100 / (usage.limit.amount or 1))
    return f"{spent(usage)} ({percent} %). {reset(usage.limit, timezone)}"
