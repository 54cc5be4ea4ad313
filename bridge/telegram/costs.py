"""What /cost tells: spent today and this month, the limits, what is left, when it resets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.model import Spend
from bridge.ports import Ledger
from bridge.settings import Settings, allowance
from budgets import windows
from budgets.model import Scope, Usage
from budgets.money import usd

TITLES = {
    Scope.USER_DAY: "Your day",
    Scope.USER_MONTH: "Your month",
    Scope.HOUR: "Everyone, last hour",
    Scope.MONTH: "Everyone, this month",
}


@dataclass(frozen=True, slots=True)
class View:
    timezone: str
    now: datetime
    today: Sequence[Spend]
    month: Sequence[Spend]
    usages: Sequence[Usage]


async def view(user: int, settings: Settings, ledger: Ledger, now: datetime) -> View:
    zone = settings.users[user].timezone
    day, month = windows.day(now, zone), windows.month(now, zone)
    limits = allowance.limits(settings, user, now)
    return View(
        zone,
        now,
        await ledger.spent(day.start, day.end, user, zone),
        await ledger.spent(month.start, month.end, user, zone),
        await ledger.usage(user, limits),
    )


def text(view: View) -> str:
    lines = [
        f"**Today** {usd(total(view.today))} · **this month** {usd(total(view.month))}",
        "",
        *(line(usage, view) for usage in view.usages),
        *models(view.month),
    ]
    return "\n".join(lines)


def line(usage: Usage, view: View) -> str:
    """One window. Everyone's hour slides, so it has no time of reset."""
    window, most = usage.limit.window, usage.limit.amount
    title = TITLES[window.scope]
    if most is None:
        return f"- {title}: no budget is set, so nothing can be spent. Please ask the owner."
    used = usage.settled + usage.held
    held = f" ({usd(usage.held)} set aside for running work)" if usage.held else ""
    left = usd(max(0, most - used))
    reset = "" if window.scope is Scope.HOUR else f", resets {moment(window.end, view)}"
    return f"- {title}: {usd(used)} of {usd(most)}{held}, {left} left{reset}"


def moment(at: datetime, view: View) -> str:
    """A clock time in the user's zone, with the date when that is further off than tomorrow."""
    zone = ZoneInfo(view.timezone)
    local, today = at.astimezone(zone), view.now.astimezone(zone)
    days = (local.date() - today.date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"on {local.day} {local:%b}")
    return f"{day} at {local:%H:%M}"


def models(spends: Sequence[Spend]) -> list[str]:
    if not spends:
        return []
    by_model = sorted(
        {s.model for s in spends}, key=lambda m: -total(s for s in spends if s.model == m)
    )
    return ["", "**This month by model**", "", *(model_line(m, spends) for m in by_model)]


def model_line(model: str, spends: Sequence[Spend]) -> str:
    turns = sum(s.turns for s in spends if s.model == model)
    amount = total(s for s in spends if s.model == model)
    return f"- {model}: {usd(amount)}, {turns} {'turn' if turns == 1 else 'turns'}"


def total(spends: Iterable[Spend]) -> int:
    return sum(spend.cost for spend in spends)
