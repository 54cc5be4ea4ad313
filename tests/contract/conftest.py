"""One suite for every kind of store. A test that needs a restart opens `store_url` again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bridge.store.db import Database, open_database
from tests.contract.samples import NOON


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


@pytest.fixture(params=["sqlite"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return {"sqlite": f"sqlite:///{tmp_path}/store/tollbridge.db"}[request.param]


@pytest.fixture
async def db(store_url: str) -> AsyncIterator[Database]:
    async with open_database(store_url) as database:
        yield database
