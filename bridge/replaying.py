"""What `tollbridge route stats` and `route replay` print: how routing did, and how it would have.

Both look at the store beside the running bot and change nothing. Turns that no model worked on
(refused by a budget) are left out: they say nothing about models.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table

from bridge.model import Outcome
from bridge.settings import Settings
from bridge.settings.policy import policy
from bridge.store import review
from bridge.store.db import backend, file_of, open_database
from bridge.store.review import Reviewed
from budgets import prices
from budgets.bill import instead, total
from budgets.money import usd
from routing.expect import off
from routing.replay import Part, Record, Replay, parts, replay

SHOWN = 20  # turns that change; more are counted


async def turns(settings: Settings, start: datetime) -> Sequence[Reviewed]:
    """Those that a model worked on. A store that does not exist yet is not made."""
    url = settings.store.url
    if backend(url) == "sqlite" and not file_of(url).exists():
        return []
    async with open_database(url) as database:
        every = await review.since(database, start)
    return [each for each in every if each.outcome is not Outcome.REFUSED]


def again(reviewed: Sequence[Reviewed], settings: Settings, other: Settings) -> Replay:
    """Under the rules of `other`; costs by the models of `settings`, where they ran."""
    items = {each.decision.update_id: each.items for each in reviewed}

    def estimate(record: Record, model: str) -> int:
        had, gets = settings.models.get(record.model), other.models[model]
        price = prices.find(gets.id, other.prices)
        if had is None or price is None:
            return record.cost
        return instead(items[record.key], had.id, price)

    return replay([record(each) for each in reviewed], policy(other), estimate)


def record(each: Reviewed) -> Record:
    """As it was decided: steps up came later, and may come again."""
    made = each.decision
    choice = made.choice
    return Record(made.update_id, made.request, choice.model, choice.rule, total(each.items))


def shares(reviewed: Sequence[Reviewed]) -> dict[str, Part]:
    """By the model that answered in the end."""
    return parts((each.decision.model, total(each.items)) for each in reviewed)


def stats(reviewed: Sequence[Reviewed], settings: Settings) -> dict[str, Any]:
    """For --json and for the table."""
    found = shares(reviewed)
    expect = settings.routing.expect
    wrong = off({name: part.turns for name, part in found.items()}, expect.shares, expect.tolerance)
    steps = Counter(step.why for each in reviewed for step in each.decision.climbed)
    seen = Counter((s.rule, s.model) for each in reviewed for s in each.decision.choice.seen)
    return {
        "turns": len(reviewed),
        "micro_usd": sum(part.cost for part in found.values()),
        "models": {name: model_row(name, found, expect.shares) for name in found},
        "steps_up": dict(steps),
        "observed": [
            {"rule": rule, "model": model, "turns": count}
            for (rule, model), count in seen.most_common()
        ],
        "off": [
            {"model": each.model, "share": each.share, "expected": each.expected} for each in wrong
        ],
    }


def model_row(name: str, found: dict[str, Part], expected: Mapping[str, float]) -> dict[str, Any]:
    every = sum(part.turns for part in found.values())
    part = found[name]
    return {
        "turns": part.turns,
        "share": part.turns / every,
        "expected": expected.get(name),
        "micro_usd": part.cost,
    }


def stats_table(figures: dict[str, Any]) -> Table:
    table = Table()
    for name in ("model", "turns", "share", "expected", "usd"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for name, row in figures["models"].items():
        expected = "" if row["expected"] is None else percent(row["expected"])
        cells = (str(row["turns"]), percent(row["share"]), expected, usd(row["micro_usd"]))
        table.add_row(name, *cells)
    table.add_section()
    table.add_row("all", str(figures["turns"]), "", "", usd(figures["micro_usd"]), style="bold")
    return table


def remarks(figures: dict[str, Any], tolerance: float) -> list[str]:
    """What the table does not show."""
    lines = [f"up a model because {why}: {count}" for why, count in figures["steps_up"].items()]
    lines += [
        f"rule {each['rule']} (observes) would have chosen {each['model']}: {each['turns']}"
        for each in figures["observed"]
    ]
    lines += [
        f"{each['model']} had {percent(each['share'])} of the turns, expected is "
        f"{percent(each['expected'])} ± {percent(tolerance)}: look at [routing.rules]"
        for each in figures["off"]
    ]
    return lines


def replay_table(found: Replay) -> Table:
    table = Table()
    for name in ("model", "turns before", "after", "usd before", "after (estimate)"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for name in dict.fromkeys([*found.before, *found.after]):
        before, after = found.before.get(name, Part()), found.after.get(name, Part())
        table.add_row(name, str(before.turns), str(after.turns), usd(before.cost), usd(after.cost))
    table.add_section()
    sums = [summed(found.before), summed(found.after)]
    table.add_row("all", *(str(part.turns) for part in sums), *(usd(part.cost) for part in sums))
    return table


def summed(side: Mapping[str, Part]) -> Part:
    every = side.values()
    return Part(sum(part.turns for part in every), sum(part.cost for part in every))


def changes(found: Replay) -> list[str]:
    """The turns that change, the newest first. Ids and models only: texts stay in the store."""
    lines = [
        f"turn {c.record.key} ({c.record.request.now:%d %b %H:%M}): {c.record.model} → {c.model} "
        f"by {f'rule {c.rule}' if c.rule else 'the default'}, "
        f"{usd(c.record.cost)} → about {usd(c.cost)}"
        for c in sorted(found.changes, key=lambda change: -change.record.key)
    ]
    rest = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"… and {rest} more"] if rest > 0 else [])]


def percent(part: float) -> str:
    return f"{part:.0%}"
