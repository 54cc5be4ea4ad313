"""One suite for every kind of store. A test that needs a restart opens `store_url` again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bridge import ports
from bridge.store.asks import Asks
from bridge.store.db import Database, open_database
from bridge.store.decisions import Decisions
from bridge.store.inbox import Inbox
from bridge.store.ledger import Ledger
from bridge.store.sessions import Sessions
from bridge.store.tables import metadata
from bridge.store.turns import Turns
from tests.contract.samples import NOON
from tests.postgres import Cluster, cluster

NOT_ABOUT_THE_STORE = ("test_booth", "test_booth_claude")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store_url" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".")[2]
        kinds = ["sqlite"] if name in NOT_ABOUT_THE_STORE else ["sqlite", "postgresql"]
        metafunc.parametrize("store_url", kinds, indirect=True)


@dataclass
class TickingClock:
    """Each look at it is a second later than the one before."""

    time: datetime = field(default=NOON)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Cluster) -> str:
    """The name of a database that has the tables."""
    name = postgres.add()

    async def opened() -> None:
        async with open_database(postgres.url(name)):
            pass

    asyncio.run(opened())
    return name


@pytest.fixture
def postgres_url(postgres: Cluster, migrated: str) -> Iterator[str]:
    yield postgres.url(migrated)
    postgres.clear(migrated, metadata.tables)


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of each kind in turn: see `pytest_generate_tests`."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store/tollbridge.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def db(store_url: str) -> AsyncIterator[Database]:
    async with open_database(store_url) as database:
        yield database


@pytest.fixture
def inbox(db: Database, clock: ports.Clock) -> ports.Inbox:
    return Inbox(db, clock)


@pytest.fixture
def sessions(db: Database, clock: ports.Clock) -> ports.Sessions:
    return Sessions(db, clock)


@pytest.fixture
def turns(db: Database, clock: ports.Clock) -> ports.Turns:
    return Turns(db, clock)


@pytest.fixture
def decisions(db: Database) -> ports.Decisions:
    return Decisions(db)


@pytest.fixture
def ledger(db: Database) -> ports.Ledger:
    return Ledger(db)


@pytest.fixture
def asks(db: Database) -> ports.Asks:
    return Asks(db)
