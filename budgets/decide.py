"""May it be spent? A verdict with its reason, as a sentence for the user.

What is held for running work counts as spent until it is settled.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from budgets.model import Limit, Scope, Usage, Verdict
from budgets.money import usd

WHO = {
    Scope.USER_DAY: ("You have", "today"),
    Scope.USER_MONTH: ("You have", "this month"),
    Scope.HOUR: ("Everyone together has", "in the last hour"),
    Scope.MONTH: ("Everyone together has", "this month"),
}
NO_BUDGET = "No budget is set for you, so nothing can be spent. Please ask the owner to set one."


def admit(usages: Sequence[Usage], timezone: str) -> Verdict:
    """Is anything left in every window. `timezone` is the user's, for the time of the reset."""
    return extend(usages, 1, timezone)


def extend(usages: Sequence[Usage], need: int, timezone: str) -> Verdict:
    """Do `need` micro-USD more fit every window. No window at all: no."""
    if not usages or any(usage.limit.amount is None for usage in usages):
        return Verdict(ok=False, headroom=0, why=NO_BUDGET)
    tightest = min(usages, key=_left)
    short = [usage for usage in usages if _left(usage) < need]
    if not short:
        return _verdict(tightest, tightest, _rest(tightest), ok=True)
    # Of several, the one to wait for longest.
    last = max(short, key=lambda usage: usage.limit.window.end)
    return _verdict(
        last, tightest, f"{_spent(last, need)} {_reset(last.limit, timezone)}", ok=False
    )


def _verdict(decides: Usage, tightest: Usage, why: str, *, ok: bool) -> Verdict:
    resets_at = decides.limit.window.end
    return Verdict(ok, max(0, _left(tightest)), why, resets_at, decides)


def _left(usage: Usage) -> int:
    return (usage.limit.amount or 0) - usage.settled - usage.held


def _rest(usage: Usage) -> str:
    _, when = WHO[usage.limit.window.scope]
    return f"{usd(_left(usage))} of {usd(usage.limit.amount or 0)} is left {when}."


def _spent(usage: Usage, need: int) -> str:
    who, when = WHO[usage.limit.window.scope]
    spent = f"{who} spent {usd(usage.settled)} of {usd(usage.limit.amount or 0)} {when}."
    if usage.held:
        spent += f" {usd(usage.held)} is set aside for work that runs now."
    if (left := _left(usage)) > 0:
        spent += f" The next step may cost {usd(need)}, more than the {usd(left)} left."
    return spent


def _reset(limit: Limit, timezone: str) -> str:
    local = limit.window.end.astimezone(ZoneInfo(timezone))
    match limit.window.scope:
        case Scope.USER_DAY:
            return f"It resets at {local:%H:%M}."
        case Scope.HOUR:
            return f"It frees up bit by bit, by {local:%H:%M} at the latest."
        case _:
            return f"It resets on {_date(local)} at {local:%H:%M}."


def _date(local: datetime) -> str:
    return f"{local.day} {local:%B}"
