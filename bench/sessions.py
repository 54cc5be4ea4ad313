"""What a session costs in time and memory: `python -m bench.sessions`.

First text of the answer for a session that is new, live, or suspended; the memory of each live
one; and, with `--minutes`, whether memory stays flat while many sessions take turns.
"""

import asyncio
import os
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench import process
from bench.laps import percentiles
from bench.stage import Stage, bridged, numbers

IDLE = 2.0  # seconds until a session is suspended
REFILL = 1.5  # seconds in which another spare is started


@click.command()
@click.option("--sessions", default=8, show_default=True)
@click.option("--minutes", default=0.0, help="of thirty sessions taking turns")
def main(sessions: int, minutes: float) -> None:
    """Measure sessions on the simulator; prints tables."""
    console = Console()
    console.print(asyncio.run(starts(sessions)))
    if minutes:
        console.print(asyncio.run(switching(30, minutes)))
    console.print(f"Load {os.getloadavg()[0]:.1f}.")


async def starts(sessions: int) -> Table:
    more = f"idle_minutes = {IDLE / 60}"
    with tempfile.TemporaryDirectory(prefix="tollbridge-bench-") as folder:
        async with bridged(Path(folder), "tiny", sessions, sessions, more) as stage:
            new, live = [], []
            for user in numbers(sessions):
                await asyncio.sleep(REFILL)
                new.append((await stage.turn(user)).text)
                live.append((await stage.turn(user)).text)
            await asyncio.sleep(IDLE + REFILL)
            suspended = [(await stage.turn(user)).text for user in numbers(sessions)]
            each = [process.memory(pid) for pid in claudes(stage)]
    table = Table(title="ms to the first text, median / p90 / p99")
    table.add_column("a session that is")
    table.add_column("first text", justify="right")
    for name, figures in (("new (warm spare)", new), ("live", live), ("suspended", suspended)):
        table.add_row(name, " / ".join(f"{figure:.0f}" for figure in percentiles(figures)))
    table.caption = f"A live session takes {sum(each) / max(len(each), 1):.0f} MB (PSS)."
    return table


def claudes(stage: Stage) -> list[int]:
    return [pid for pid in process.below(stage.pid) if process.memory(pid) > 20]


async def switching(sessions: int, minutes: float) -> Table:
    """Round robin over more sessions than may be live."""
    loop = asyncio.get_running_loop()
    table = Table(title=f"{sessions} sessions, 8 live, {minutes:g} minutes")
    for column in ("minute", "turns", "bridge, MB", "Claude Codes, MB", "processes", "files"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory(prefix="tollbridge-bench-") as folder:
        async with bridged(Path(folder), "tiny", sessions, 8) as stage:
            start, turns, told = loop.time(), 0, -1
            while (passed := (loop.time() - start) / 60) < minutes:
                await stage.turn(numbers(sessions)[turns % sessions])
                turns += 1
                if turns >= sessions and int(passed * 2) > told:  # twice a minute, once warm
                    told = int(passed * 2)
                    table.add_row(f"{passed:.1f}", str(turns), *used(stage))
    return table


def used(stage: Stage) -> list[str]:
    live = claudes(stage)
    memory = sum(process.memory(pid) for pid in live)
    files = len(os.listdir(f"/proc/{stage.pid}/fd"))  # noqa: PTH208
    return [f"{process.memory(stage.pid):.1f}", f"{memory:.0f}", str(len(live)), str(files)]


if __name__ == "__main__":
    main()
