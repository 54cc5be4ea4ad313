"""Sessions: made once, kept, found again, and served by whoever claimed them last."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge import ports
from bridge.errors import Fenced
from bridge.model import Place, Session, SessionKey
from bridge.ports import Clock
from bridge.store.db import open_database
from bridge.store.sessions import Sessions
from tests.contract.samples import FOLDER, MAIN, NOON, PLACE, UGLY, answer, session, turn


async def test_a_chat_begins_in_main(sessions: ports.Sessions) -> None:
    assert await sessions.current(PLACE) == MAIN
    assert await sessions.current(Place(111, 5)) == SessionKey(111, 5, "main")


async def test_a_chat_stays_where_it_went(store_url: str, clock: Clock) -> None:
    fix = SessionKey(111, 0, "fix")
    async with open_database(store_url) as db:
        await Sessions(db, clock).enter(MAIN)
        await Sessions(db, clock).enter(fix)
    async with open_database(store_url) as db:
        assert await Sessions(db, clock).current(PLACE) == fix


async def test_the_first_load_makes_the_session(sessions: ports.Sessions) -> None:
    assert await sessions.find(MAIN) is None
    made = await sessions.load(MAIN, 111, FOLDER)
    assert made.started_at > NOON
    assert made == Session(MAIN, 111, FOLDER, made.started_at, made.started_at)
    assert await sessions.find(MAIN) == made


async def test_a_later_load_finds_it_as_it_was(sessions: ports.Sessions) -> None:
    made = await sessions.load(MAIN, 111, FOLDER)
    assert await sessions.load(MAIN, 222, Path("/elsewhere")) == made


async def test_loading_a_session_does_not_move_the_chat(sessions: ports.Sessions) -> None:
    await sessions.load(SessionKey(111, 0, "fix"), 111, FOLDER)
    assert await sessions.current(PLACE) == MAIN


async def test_each_claim_raises_the_epoch(sessions: ports.Sessions) -> None:
    first = await sessions.claim(MAIN, 111, FOLDER)
    second = await sessions.claim(MAIN, 111, FOLDER)
    assert (first.epoch, second.epoch) == (1, 2)
    assert await sessions.find(MAIN) == second


async def test_no_two_claims_get_the_same_epoch(sessions: ports.Sessions) -> None:
    claimed = await asyncio.gather(*(sessions.claim(MAIN, 111, FOLDER) for _ in range(20)))
    assert sorted(session.epoch for session in claimed) == list(range(1, 21))


async def test_names_and_folders_come_back_as_they_were(sessions: ports.Sessions) -> None:
    key = SessionKey(-100, 3, UGLY)
    made = await sessions.load(key, 111, Path("/srv/\udcff"))
    assert (made.key, made.folder) == (key, Path("/srv/\udcff"))


FULL = session(
    epoch=0,
    claude_id="c-1",
    pin="opus",
    model="haiku",
    messages=3,
    cost=42,
    context_tokens=1000,
    home="h-1",
    last_entry="e-1",
    fork=True,
    borrowed="homelab",
    minutes=2.5,
)


async def test_a_session_that_is_added_is_the_one_its_chat_is_in(
    sessions: ports.Sessions,
) -> None:
    assert await sessions.add(session("fix"))
    assert await sessions.current(PLACE) == SessionKey(111, 0, "fix")
    assert await sessions.current(Place(111, 5)) == SessionKey(111, 5, "main")


async def test_everything_about_a_session_comes_back_after_a_restart(
    store_url: str, clock: Clock
) -> None:
    async with open_database(store_url) as db:
        assert await Sessions(db, clock).add(FULL)
    async with open_database(store_url) as db:
        assert await Sessions(db, clock).find(FULL.key) == FULL
        assert await Sessions(db, clock).load(FULL.key, 222, Path("/elsewhere")) == FULL


async def test_a_session_that_is_added_is_nobody_s_yet(sessions: ports.Sessions) -> None:
    await sessions.add(replace(FULL, epoch=7))
    assert await sessions.find(FULL.key) == FULL


async def test_a_taken_name_is_not_added_and_nothing_changes(sessions: ports.Sessions) -> None:
    await sessions.add(FULL)
    await sessions.enter(MAIN)
    assert not await sessions.add(session("fix", user=222))
    assert await sessions.find(FULL.key) == FULL
    assert await sessions.current(PLACE) == MAIN


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ("docs", "Docs"),
        ("Straße", "STRASSE"),
        ("ärger", "A\u0308RGER"),
        ("файлы", "ФАЙЛЫ"),
        ("other", "Main"),  # `main` is where every chat goes back to
    ],
)
async def test_names_that_differ_by_case_only_are_the_same(
    sessions: ports.Sessions, there: str, new: str
) -> None:
    await sessions.add(session(there))
    assert not await sessions.add(session(new))
    assert [found.key.name for found in await sessions.every(PLACE)] == [there]


async def test_each_chat_and_topic_has_names_of_its_own(sessions: ports.Sessions) -> None:
    places = (PLACE, Place(111, 5), Place(222))
    assert [await sessions.add(session("fix", place)) for place in places] == [True] * 3


async def test_one_of_many_that_are_added_at_once_gets_the_name(sessions: ports.Sessions) -> None:
    users = range(20)
    added = await asyncio.gather(*(sessions.add(session("fix", user=user)) for user in users))
    assert added == [True] + [False] * 19


async def test_main_can_be_added_while_it_is_not_there(sessions: ports.Sessions) -> None:
    assert await sessions.add(session("main"))
    assert not await sessions.add(session("main"))


async def test_the_sessions_of_a_chat_come_the_last_active_first(
    sessions: ports.Sessions,
) -> None:
    active = {"b": 2, "a": 3, "d": 1, "c": 1}
    for name, minutes in active.items():
        await sessions.add(session(name, active_at=NOON + timedelta(minutes=minutes)))
    await sessions.add(session("e", Place(111, 5)))
    assert [found.key.name for found in await sessions.every(PLACE)] == ["a", "b", "c", "d"]
    assert await sessions.every(Place(222)) == []


async def test_sessions_of_all_chats_are_found_by_their_very_folder(
    sessions: ports.Sessions,
) -> None:
    homelab = Path("/srv/homelab ü")
    for name, place, folder in (
        ("fix", PLACE, homelab),
        ("fix", Place(222), homelab),
        ("below", PLACE, homelab / "web"),
        ("above", PLACE, homelab.parent),
    ):
        await sessions.add(session(name, place, folder=folder))
    found = await sessions.within(homelab)
    assert {str(one.key) for one in found} == {"111/0/fix", "222/0/fix"}


async def test_a_chat_may_enter_a_session_that_its_first_message_makes(
    sessions: ports.Sessions,
) -> None:
    new = SessionKey(111, 0, "neu-😀")
    await sessions.enter(new)
    assert await sessions.current(PLACE) == new
    assert await sessions.find(new) is None


async def test_the_longest_turn_of_a_session_can_be_chosen_and_left_open(
    sessions: ports.Sessions,
) -> None:
    await sessions.add(session("fix"))
    await sessions.set_minutes(SessionKey(111, 0, "fix"), 0.5)
    assert await sessions.find(SessionKey(111, 0, "fix")) == session("fix", minutes=0.5)
    await sessions.set_minutes(SessionKey(111, 0, "fix"), None)
    assert await sessions.find(SessionKey(111, 0, "fix")) == session("fix")


async def test_a_turn_makes_its_session_the_last_active_one(
    sessions: ports.Sessions, turns: ports.Turns
) -> None:
    for name in ("old", "new"):
        await sessions.add(session(name))
    key = SessionKey(111, 0, "old")
    claimed = await sessions.claim(key, 111, FOLDER)
    later = replace(claimed, active_at=NOON + timedelta(hours=1))
    await turns.close(turn(1, key), later, answer(1, key=key))
    assert [found.key.name for found in await sessions.every(PLACE)] == ["old", "new"]


async def test_a_history_is_known_as_soon_as_it_has_begun(sessions: ports.Sessions) -> None:
    mine = await sessions.claim(MAIN, 111, FOLDER)
    await sessions.begin(mine, "c1", "home1")
    found = await sessions.find(MAIN)
    assert found
    assert (found.claude_id, found.home, found.fork) == ("c1", "home1", False)


async def test_a_history_of_a_server_that_was_replaced_is_not_stored(
    sessions: ports.Sessions,
) -> None:
    old = await sessions.claim(MAIN, 111, FOLDER)
    await sessions.claim(MAIN, 111, FOLDER)
    with pytest.raises(Fenced):
        await sessions.begin(old, "c1", "home1")
    found = await sessions.find(MAIN)
    assert found
    assert found.claude_id is None
