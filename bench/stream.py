"""How an answer looks while it is being written: `python -m bench.stream`.

A model speaks for half a minute in several chats at once, and the simulated Telegram keeps its
limits. The words are numbered, so each picture in a chat tells how far it is behind the model.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.scenario import KEY, Lap, Watched
from bench.stage import TEXTS, environ, introduced, numbers, of_bot, prepare, program, said
from bridge.simulator.bot_api import telegram
from bridge.simulator.calls import Call
from bridge.simulator.cast import User
from bridge.simulator.flood import TOLERANT
from bridge.simulator.log import Event
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say, Scenario
from bridge.simulator.serve import serving
from bridge.simulator.talk import Talk
from bridge.simulator.world import World

HELLO = "Hello there."
PATIENCE = 60.0  # seconds beyond the model's own time
APART = 0.5  # seconds between two chats' messages
PIECE = 3  # words that the model says at once
PACE = 0.1  # seconds between two pieces
NUMBER = re.compile(r"w(\d{5})")
VISIBLE = {"sendMessage", "editMessageText"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one chat: seconds, and calls in the busiest minute."""

    first: float
    gap: float
    last: float
    visible: int
    drafts: int
    banned: int


ROWS = {  # figure -> what it is, factor, target
    "first": ("the first words behind the model's, ms", 1000, 500),
    "gap": ("the longest wait for new words, ms", 1000, 2000),
    "last": ("the whole answer behind the model's end, ms", 1000, 300),
    "visible": ("messages and edits in a minute", 1, 20),
    "drafts": ("drafts in a minute", 1, None),
    "banned": ("calls refused with 429", 1, 0),
}


@click.command()
@click.option("--seconds", default=30, show_default=True)
@click.option("--chats", default=4, show_default=True)
def main(seconds: int, chats: int) -> None:
    """Measure the stream of an answer on the simulator; prints a table."""
    load = os.getloadavg()[0]
    drafts, edits = (asyncio.run(measured(way, seconds, chats)) for way in ("auto", "edit"))
    Console().print(
        report(drafts, edits, seconds),
        f"Load before {load:.1f}, after {os.getloadavg()[0]:.1f}.",
        sep="\n",
    )


async def measured(streaming: str, seconds: int, chats: int) -> list[Figures]:
    with tempfile.TemporaryDirectory(prefix="tollbridge-bench-") as folder:
        async with staged(Path(folder), streaming, seconds, chats) as (world, model):
            for chat in numbers(chats):  # starts each one's Claude Code
                await turn(world, chat, HELLO, HELLO, PATIENCE)
            seen, calls, laps = world.log.last, len(world.calls), len(model.laps)
            end = f"w{words(seconds) - 1:05}"
            async with asyncio.TaskGroup() as tasks:
                for chat in numbers(chats):
                    tasks.create_task(turn(world, chat, "Go.", end, seconds + PATIENCE))
                    await asyncio.sleep(APART)
            long = [lap for lap in model.laps[laps:] if lap.ended - lap.asked > seconds / 2]
            return [
                figures(
                    [e for e in world.log.since(seen, chat) if of_bot(e) and e.type in TEXTS],
                    [call for call in world.calls[calls:] if call.chat == chat],
                    lap,
                )
                for chat, lap in zip(numbers(chats), long, strict=True)
            ]


@asynccontextmanager
async def staged(
    folder: Path, streaming: str, seconds: int, chats: int
) -> AsyncIterator[tuple[World, Watched]]:
    people = [User(number, f"User {number}", f"user{number}") for number in numbers(chats)]
    world, model = World(people, ()), Watched(messages(script(seconds), key=KEY))
    prepare(folder, chats)
    async with serving(telegram(world, limits=TOLERANT)) as page, serving(model) as api:
        given = environ(folder, page, api) | {"TOLLBRIDGE_TELEGRAM__STREAMING": streaming}
        async with program(["bridge", "run"], folder, given) as process:
            await introduced(process, world, folder)
            yield world, model


def script(seconds: int) -> Scenario:
    """An echo for the first message, then numbered words, evenly over the time."""
    text = "".join(f"w{number:05} " for number in range(words(seconds)))
    long = Say(text, chunk=len("w00000 ") * PIECE, pace=PACE)

    def answer(talk: Talk) -> list[Say]:
        return [long] if talk.turn else [Say(HELLO)]

    return answer


def words(seconds: int) -> int:
    return int(seconds / PACE) * PIECE


async def turn(world: World, chat: int, text: str, end: str, patience: float) -> None:
    """Until the answer is there that has these words. TimeoutError: it is not."""
    seen = world.log.last
    world.say(chat, text)
    await world.wait(
        lambda: any(
            of_bot(e) and e.type == "message" and end in said(e)
            for e in world.log.since(seen, chat)
        ),
        patience,
    )


def figures(events: Sequence[Event], calls: Sequence[Call], lap: Lap) -> Figures:
    news = fresh(events)
    return Figures(
        first=news[0] - lap.spoke,
        gap=max((b - a for a, b in pairwise(news)), default=0.0),
        last=news[-1] - lap.ended,
        visible=busiest([call.at for call in calls if call.method in VISIBLE]),
        drafts=busiest([call.at for call in calls if call.method == "sendMessageDraft"]),
        banned=sum(call.status == 429 for call in calls),
    )


def fresh(events: Sequence[Event]) -> list[float]:
    """When words were seen for the first time, and last when the answer was whole."""
    news, newest = [], -1
    for event in events:
        found = NUMBER.findall(said(event))
        if found and (int(found[-1]) > newest or event.type == "message"):
            newest = max(newest, int(found[-1]))
            news.append(event.at)
    return news


def busiest(times: Sequence[float]) -> int:
    """The most calls in any minute."""
    return max((sum(1 for at in times if start <= at < start + 60) for start in times), default=0)


def report(drafts: Sequence[Figures], edits: Sequence[Figures], seconds: int) -> Table:
    table = Table(title=f"A model speaks for {seconds} s in {len(drafts)} chats: the worst of them")
    for column in ("", "drafts", "edits", "target"):
        table.add_column(column, justify="right" if column else "left")
    for figure, (name, factor, target) in ROWS.items():
        worst = [max(getattr(each, figure) for each in way) * factor for way in (drafts, edits)]
        table.add_row(name, *(f"{one:.0f}" for one in worst), f"≤ {target}" if target else "")
    return table


if __name__ == "__main__":
    main()
