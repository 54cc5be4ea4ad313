"""What the picture of /cost shows: spend per day by model, the last 30 days. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bridge.model import Spend

DAYS = 30
STACKS = 6  # colors that anybody can tell apart
LONGEST = 20  # characters of a name
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Stack:
    """What one model cost on each day, micro-USD."""

    name: str
    costs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What `bridge.chart` is given, key by key."""

    title: str
    days: tuple[str, ...]  # as in Spend
    stacks: tuple[Stack, ...]


def first(today: date) -> date:
    return today - timedelta(days=DAYS - 1)


def chart(title: str, spends: Sequence[Spend], today: date, models: Sequence[str]) -> Chart:
    """`models`: those of the settings. Each keeps its place, and so its color, day after day."""
    days = tuple((first(today) + timedelta(days=number)).isoformat() for number in range(DAYS))
    shown = [spend for spend in spends if spend.day in days]
    strange = {spend.model for spend in shown} - set(models)
    named = kept([*models, *sorted(strange)], shown)
    stacks = [Stack(short(name), costs(shown, days, [name])) for name in named]
    if rest := {spend.model for spend in shown} - set(named):
        stacks.append(Stack(OTHERS, costs(shown, days, rest)))
    return Chart(f"{title}, last {DAYS} days", days, tuple(stacks))


def kept(names: Sequence[str], spends: Sequence[Spend]) -> Sequence[str]:
    """All of them, or of too many the dearest, in the same order."""
    if len(names) <= STACKS:
        return names
    dear = sorted(names, key=lambda name: -sum(s.cost for s in spends if s.model == name))
    return [name for name in names if name in dear[: STACKS - 1]]


def costs(spends: Sequence[Spend], days: Sequence[str], models: Collection[str]) -> tuple[int, ...]:
    return tuple(sum(s.cost for s in spends if s.day == day and s.model in models) for day in days)


def short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
