"""The audit trail, and how many messages an hour holds."""

from datetime import timedelta

import pytest

from bridge import ports
from bridge.model import Deed
from bridge.store.db import Database
from bridge.store.trail import Trail
from tests.contract.samples import MAIN, NOON, UGLY, arrival

DEED = Deed(MAIN, 7, 111, "Bash", UGLY, "d" * 64, allowed=False, why="the user decides")


@pytest.fixture
def trail(db: Database, clock: ports.Clock) -> ports.Trail:
    return Trail(db, clock)


async def test_what_is_noted_stays_as_it_was_and_in_order(trail: ports.Trail) -> None:
    for tool in ("Read", "Bash", "Bash"):
        await trail.note(Deed(MAIN, 7, 111, tool, UGLY, "d", allowed=True, why=UGLY))
    await trail.note(DEED)
    rows = await trail.since(NOON)
    assert [row.deed.tool for row in rows] == ["Read", "Bash", "Bash", "Bash"]
    assert rows[-1].deed == DEED
    assert NOON < rows[0].at < rows[1].at
    assert await trail.since(rows[-1].at + timedelta(seconds=1)) == []


async def test_an_hour_holds_so_many_messages_of_one_user(inbox: ports.Inbox) -> None:
    assert await inbox.free_at(111, 2) is None
    for number in (1, 2):
        await inbox.put(arrival(number), 10)
    free = await inbox.free_at(111, 2)
    assert free is not None
    assert timedelta(0) < free - NOON <= timedelta(hours=1, seconds=9)
    assert await inbox.free_at(111, 3) is None
    assert await inbox.free_at(222, 2) is None
