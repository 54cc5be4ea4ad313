"""Sessions: made once, kept, and served by whoever claimed them last."""

import asyncio
from pathlib import Path

import pytest

from bridge.model import Place, Session, SessionKey
from bridge.ports import Clock
from bridge.store.db import Database, open_database
from bridge.store.sessions import Sessions
from tests.contract.samples import FOLDER, MAIN, NOON, PLACE, UGLY


@pytest.fixture
def sessions(db: Database, clock: Clock) -> Sessions:
    return Sessions(db, clock)


async def test_a_chat_begins_in_main(sessions: Sessions) -> None:
    assert await sessions.current(PLACE) == MAIN
    assert await sessions.current(Place(111, 5)) == SessionKey(111, 5, "main")


async def test_a_chat_stays_where_it_went(store_url: str, clock: Clock) -> None:
    fix = SessionKey(111, 0, "fix")
    async with open_database(store_url) as db:
        await Sessions(db, clock).enter(MAIN)
        await Sessions(db, clock).enter(fix)
    async with open_database(store_url) as db:
        assert await Sessions(db, clock).current(PLACE) == fix


async def test_the_first_load_makes_the_session(sessions: Sessions) -> None:
    assert await sessions.find(MAIN) is None
    made = await sessions.load(MAIN, 111, FOLDER)
    assert made.started_at > NOON
    assert made == Session(MAIN, 111, FOLDER, made.started_at, made.started_at)
    assert await sessions.find(MAIN) == made


async def test_a_later_load_finds_it_as_it_was(sessions: Sessions) -> None:
    made = await sessions.load(MAIN, 111, FOLDER)
    assert await sessions.load(MAIN, 222, Path("/elsewhere")) == made


async def test_loading_a_session_does_not_move_the_chat(sessions: Sessions) -> None:
    await sessions.load(SessionKey(111, 0, "fix"), 111, FOLDER)
    assert await sessions.current(PLACE) == MAIN


async def test_each_claim_raises_the_epoch(sessions: Sessions) -> None:
    first = await sessions.claim(MAIN, 111, FOLDER)
    second = await sessions.claim(MAIN, 111, FOLDER)
    assert (first.epoch, second.epoch) == (1, 2)
    assert await sessions.find(MAIN) == second


async def test_no_two_claims_get_the_same_epoch(sessions: Sessions) -> None:
    claimed = await asyncio.gather(*(sessions.claim(MAIN, 111, FOLDER) for _ in range(20)))
    assert sorted(session.epoch for session in claimed) == list(range(1, 21))


async def test_names_and_folders_come_back_as_they_were(sessions: Sessions) -> None:
    key = SessionKey(-100, 3, UGLY)
    made = await sessions.load(key, 111, Path("/srv/\udcff"))
    assert (made.key, made.folder) == (key, Path("/srv/\udcff"))
