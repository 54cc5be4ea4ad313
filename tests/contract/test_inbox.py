"""Inbox: what came in, once and in order, until it is done."""

import asyncio
import signal
import sys
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from bridge import ports
from bridge.errors import BudgetError, StoreError
from bridge.model import Inbound, Kind, Place, SessionKey
from bridge.ports import Clock
from bridge.store.db import Database, open_database
from bridge.store.inbox import Inbox
from bridge.store.sessions import Sessions
from tests.contract.samples import FOLDER, MAIN, NOON, PLACE, UGLY, answer, arrival, turn

MOST = 10


async def test_a_message_goes_to_the_main_session_of_its_chat(inbox: ports.Inbox) -> None:
    fresh = await inbox.put(arrival(7), MOST)
    assert fresh is not None
    assert fresh.received_at > NOON
    assert fresh == Inbound(7, MAIN, 111, "message 7", 1007, fresh.received_at)
    assert await inbox.next(MAIN) == fresh


async def test_a_message_goes_to_the_session_its_chat_is_in(
    inbox: ports.Inbox, sessions: ports.Sessions
) -> None:
    fix = SessionKey(111, 0, "fix")
    await sessions.enter(fix)
    await inbox.put(arrival(1), MOST)
    await inbox.put(arrival(2, place=Place(111, 5)), MOST)
    assert await inbox.undone() == [fix, SessionKey(111, 5, "main")]


async def test_a_message_stays_with_its_session_when_the_chat_moves_on(
    inbox: ports.Inbox, sessions: ports.Sessions
) -> None:
    await inbox.put(arrival(1), MOST)
    await sessions.enter(SessionKey(111, 0, "fix"))
    assert await inbox.undone() == [MAIN]


async def test_a_duplicate_is_told_apart_and_changes_nothing(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1), MOST)
    assert await inbox.put(arrival(1, text="other words"), MOST) is None
    first = await inbox.next(MAIN)
    assert first is not None
    assert first.text == "message 1"


async def test_an_update_that_is_done_is_still_known(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1), MOST)
    await inbox.done(1)
    assert await inbox.put(arrival(1), MOST) is None
    assert await inbox.next(MAIN) is None


async def test_messages_are_taken_by_update_id_and_stay_until_done(inbox: ports.Inbox) -> None:
    for update_id in (3, 1, 2):
        await inbox.put(arrival(update_id), MOST)
    taken: list[int] = []
    while (message := await inbox.next(MAIN)) is not None:
        assert await inbox.next(MAIN) == message
        assert await inbox.waiting(MAIN) == 3 - len(taken)
        taken.append(message.update_id)
        await inbox.done(message.update_id)
    assert taken == [1, 2, 3]


async def test_sessions_come_by_their_oldest_message(inbox: ports.Inbox) -> None:
    chats = {4: 1, 2: 2, 3: 1, 1: 3}
    for update_id, chat in chats.items():
        await inbox.put(arrival(update_id, place=Place(chat)), MOST)
    assert [key.chat for key in await inbox.undone()] == [3, 2, 1]


async def test_ten_wait_and_the_eleventh_is_rejected(inbox: ports.Inbox) -> None:
    for update_id in range(10):
        await inbox.put(arrival(update_id, place=Place(update_id % 2)), MOST)
    with pytest.raises(BudgetError, match=r"^10 messages are waiting already;"):
        await inbox.put(arrival(10), MOST)
    assert await inbox.waiting(MAIN) == 0
    assert await inbox.put(arrival(10), MOST) is None, "rejected once, not at each redelivery"
    assert await inbox.put(arrival(11, user=222), MOST) is not None, "others are not affected"


async def test_there_is_room_again_when_one_is_done(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1), 1)
    with pytest.raises(BudgetError):
        await inbox.put(arrival(2), 1)
    await inbox.done(1)
    assert await inbox.put(arrival(3), 1) is not None


async def test_the_bound_holds_for_messages_that_come_at_once(inbox: ports.Inbox) -> None:
    put = (inbox.put(arrival(update_id), MOST) for update_id in range(64))
    results = await asyncio.gather(*put, return_exceptions=True)
    assert sum(isinstance(result, Inbound) for result in results) == 10
    assert sum(isinstance(result, BudgetError) for result in results) == 54


