"""Messages that are one to whoever sent them: albums, and what was forwarded together."""

from dataclasses import replace
from typing import Any

import pytest

from bridge import ports
from bridge.errors import BudgetError
from bridge.model import Arrival, Attachment, Kind, Place
from bridge.ports import Clock
from bridge.store.columns import EPOCH, MICROSECOND
from bridge.store.db import Database
from bridge.store.parts import PAUSE
from tests.contract.samples import FOLDER, MAIN, PLACE, UGLY, answer, arrival, turn

MOST = 10
STATES = "SELECT DISTINCT state FROM inbox"


def photo(update_id: int, **changes: Any) -> Arrival:
    files = (Attachment(f"f{update_id}", f"{update_id}.jpg", "image/jpeg", 5),)
    return arrival(update_id, **{"album": "a", "text": "", "files": files} | changes)


async def states(db: Database) -> list[str]:
    return list(await db.read(lambda conn: conn.exec_driver_sql(STATES).scalars().all()))


async def test_what_was_sent_beside_words_comes_back_as_it_was(inbox: ports.Inbox) -> None:
    file = Attachment("f1", UGLY, "text/plain", 5)
    await inbox.put(arrival(1, files=(file,), quote=UGLY), MOST)
    message = await inbox.next(MAIN)
    assert message is not None
    assert (message.files, message.quote) == ((file,), UGLY)


async def test_an_album_is_one_message_in_the_order_it_was_sent(inbox: ports.Inbox) -> None:
    first = await inbox.put(photo(1, message_id=1009), 1)
    assert first is not None
    for update_id in (2, 3):
        assert await inbox.put(photo(update_id, message_id=1009 - update_id), 1) is None
    assert await inbox.put(photo(3), 1) is None, "Telegram may send it once more"
    assert await inbox.edit(PLACE, 1007, "with these words")
    message = await inbox.next(MAIN)
    assert message is not None
    assert message.text == "with these words"
    assert [file.file_id for file in message.files] == ["f3", "f2", "f1"]
    assert await inbox.waiting(MAIN) == 1
    assert await inbox.question(1) == message
    await inbox.done(1)
    assert await inbox.undone() == []
    assert await inbox.next(MAIN) is None


async def test_a_message_is_handed_out_a_second_after_its_last_part(
    db: Database, inbox: ports.Inbox, clock: Clock
) -> None:
    await inbox.put(photo(1), MOST)
    await inbox.put(photo(2), MOST)
    await inbox.next(MAIN)
    last = "SELECT MAX(received_at) FROM inbox"
    received = await db.read(lambda conn: conn.exec_driver_sql(last).scalar_one())
    assert clock.now() - (EPOCH + received * MICROSECOND) > PAUSE


async def test_albums_of_others_and_other_places_stay_apart(inbox: ports.Inbox) -> None:
    apart = [photo(1), photo(2, user=222), photo(3, place=Place(5)), replace(photo(4), album="b")]
    assert all([await inbox.put(each, MOST) for each in apart])


async def test_a_part_that_comes_when_its_album_is_worked_on_is_a_message(
    inbox: ports.Inbox, turns: ports.Turns
) -> None:
    await inbox.put(photo(1), MOST)
    await turns.enter(turn(1))
    assert await inbox.put(photo(2), MOST) is not None


async def test_an_album_is_taken_back_as_a_whole(inbox: ports.Inbox, db: Database) -> None:
    for update_id in (1, 2):
        await inbox.put(photo(update_id), MOST)
    assert await inbox.withdraw(1)
    assert await states(db) == ["withdrawn"]


async def test_an_album_that_a_turn_absorbs_is_done_as_a_whole(
    inbox: ports.Inbox, turns: ports.Turns, sessions: ports.Sessions, db: Database
) -> None:
    await inbox.put(arrival(1), MOST)
    for update_id in (2, 3):
        await inbox.put(photo(update_id), MOST)
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), session, answer(1), absorbed=(2,))
    await turns.delivered(1)
    assert await states(db) == ["done"]


async def test_an_album_too_many_is_refused_once(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1), 1)
    with pytest.raises(BudgetError):
        await inbox.put(photo(2), 1)
    assert await inbox.put(photo(3), 1) is None


async def test_parts_that_were_overheard_come_along_when_one_is_meant_for_us(
    inbox: ports.Inbox,
) -> None:
    assert await inbox.put(photo(1, addressed=False), MOST) is None
    assert await inbox.undone() == []
    assert await inbox.put(photo(2), MOST) is not None
    assert await inbox.put(photo(3, addressed=False), MOST) is None
    message = await inbox.next(MAIN)
    assert message is not None
    assert [file.file_id for file in message.files] == ["f1", "f2", "f3"]


async def test_what_is_forwarded_joins_what_its_user_wrote_a_moment_ago(
    inbox: ports.Inbox,
) -> None:
    await inbox.put(arrival(1, text="What do you think?"), MOST)
    assert await inbox.put(arrival(2, text="A.", forwarded=True), MOST) is None
    assert await inbox.put(arrival(3, text="B.", forwarded=True), MOST) is None
    message = await inbox.next(MAIN)
    assert message is not None
    assert message.text == "What do you think?\n\nA.\n\nB."


async def test_what_is_forwarded_later_is_a_message_of_its_own(
    inbox: ports.Inbox, clock: Clock
) -> None:
    await inbox.put(arrival(1), MOST)
    await clock.sleep(5)
    assert await inbox.put(arrival(2, forwarded=True), MOST) is not None
    assert await inbox.put(arrival(3, user=222, forwarded=True), MOST) is not None


async def test_what_was_said_is_kept_with_the_voice_message(inbox: ports.Inbox) -> None:
    await inbox.put(arrival(1, Kind.VOICE), MOST)
    await inbox.heard(1, "buy milk")
    said = await inbox.question(1)
    assert said is not None
    assert said.text == "buy milk"
    assert await inbox.undone() == []
