"""Inbox: what came in, once and in order, until it is done."""

import asyncio
import signal
import sys

import pytest

from bridge import ports
from bridge.errors import BudgetError
from bridge.model import Inbound, Kind, Place, SessionKey
from bridge.ports import Clock
from bridge.store.db import Database, open_database
from bridge.store.inbox import Inbox
from bridge.store.sessions import Sessions
from tests.contract.samples import MAIN, NOON, PLACE, UGLY, arrival

MOST = 10


@pytest.fixture
def inbox(db: Database, clock: Clock) -> ports.Inbox:
    return Inbox(db, clock)


async def test_a_message_goes_to_the_main_session_of_its_chat(inbox: ports.Inbox) -> None:
    fresh = await inbox.put(arrival(7), MOST)
    assert fresh is not None
    assert fresh.received_at > NOON
    assert fresh == Inbound(7, MAIN, 111, "message 7", 1007, fresh.received_at)
    assert await inbox.next(MAIN) == fresh


async def test_a_message_goes_to_the_session_its_chat_is_in(
    inbox: ports.Inbox, db: Database, clock: Clock
) -> None:
    fix = SessionKey(111, 0, "fix")
    await Sessions(db, clock).enter(fix)
    await inbox.put(arrival(1), MOST)
    await inbox.put(arrival(2, place=Place(111, 5)), MOST)
    assert await inbox.undone() == [fix, SessionKey(111, 5, "main")]


async def test_a_message_stays_with_its_session_when_the_chat_moves_on(
    inbox: ports.Inbox, db: Database, clock: Clock
) -> None:
    await inbox.put(arrival(1), MOST)
    await Sessions(db, clock).enter(SessionKey(111, 0, "fix"))
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


@pytest.mark.parametrize("kind", [Kind.COMMAND, Kind.TAP, Kind.STOP])
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
