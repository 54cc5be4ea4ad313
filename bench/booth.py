"""What the booth adds to an answer: `python -m bench.booth`.

Four processes: the simulated API, a pass-through that does nothing else, a booth with a ledger on
disk and four limits, and this one, which asks the API directly and through the others. A request
has the 60 KB that one of Claude Code may have; the answer is 4 KB of text in 100 pieces, without
a pause between them. Each way is asked in turn, so that a busy moment of the machine meets all of
them, and the booth has the time to settle that it has while Claude Code runs a tool.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import click
import httpx
from rich.console import Console
from rich.table import Table
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bench.laps import percentiles
from bridge.booth.keys import Credential
from bridge.booth.meter import Meter
from bridge.booth.relay import relay
from bridge.booth.serve import listening
from bridge.booth.server import TIMEOUT, Booth
from bridge.booth.shares import Shares
from bridge.booth.terms import Terms
from bridge.booth.tickets import Tickets
from bridge.clock import SystemClock
from bridge.model import SessionKey, Turn
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say
from bridge.simulator.serve import serving
from bridge.store.db import open_database
from bridge.store.ledger import Ledger
from budgets.windows import limits
from tests.fakes import FakeAlarm

KEY = SessionKey(1, 0, "main")
PLENTY = 10**12  # micro-USD
ANSWER = Say("word " * 820, chunk=41)
TARGET = 3.0  # ms that the booth may add to the first delta, by the median
FIRST, LAST = b"content_block_delta", b"\r\n0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Lap:
    """Seconds from the request."""

    first: float
    whole: float


async def api() -> None:
    async with serving(messages(lambda _: [ANSWER], keep=10)) as address:
        await told(address)


async def booth(upstream: str) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        db = await stack.enter_async_context(open_database(f"sqlite:///{folder}/bench.db"))
        pool = httpx.Limits(max_connections=None, max_keepalive_connections=32)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT, limits=pool))
        tickets = Tickets()
        built = Booth(
            base_url=lambda: upstream,
            credential=Credential(key="sk-none"),
            tickets=tickets,
            ledger=Ledger(db),
            terms=terms,
            clock=SystemClock(),
            client=client,
            alarm=FakeAlarm(),
            shares=Shares(),
        )
        tickets.address = await stack.enter_async_context(listening(built.app))
        tickets.begin(Turn(1, KEY, 1, 1, "haiku", datetime.now(UTC)))
        await told(tickets.issue(KEY))


async def bare(upstream: str) -> None:
    """The same libraries, and no money."""

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        url = upstream + request.url.path
        sent = httpx.Request("POST", url, headers=request.headers.raw, content=await request.body())
        answer = await client.send(sent, stream=True)
        await relay(answer, Meter(), send)
        await answer.aclose()

    async with httpx.AsyncClient(timeout=TIMEOUT) as client, listening(passed) as address:
        await told(address)


def terms(_: int) -> Terms:
    now = datetime.now(UTC)
    amounts = {"day": PLENTY, "month": PLENTY, "everyone_hour": PLENTY, "everyone_month": PLENTY}
    return Terms(limits(now, "UTC", **amounts), "UTC", models=["claude-haiku-5-5"])


async def told(address: str) -> None:
    """Serves until the other end of the pipe is closed."""
    print(address, flush=True)
    await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def child(*role: str) -> AsyncIterator[str]:
    program = (sys.executable, "-m", "bench.booth", *role)
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe)
    assert started.stdin  # noqa: S101
    assert started.stdout  # noqa: S101
    try:
        yield (await started.stdout.readline()).decode().strip()
    finally:
        started.stdin.close()
        await started.wait()


class Caller:
    """One connection that stays open, and nothing between it and the clock."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._lanes: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, number: int) -> Lap:
        if self._lanes is None:
            self._lanes = await asyncio.open_connection(self._url.hostname, self._url.port)
        reader, writer = self._lanes
        body = request(number)
        head = f"POST {self._url.path}/v1/messages HTTP/1.1\r\nhost: api\r\n"
        began = time.perf_counter()
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        heard, first = b"", 0.0
        while not heard.endswith(LAST):
            heard += await reader.read(65_536)
            if not first and FIRST in heard:
                first = time.perf_counter()
        return Lap(first - began, time.perf_counter() - began)

    def close(self) -> None:
        if self._lanes:
            self._lanes[1].close()


def request(number: int) -> bytes:
    """The same conversation, which grows by a message."""
    tools = [{"name": f"Tool{at}", "description": "d" * 2_300, "input_schema": {"type": "object"}}
             for at in range(20)]  # fmt: skip
    said = [{"role": "user", "content": f"message {at} " + "m" * 80} for at in range(20 + number)]
    return json.dumps({
        "model": "claude-haiku-5-5", "messages": said, "system": "s" * 12_000, "tools": tools,
        "max_tokens": 16_000, "stream": True,
    }).encode()  # fmt: skip


async def laps(ways: Mapping[str, str], streams: int, rounds: int) -> dict[str, list[Lap]]:
    callers = {name: [Caller(url) for _ in range(streams)] for name, url in ways.items()}
    measured: dict[str, list[Lap]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, some in callers.items():
            found = await asyncio.gather(*(caller.ask(number) for caller in some))
            measured[name] += found if number else []  # the first one opens the connections
    for caller in chain(*callers.values()):
        caller.close()
    return measured


async def compare(rounds: int) -> None:
    console = Console()
    async with child("api") as api, child("bare", api) as bare, child("booth", api) as booth:
        ways = {"API alone": api, "pass-through": bare, "booth": booth}
        for streams in (1, 32):
            times = max(rounds // streams, 4)
            console.print(table(streams, await laps(ways, streams, times)))


def table(streams: int, found: Mapping[str, list[Lap]]) -> Table:
    """What is added is the difference of the medians."""
    table = Table(
        title=f"{streams} at once, {len(found['booth'])} answers: ms, median / p90 / p99",
        caption=f"Target: a booth adds at most {TARGET:.0f} ms to the first delta of one stream.",
    )
    for name in ("", "first delta", "added", "whole", "added"):
        table.add_column(name, justify="right" if name else "left")
    base = found["API alone"]
    for name, some in found.items():
        cells = [cell for what in ("first", "whole") for cell in shown(some, base, what)]
        table.add_row(name, *cells)
    return table


def shown(laps: list[Lap], base: list[Lap], what: str) -> tuple[str, str]:
    times, least = ([getattr(lap, what) for lap in some] for some in (laps, base))
    added = (median(times) - median(least)) * 1000
    return " / ".join(f"{value:.1f}" for value in percentiles(times)), f"{added:.1f}"


@click.command()
@click.argument("role", nargs=-1)
@click.option("--rounds", default=200, help="Answers to measure, one at a time.")
def main(role: tuple[str, ...], rounds: int) -> None:
    match role:
        case ("api",):
            asyncio.run(api())
        case ("bare", upstream):
            asyncio.run(bare(upstream))
        case ("booth", upstream):
            asyncio.run(booth(upstream))
        case _:
            asyncio.run(compare(rounds))


if __name__ == "__main__":
    main()
