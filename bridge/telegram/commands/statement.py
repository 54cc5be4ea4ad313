"""What /cost tells: spent today and this month, the limits, what is left, when it resets. Pure.

In a group the group's figures come first and what was spent on is the group's; limits are always
those of the person who asks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bridge.model import Spend
from bridge.telegram.commands.words import code, count
from budgets.gate import LONGEST, Gate, State
from budgets.model import Scope, Usage
from budgets.money import usd
from budgets.shares import WORDS, Share, reset, used

TOP = 5  # models and sessions that are told one by one
TITLES = {
    Scope.USER_DAY: "Your day",
    Scope.USER_MONTH: "Your month",
    Scope.HOUR: "Everyone, last hour",
    Scope.MONTH: "Everyone, this month",
}
OF_ONE_USER = (Scope.USER_DAY, Scope.USER_MONTH)
NO_BUDGET = "no budget is set, so nothing can be spent. Please ask the owner."
EQUIVALENTS = "*Dollars are only equivalents here: the Claude subscription is not billed by them.*"
GATES = {
    State.TRIPPED: "Everyone's hourly limit is reached, so nothing runs for now",
    State.SHUT: "An owner has stopped all work, until an owner opens it again",
    State.SMALL: "Everyone's hourly limit was reached, so only the smallest model runs for now",
}


@dataclass(frozen=True, slots=True)
class View:
    """Spends are those of at least this month, by local days; `group` is None in private."""

    now: datetime
    timezone: str
    mine: Sequence[Spend]
    group: Sequence[Spend] | None
    usages: Sequence[Usage]
    gate: Gate = Gate()  # noqa: RUF009 - a frozen value
    parts: Mapping[str, float] = field(default_factory=dict)  # of a subscription, that may be used
    shares: Sequence[Share] = ()  # of a subscription, that are used

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def shown(self) -> Sequence[Spend]:
        """What it was spent on."""
        return self.mine if self.group is None else self.group


def text(view: View) -> str:
    month = this_month(view.shown, view)
    blocks = [
        *sums(view),
        "\n".join(line(usage, view) for usage in view.usages),
        "\n".join(share_line(name, part, view) for name, part in view.parts.items()),
        gate(view),
        listed("model", [(s.model, s) for s in month], turns=True),
        listed("session", [(code(s.session), s) for s in month], turns=False),
        EQUIVALENTS if view.parts else "",
    ]
    return "\n\n".join(block for block in blocks if block)


def share_line(name: str, part: float, view: View) -> str:
    """One window of the subscription. The API tells of it only with an answer."""
    title = f"- Subscription, {WORDS[name]}"
    seen = next((share for share in view.shares if share.name == name), None)
    if seen is None or seen.resets_at <= view.now:
        return f"{title}: nothing used that I know of, up to {part:.0%} may be"
    return f"{title}: {used(seen, part)} {reset(seen, view.now, view.timezone)}"


def sums(view: View) -> list[str]:
    if view.group is None:
        return [spent("", view.mine, view)]
    return [spent("This group: ", view.group, view), spent("You: ", view.mine, view)]


def spent(who: str, spends: Sequence[Spend], view: View) -> str:
    today = total(spend for spend in spends if spend.day == view.today.isoformat())
    month = total(this_month(spends, view))
    return f"{who}**Today** {usd(today)} · **this month** {usd(month)}"


def this_month(spends: Sequence[Spend], view: View) -> list[Spend]:
    return [spend for spend in spends if spend.day.startswith(f"{view.today:%Y-%m}-")]


def line(usage: Usage, view: View) -> str:
    """One window. Everyone's hour slides, so it has no time of reset."""
    window, most = usage.limit.window, usage.limit.amount
    title, used = TITLES[window.scope], usage.settled + usage.held
    if most is None:
        none = NO_BUDGET if window.scope in OF_ONE_USER else f"{usd(used)}, no limit is set"
        return f"- {title}: {none}"
    held = f" ({usd(usage.held)} set aside for running work)" if usage.held else ""
    left = usd(max(0, most - used))
    reset = "" if window.scope is Scope.HOUR else f", resets {moment(window.end, view)}"
    return f"- {title}: {usd(used)} of {usd(most)}{held}, {left} left{reset}"


def gate(view: View) -> str:
    """Everyone's circuit breaker, unless it is open."""
    state, since = view.gate.state, view.gate.since
    if state is State.OPEN:
        return ""
    if state is State.SHUT or since is None:
        return f"{GATES[state]}."
    end = (since + LONGEST).astimezone(ZoneInfo(view.timezone))
    return f"{GATES[state]}; that ends by {end:%H:%M} at the latest."


def moment(at: datetime, view: View) -> str:
    """A clock time in the user's zone, with the date when that is further off than tomorrow."""
    local = at.astimezone(ZoneInfo(view.timezone))
    days = (local.date() - view.today).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"on {local.day} {local:%b}")
    return f"{day} at {local:%H:%M}"


def listed(kind: str, named: Sequence[tuple[str, Spend]], *, turns: bool) -> str:
    """The dearest first. `turns`: how many; a turn with two models is one of each."""
    amounts, counts = Counter[str](), Counter[str]()
    for name, spend in named:
        amounts[name] += spend.cost
        counts[name] += spend.turns
    if not amounts:
        return ""
    ranked = amounts.most_common()
    lines = [
        f"- {name}: {usd(amount)}" + (f", {count(counts[name], 'turn')}" if turns else "")
        for name, amount in ranked[:TOP]
    ]
    if rest := ranked[TOP:]:
        lines.append(f"- and {len(rest)} more: {usd(sum(amount for _, amount in rest))}")
    return "\n".join([f"**This month by {kind}**", "", *lines])


def total(spends: Iterable[Spend]) -> int:
    return sum(spend.cost for spend in spends)
