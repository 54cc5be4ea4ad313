"""How long a message takes, and what of that is ours: `python -m bench.turn`.

The same turns twice, round robin over the sessions and one at a time: through the bridge,
from the message to what the chat shows; and with the SDK alone, from the prompt to its result.
The model's own time is subtracted from both; what is left between them the bridge adds.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import click
from rich.console import Console

from bench import process
from bench.laps import Run, Timing, Usage
from bench.scenario import TURNS
from bench.stage import Stage, bare, bridged, numbers
from bench.table import report

PAUSE = 0.05  # seconds between two turns: what a turn leaves to do is not the next one's
LOST = 3  # turns without an answer, then it is over

Opened = Callable[[Path, str, int], AbstractAsyncContextManager[Stage]]


@click.command()
@click.option("--turns", type=int, help="[default: 200, of `stream` 20]")
@click.option("--sessions", default=8, show_default=True)
@click.option("--scenario", type=click.Choice(list(TURNS)), default="tiny", show_default=True)
def main(turns: int | None, sessions: int, scenario: str) -> None:
    """Measure turns on the simulator; prints a table."""
    console = Console()
    load = os.getloadavg()[0]
    asked = max(turns or TURNS[scenario], 2)
    runs = [asyncio.run(measured(opened, scenario, asked, sessions)) for opened in (bridged, bare)]
    console.print(*report(scenario, *runs), sep="\n")
    console.print(f"Load before {load:.1f}, after {os.getloadavg()[0]:.1f}.")


async def measured(opened: Opened, scenario: str, turns: int, sessions: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="tollbridge-bench-") as folder:
        async with opened(Path(folder), scenario, sessions) as stage:
            users = numbers(sessions)
            first = [await stage.turn(user) for user in users]
            before = used(stage.pid)
            warm = await rounds(stage, [users[n % sessions] for n in range(turns)])
            return Run(first, warm, spent(before, used(stage.pid), len(warm)))


async def rounds(stage: Stage, users: list[int]) -> list[Timing]:
    timings: list[Timing] = []
    for asked, user in enumerate(users):
        await asyncio.sleep(PAUSE)
        try:
            timings.append(await stage.turn(user))
        except TimeoutError:
            if asked - len(timings) >= LOST:
                break
    return timings


def used(pid: int) -> Usage:
    claudes = process.below(pid)
    return Usage(
        process.cpu(pid),
        sum(process.cpu(one) for one in claudes),
        process.memory(pid),
        sum(process.memory(one) for one in claudes),
    )


def spent(before: Usage, after: Usage, turns: int) -> Usage:
    """Seconds of CPU for one turn; the memory at the end."""
    return Usage(
        (after.cpu - before.cpu) / turns,
        (after.claude_cpu - before.claude_cpu) / turns,
        after.memory,
        after.claude_memory,
    )


if __name__ == "__main__":
    main()
