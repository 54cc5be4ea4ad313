"""May it be spent? A verdict with its reason, as a sentence for the user.

What is held for running work counts as spent until it is settled. Everyone's gate goes before
the sums: while it is closed nothing passes, whatever is left. Nothing that was refused starts
again by itself, so every refusal says to send the message again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from budgets.gate import State, passes
from budgets.model import Limit, Scope, Usage, Verdict
from budgets.money import usd

WHO = {
    Scope.USER_DAY: ("You have", "today"),
    Scope.USER_MONTH: ("You have", "this month"),
    Scope.HOUR: ("Everyone together has", "in the last hour"),
    Scope.MONTH: ("Everyone together has", "this month"),
}
NO_BUDGET = "No budget is set for you, so nothing can be spent. Please ask the owner to set one."
AGAIN = "Send your message again then."
SMALL_ONLY = "Only the smallest model may be used for now. Choose it with /model."
NEVER = datetime.max.replace(tzinfo=UTC)


def admit(usages: Sequence[Usage], timezone: str) -> Verdict:
    """Is anything left in every window. `timezone` is the user's, for the time of the reset."""
    return extend(usages, 1, timezone)


def extend(usages: Sequence[Usage], need: int, timezone: str, *, small: bool = True) -> Verdict:
    """Do `need` micro-USD more fit every window. No window at all: no.

    `small`: they are for the smallest model.
    """
    if not usages or any(usage.limit.amount is None for usage in usages):
        return Verdict(ok=False, headroom=0, why=NO_BUDGET)
    closed = [usage for usage in usages if not passes(usage.gate, small=small)]
    short = [usage for usage in usages if usage in closed or _left(usage) < need]
    if not short:
        return _yes(usages)
    # Of several windows the user is told of the one to wait for longest.
    last = max(short, key=lambda usage: _resets_at(usage) or NEVER)
    return Verdict(
        ok=False,
        headroom=0 if closed else max(0, min(_left(usage) for usage in usages)),
        why=_refusal(last, need, timezone, small=small),
        resets_at=_resets_at(last),
        usage=last,
    )


def _yes(usages: Sequence[Usage]) -> Verdict:
    tightest = min(usages, key=_left)
    return Verdict(
        ok=True,
        headroom=_left(tightest),
        why=_rest(tightest),
        resets_at=tightest.limit.window.end,
        usage=tightest,
        small=any(usage.gate is State.SMALL for usage in usages),
    )


def spent(usage: Usage) -> str:
    """Without a full stop, so that it can go on."""
    who, when = WHO[usage.limit.window.scope]
    return f"{who} spent {usd(usage.settled)} of {usd(usage.limit.amount or 0)} {when}"


def reset(limit: Limit, timezone: str) -> str:
    """A sentence with the clock time in that zone."""
    local = limit.window.end.astimezone(ZoneInfo(timezone))
    match limit.window.scope:
        case Scope.USER_DAY:
            return f"It resets at {local:%H:%M}."
        case Scope.HOUR:
            return f"It frees up bit by bit, by {local:%H:%M} at the latest."
        case _:
            return f"It resets on {local.day} {local:%B} at {local:%H:%M}."


def _left(usage: Usage) -> int:
    return (usage.limit.amount or 0) - usage.settled - usage.held


def _resets_at(usage: Usage) -> datetime | None:
    """None: when an owner opens the gate."""
    return None if usage.gate is State.SHUT else usage.limit.window.end


def _rest(usage: Usage) -> str:
    _, when = WHO[usage.limit.window.scope]
    return f"{usd(_left(usage))} of {usd(usage.limit.amount or 0)} is left {when}."


def _refusal(usage: Usage, need: int, timezone: str, *, small: bool) -> str:
    match usage.gate:
        case State.SMALL if not small:
            return SMALL_ONLY
        case State.SHUT:
            return (
                f"{spent(usage)}, and an owner has closed the gate for everyone. "
                "Ask them to open it, then send your message again."
            )
        case State.TRIPPED:
            end = usage.limit.window.end.astimezone(ZoneInfo(timezone))
            return f"{spent(usage)}, so nobody can go on until {end:%H:%M} at the latest. {AGAIN}"
        case _:
            return f"{_full(usage, need)} {reset(usage.limit, timezone)} {AGAIN}"


def _full(usage: Usage, need: int) -> str:
    told = f"{spent(usage)}."
    if usage.held:
        told += f" {usd(usage.held)} is set aside for work that runs now."
    if (left := _left(usage)) > 0:
        told += f" The next step may cost {usd(need)}, more than the {usd(left)} left."
    return told
