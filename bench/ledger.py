"""How many requests the ledger can hold and settle: `python -m bench.ledger`.

Many tasks at once, each of them hold, settle, hold, settle, every step durable before it returns
(SQLite: synchronous=FULL; PostgreSQL: fsync and synchronous_commit on), against four limits and a
database on this machine's disk. PostgreSQL is measured where it is installed, on a server of its
own.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.laps import percentiles
from bridge.store.db import open_database
from bridge.store.ledger import Ledger
from budgets.model import Hold, Tokens
from budgets.windows import limits
from tests.postgres import cluster

TARGET = 1000  # pairs of hold and settle a second, on SQLite
USERS = 8
PLENTY = 10**15  # micro-USD: nobody is refused
DURABLE = ("fsync=on", "synchronous_commit=on")


@click.command()
@click.option("--pairs", default=5000, show_default=True)
@click.option("--tasks", default=32, show_default=True)
def main(pairs: int, tasks: int) -> None:
    """Measure the ledger; prints a table."""
    table = Table(title=f"{pairs} times hold and settle by {tasks} tasks, durable")
    table.add_column("")
    for column in ("pairs/s", "target", "ms for a pair, median / p90 / p99"):
        table.add_column(column, justify="right")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tollbridge-bench-") as folder:
        rate, spread = asyncio.run(measured(f"sqlite:///{folder}/ledger.db", pairs, tasks))
        verdict = f"≥ {TARGET}: {'ok' if rate >= TARGET else 'missed'}"
        table.add_row("SQLite", f"{rate:.0f}", verdict, spread)
    if any(Path("/usr/lib/postgresql").glob("*/bin")):
        with cluster(*DURABLE) as server:
            rate, spread = asyncio.run(measured(server.url(server.add()), pairs, tasks))
            table.add_row("PostgreSQL", f"{rate:.0f}", "", spread)
    console = Console()
    console.print(table)
    console.print(f"Load before {load:.1f}, after {os.getloadavg()[0]:.1f}.")


async def measured(url: str, pairs: int, tasks: int) -> tuple[float, str]:
    """Pairs a second; and how long one took."""
    numbers = iter(range(pairs))
    async with open_database(url) as db:
        ledger = Ledger(db)
        await spend(ledger, iter([pairs]))  # the first one makes the windows
        began = time.perf_counter()
        taken = await asyncio.gather(*(spend(ledger, numbers) for _ in range(tasks)))
        rate = pairs / (time.perf_counter() - began)
    spread = percentiles([seconds for one in taken for seconds in one])
    return rate, " / ".join(f"{figure:.1f}" for figure in spread)


async def spend(ledger: Ledger, numbers: Iterator[int]) -> list[float]:
    """The seconds of each pair."""
    now = datetime.now(UTC)
    declared = dict.fromkeys(("day", "month", "everyone_hour", "everyone_month"), PLENTY)
    windows = limits(now, "UTC", **declared)
    taken = []
    for number in numbers:
        began = time.perf_counter()
        hold = Hold(f"r{number}", number, number % USERS, "main", "claude-haiku-5-5", 1000, now)
        if await ledger.hold(hold, windows) is not None:
            raise RuntimeError("the limits of this benchmark are too low")
        await ledger.settle(hold.request_id, 500, Tokens(input=1000, output=100))
        taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    main()