@pytest.mark.parametrize("kind", [Kind.COMMAND, Kind.TAP, Kind.STOP, Kind.EDIT])
async def test_what_is_answered_at_once_overtakes_a_full_queue(
    inbox: ports.Inbox, kind: Kind
) -> None:
    await inbox.put(arrival(1), 1)
    fresh = await inbox.put(arrival(2, kind), 1)
    assert fresh is not None
    assert fresh.key == MAIN
    assert await inbox.put(arrival(2, kind), 1) is None
    assert await inbox.pending() == [arrival(2, kind)]
    assert await inbox.waiting(MAIN) == 1
    await inbox.done(2)
    assert await inbox.pending() == []


@pytest.mark.parametrize("kind", [Kind.OTHER, Kind.UNREADABLE])
async def test_what_nobody_serves_is_stored_and_waits_for_nothing(
    inbox: ports.Inbox, kind: Kind
) -> None:
    assert await inbox.put(arrival(1, kind), MOST) is not None
    assert await inbox.put(arrival(1, kind), MOST) is None
    assert (await inbox.undone(), await inbox.pending()) == ([], [])


async def test_text_comes_back_as_it_was_whatever_is_in_it(inbox: ports.Inbox) -> None:
    odd = arrival(1, Kind.COMMAND, text=UGLY, raw=UGLY, sent_at=None)
    await inbox.put(odd, MOST)
    assert await inbox.pending() == [odd]


async def test_a_restart_keeps_everything(store_url: str, clock: Clock) -> None:
    async with open_database(store_url) as db:
        first = await Inbox(db, clock).put(arrival(1), MOST)
        await Inbox(db, clock).put(arrival(2, Kind.TAP), MOST)
    async with open_database(store_url) as db:
        again = Inbox(db, clock)
        assert await again.next(MAIN) == first
        assert await again.pending() == [arrival(2, Kind.TAP)]
        assert await again.put(arrival(1), MOST) is None


async def test_a_waiting_message_is_found_until_somebody_works_on_it(
    inbox: ports.Inbox, turns: ports.Turns
) -> None:
    waiting = await inbox.put(arrival(1), MOST)
    assert await inbox.find(1) == waiting
    await turns.enter(turn(1))
    assert await inbox.find(1) is None
    assert await inbox.next(MAIN) == waiting, "it is undone all the same"


async def test_only_messages_that_wait_are_found(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1), MOST)
    await inbox.done(1)
    await inbox.put(arrival(2, Kind.COMMAND), MOST)
    assert [await inbox.find(update_id) for update_id in (1, 2, 3)] == [None, None, None]


async def test_a_message_that_was_taken_back_waits_for_nobody(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1), 2)
    second = await inbox.put(arrival(2), 2)
    assert await inbox.withdraw(1)
    assert not await inbox.withdraw(1)
    assert await inbox.find(1) is None
    assert await inbox.next(MAIN) == second
    assert await inbox.waiting(MAIN) == 1
    assert await inbox.put(arrival(1), 2) is None, "Telegram may send it once more"
    assert await inbox.put(arrival(3), 2) is not None, "there is room again"


async def test_a_message_that_is_answered_or_done_cannot_be_taken_back(
    inbox: ports.Inbox, turns: ports.Turns
) -> None:
    for update_id in (1, 2):
        await inbox.put(arrival(update_id), MOST)
    await inbox.done(1)
    await turns.enter(turn(2))
    assert not await inbox.withdraw(1)
    assert not await inbox.withdraw(2)
    assert not await inbox.withdraw(3), "there is none"
    assert await inbox.waiting(MAIN) == 1


async def test_nobody_works_on_what_was_taken_back_after_they_had_seen_it(
    inbox: ports.Inbox, turns: ports.Turns
) -> None:
    await inbox.put(arrival(1), MOST)
    assert await inbox.next(MAIN) is not None
    assert await inbox.withdraw(1)
    with pytest.raises(StoreError, match="taken back"):
        await turns.enter(turn(1))


async def test_a_message_is_either_answered_or_taken_back(
    inbox: ports.Inbox, turns: ports.Turns
) -> None:
    async def entered(update_id: int) -> bool:
        try:
            return await turns.enter(turn(update_id))
        except StoreError:
            return False

    numbers = range(1, 51)
    for update_id in numbers:
        await inbox.put(arrival(update_id), 100)
    odd_ones_first = [inbox.withdraw(n) if n % 2 else entered(n) for n in numbers]
    then_the_others = [entered(n) if n % 2 else inbox.withdraw(n) for n in numbers]
    won = await asyncio.gather(*odd_ones_first, *then_the_others)
    assert won == [True] * 50 + [False] * 50


async def test_a_waiting_message_has_the_words_it_was_given_last(inbox: ports.Inbox) -> None:
    fresh = await inbox.put(arrival(1), MOST)
    assert fresh is not None
    assert await inbox.edit(PLACE, 1001, "other words")
    assert await inbox.edit(PLACE, 1001, UGLY)
    assert await inbox.next(MAIN) == replace(fresh, text=UGLY)


