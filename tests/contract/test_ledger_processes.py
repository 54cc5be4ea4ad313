"""Ledger: processes that share a limit never spend more than it, even when they are killed."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from bridge.store.audit import verify
from bridge.store.db import open_database
from bridge.store.ledger import recover
from bridge.store.tables import ledger
from tests.contract.samples import NOON
from tests.postgres import Cluster, cluster

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)
ROUNDS, PROCESSES = 40, 6
CHANCE = random.Random(5)  # noqa: S311 (repeatable)


@dataclass
class Facts:
    """What the processes have said so far."""

    pids: list[int] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Books:
    """What the store tells: `open` holds, and what every entry was settled at."""

    held: dict[str, int]
    settled: dict[str, int]
    faults: list[str]

    @property
    def open(self) -> dict[str, int]:
        return {name: held for name, held in self.held.items() if name not in self.settled}

    def charged(self) -> int:
        return sum(self.settled.values()) + sum(self.open.values())

    def bear_out(self, facts: Facts) -> bool:
        """Whatever was confirmed is there."""
        return facts.held.items() <= self.held.items() and (
            facts.settled.items() <= self.settled.items()
        )


@dataclass(frozen=True)
class Swarm:
    process: "subprocess.Popen[str]"

    def spend(self, url: str, most: int, names: Sequence[str]) -> Iterator[Facts]:
        """A step for each line that they say, until all have ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(url, most, *names, file=self.process.stdin, flush=True)
        facts = Facts()
        for line in self.process.stdout:
            match line.split():
                case ["over"]:
                    return
                case ["pid", pid]:
                    facts.pids.append(int(pid))
                case ["held", request, amount]:
                    facts.held[request] = int(amount)
                case ["settled", request, cost]:
                    facts.settled[request] = int(cost)
                case ["broken", pid]:
                    facts.broken.append(int(pid))
            yield facts
        raise AssertionError("the swarm itself has ended")


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    command = [sys.executable, "-m", "tests.contract.swarm"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Swarm(process)


@pytest.fixture(scope="module")
def roomy() -> Iterator[Cluster]:
    """A server that takes 64 processes at once."""
    with cluster("fsync=off", "max_connections=200") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tollbridge.db"
    server: Cluster = request.getfixturevalue("roomy")
    return server.url(server.add())


def look(conn: sa.Connection) -> Books:
    rows = conn.execute(sa.select(ledger.c.request_id, ledger.c.held, ledger.c.cost)).all()
    return Books(
        held={request: held for request, held, _ in rows},
        settled={request: cost for request, _, cost in rows if cost is not None},
        faults=verify(conn),
    )


def write(url: str, fn: Callable[[sa.Connection], T]) -> T:
    async def main() -> T:
        async with open_database(url) as db:
            return await db.write(fn)

    return asyncio.run(main())


def test_64_processes_never_overspend_one_limit(swarm: Swarm, url: str) -> None:
    most = 20_000
    write(url, look)  # or each of them would begin with a migration
    (*_, facts) = swarm.spend(url, most, [f"p{number}" for number in range(64)])
    books = write(url, look)
    assert facts.broken == []
    assert books.bear_out(facts)
    assert books.faults == []
    assert books.open == {}
    assert most - 150 < books.charged() <= most


def test_processes_killed_at_random_break_nothing(swarm: Swarm, url: str) -> None:
    """What they left open stays counted, and is settled at the hold by the next start."""
    dangling, charged = 0, 0
    for turn in range(ROUNDS):
        most = charged + 3000
        facts = killed(swarm, url, most, [f"{turn}-{number}" for number in range(PROCESSES)])
        left, recovered, after = write(url, restart)
        assert facts.broken == []
        assert left.bear_out(facts)
        assert left.charged() <= most
        assert recovered == len(left.open)
        assert after.settled == left.settled | left.open
        assert left.faults == after.faults == []
        dangling += recovered
        charged = after.charged()
    assert dangling > ROUNDS


def restart(conn: sa.Connection) -> tuple[Books, int, Books]:
    """What was left, how much of it was recovered, and what there is then."""
    return look(conn), recover(conn, NOON + SECOND), look(conn)


def killed(swarm: Swarm, url: str, most: int, names: Sequence[str]) -> Facts:
    """One after the other, each some lines after the one before."""
    facts = Facts()
    victims, lines = 0, 0
    for facts in swarm.spend(url, most, names):
        lines -= 1
        if lines < 0 and victims < len(facts.pids) == len(names):
            os.kill(facts.pids[victims], signal.SIGKILL)
            victims += 1
            lines = CHANCE.randrange(12)
    return facts
