"""What `tollbridge cost` prints: the ledger's spend as a table, or as CSV for other programs.

It looks at the store beside the running bot and changes nothing. A day is a day on the clock of
the user who spent.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from bridge.errors import BridgeError
from bridge.model import MICRO, Spend
from bridge.settings import Settings
from bridge.store.db import backend, file_of, open_database
from bridge.store.ledger import Ledger
from budgets.money import usd

COLUMNS = ("day", "user", "session", "model", "turns", "usd")
BY = COLUMNS[:4]
FIRST = date(2000, 1, 1)  # nothing was spent before; zones of earlier years are odd
EQUIVALENTS = "Dollars are only equivalents: a Claude subscription is not billed by them."


class Unknown(BridgeError):
    """Nobody has this id."""


async def spends(
    settings: Settings, user: int | None, since: date, now: datetime
) -> Sequence[Spend]:
    """Sorted, disjoint. Unknown: that user is not in the settings and has spent nothing."""
    rows = await stored(settings, user, max(since, FIRST), now)
    if not rows and user is not None and user not in settings.users:
        raise Unknown(f"There is no user {user} in the settings, and no spend of theirs.")
    return rows


async def stored(
    settings: Settings, user: int | None, since: date, now: datetime
) -> Sequence[Spend]:
    """A store that does not exist yet is not made."""
    url = settings.store.url
    if backend(url) == "sqlite" and not file_of(url).exists():
        return []
    async with open_database(url) as database:
        ledger = Ledger(database)
        users = [user] if user is not None else await spenders(ledger, since, now)
        rows = [row for each in users for row in await of(each, settings, ledger, since, now)]
    return sorted(rows, key=astuple)


async def spenders(ledger: Ledger, since: date, now: datetime) -> set[int]:
    """Whoever may have spent since that day, whatever their zone."""
    early = midnight(since, "UTC") - timedelta(days=1)
    return {spend.user for spend in await ledger.spent(early, tomorrow(now))}


async def of(
    user: int, settings: Settings, ledger: Ledger, since: date, now: datetime
) -> Sequence[Spend]:
    zone = settings.users[user].timezone if user in settings.users else "UTC"
    return await ledger.spent(midnight(since, zone), tomorrow(now), user, zone)


def this_month(settings: Settings, now: datetime) -> date:
    """Its first day, on the clock of the first owner."""
    zones = (user.timezone for user in settings.users.values() if user.role == "owner")
    return now.astimezone(ZoneInfo(next(zones, "UTC"))).date().replace(day=1)


def midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(timezone)).astimezone(UTC)


def tomorrow(now: datetime) -> datetime:
    """Clocks of several machines differ a little."""
    return now + timedelta(days=1)


def as_csv(rows: Iterable[Spend]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        *named, cost = astuple(row)
        writer.writerow([*named, f"{Decimal(cost) / MICRO:.6f}"])
    return out.getvalue()


def as_table(rows: Sequence[Spend], by: Collection[str], settings: Settings) -> Table:
    """A line for each combination of what `by` names, then the sums.

    Turns are told where models are: one that used two models is in two rows.
    """
    shown = [name for name in BY if name in by]
    numbers = COLUMNS[4:] if "model" in shown else COLUMNS[5:]
    table = Table(caption=EQUIVALENTS if settings.budgets.unit == "window" else None)
    for name in shown:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for names, turns, cost in grouped(rows, shown, settings):
        table.add_row(*map(Text, names), *(str(turns), usd(cost))[-len(numbers) :])
    table.add_section()
    blank = [""] * (len(table.columns) - 2)
    for name, cost in sums(rows, shown, settings):
        table.add_row(Text(name), *blank, usd(cost), style="bold")
    return table


def grouped(
    rows: Sequence[Spend], by: Sequence[str], settings: Settings
) -> list[tuple[tuple[str, ...], int, int]]:
    """Names, turns, micro-USD; sorted."""
    turns, costs = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for row in rows:
        names = tuple(named(row, settings)[name] for name in by)
        turns[names] += row.turns
        costs[names] += row.cost
    return [(names, turns[names], cost) for names, cost in sorted(costs.items())]


def sums(rows: Sequence[Spend], by: Sequence[str], settings: Settings) -> Sequence[tuple[str, int]]:
    """Of each user, unless the lines above are that already; of all, unless there is one only."""
    users = [(user, cost) for (user,), _, cost in grouped(rows, ["user"], settings)]
    everyone = [("everyone", sum(row.cost for row in rows))] if len(users) > 1 else []
    return everyone if by == ["user"] else [*users, *everyone]


def named(row: Spend, settings: Settings) -> dict[str, str]:
    """The columns that rows are grouped by, as people read them."""
    known = settings.users.get(row.user)
    user = f"{known.name} ({row.user})" if known and known.name else str(row.user)
    return {"day": row.day, "user": user, "session": row.session, "model": row.model}