async def test_a_message_that_is_answered_or_done_keeps_its_words(
    inbox: ports.Inbox, turns: ports.Turns
) -> None:
    for update_id in (1, 2):
        await inbox.put(arrival(update_id), MOST)
    await inbox.done(1)
    await turns.enter(turn(2))
    assert not await inbox.edit(PLACE, 1001, "other words")
    assert not await inbox.edit(PLACE, 1002, "other words")
    message = await inbox.next(MAIN)
    assert message is not None
    assert message.text == "message 2"


async def test_an_edit_is_of_one_message_in_one_place(inbox: ports.Inbox) -> None:
    """Message numbers are a chat's own, and the edit itself has the same one."""
    await inbox.put(arrival(1, message_id=5), MOST)
    await inbox.put(arrival(2, message_id=5, place=Place(222)), MOST)
    await inbox.put(arrival(3, Kind.EDIT, message_id=5), MOST)
    assert await inbox.edit(PLACE, 5, "other words")
    assert not await inbox.edit(Place(111, 9), 5, "elsewhere")
    other = await inbox.find(2)
    assert other is not None
    assert other.text == "message 2"
    assert await inbox.pending() == [arrival(3, Kind.EDIT, message_id=5)]


@pytest.mark.parametrize("edit_first", [True, False])
async def test_whoever_works_on_a_message_sees_an_edit_that_succeeded(
    inbox: ports.Inbox, turns: ports.Turns, *, edit_first: bool
) -> None:
    """Once it is entered, its words do not change any more: they are read again then."""
    await inbox.put(arrival(1), MOST)
    steps: list[Awaitable[bool]] = [inbox.edit(PLACE, 1001, "other words"), turns.enter(turn(1))]
    await asyncio.gather(*(steps if edit_first else reversed(steps)))
    message = await inbox.next(MAIN)
    assert message is not None
    assert message.text == ("other words" if edit_first else "message 1")


async def test_taken_back_and_edited_is_what_a_restart_finds(store_url: str, clock: Clock) -> None:
    async with open_database(store_url) as db:
        before = Inbox(db, clock)
        for update_id in (1, 2):
            await before.put(arrival(update_id), MOST)
        await before.withdraw(1)
        await before.edit(PLACE, 1002, "Straße 😀")
    async with open_database(store_url) as db:
        after = Inbox(db, clock)
        message = await after.next(MAIN)
        assert message is not None
        assert (message.update_id, message.text) == (2, "Straße 😀")
        assert await after.waiting(MAIN) == 1


async def test_absorbed_messages_wait_no_more_and_are_done_with_the_answer(
    inbox: ports.Inbox, turns: ports.Turns, sessions: ports.Sessions, db: Database
) -> None:
    states = "SELECT state FROM inbox ORDER BY update_id"
    for update_id in (1, 2, 3, 4):
        await inbox.put(arrival(update_id), 4)
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), session, answer(1), absorbed=(2, 3))
    assert await inbox.waiting(MAIN) == 2, "the one whose answer is on its way, and the last"
    assert await inbox.find(2) is None
    assert not await inbox.withdraw(2)
    assert not await inbox.edit(PLACE, 1003, "other words")
    await turns.delivered(1)
    message = await inbox.next(MAIN)
    assert message is not None
    assert message.update_id == 4
    found = await db.read(lambda conn: conn.exec_driver_sql(states).scalars().all())
    assert found == ["done", "done", "done", "new"]


WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from bridge.store.db import open_database
from bridge.store.inbox import Inbox
from tests.contract.samples import arrival

class Clock:
    def now(self):
        return datetime.now(UTC)

async def main():
    async with open_database(sys.argv[1]) as db:
        inbox = Inbox(db, Clock())
        for update_id in range(1, 1_000_000):
            await inbox.put(arrival(update_id), 1_000_000)
            print(update_id, flush=True)

asyncio.run(main())
"""


async def test_kill_9_loses_nothing_that_was_confirmed(store_url: str, clock: Clock) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, store_url, stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(50):
        await writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    rest = await writer.stdout.read()
    assert await writer.wait() == -signal.SIGKILL
    confirmed = 50 + rest.count(b"\n")
    async with open_database(store_url) as db:
        inbox = Inbox(db, clock)
        assert await inbox.waiting(MAIN) in (confirmed, confirmed + 1)
        assert await inbox.put(arrival(confirmed), MOST) is None
        assert await Sessions(db, clock).current(PLACE) == MAIN
