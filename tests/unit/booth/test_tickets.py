"""A ticket opens the booth only while its session has a running turn."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from bridge.booth.tickets import Tickets
from bridge.model import SessionKey, Turn

KEY = SessionKey(1, 0, "main")
TURN = Turn(7, KEY, 111, 1, "haiku", datetime(2026, 1, 1, tzinfo=UTC))


def ticket(tickets: Tickets, key: SessionKey = KEY) -> str:
    return tickets.issue(key).rpartition("/")[2]


async def test_a_request_is_charged_to_the_running_turn_of_its_session() -> None:
    tickets = Tickets()
    mine, other = ticket(tickets), ticket(tickets, SessionKey(2, 0, "main"))
    tickets.begin(TURN)
    with tickets.passing(mine) as turn:
        assert turn == TURN
    with tickets.passing(other) as turn:
        assert turn is None


async def test_before_and_after_the_turn_nothing_passes() -> None:
    tickets = Tickets()
    mine = ticket(tickets)
    with tickets.passing(mine) as turn:
        assert turn is None
    tickets.begin(TURN)
    await tickets.end(TURN)
    with tickets.passing(mine) as turn:
        assert turn is None


async def test_a_revoked_or_invented_ticket_opens_nothing() -> None:
    tickets = Tickets()
    url = tickets.issue(KEY)
    tickets.begin(TURN)
    tickets.revoke(url)
    for bad in (url.rpartition("/")[2], "guess", ""):
        with tickets.passing(bad) as turn:
            assert turn is None


async def test_the_end_of_a_turn_waits_for_its_requests_to_be_settled() -> None:
    tickets = Tickets()
    mine = ticket(tickets)
    tickets.begin(TURN)
    with tickets.passing(mine):
        pass
    was_cut = True
    with tickets.passing(mine):
        ending = asyncio.create_task(tickets.end(TURN))
        await asyncio.sleep(0)
        assert not ending.done()
        with tickets.passing(mine) as late:
            assert late is None
        was_cut = False
    await ending
    assert not was_cut


async def test_a_request_that_outlives_its_turn_is_cut() -> None:
    tickets = Tickets(grace=0)
    mine = ticket(tickets)
    tickets.begin(TURN)
    ended = []

    async def request() -> None:
        with tickets.passing(mine):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("settled")

    running = asyncio.create_task(request())
    await asyncio.sleep(0)
    await tickets.end(TURN)
    assert ended == ["settled"]
    await running


async def test_the_end_of_another_turn_changes_nothing() -> None:
    tickets = Tickets()
    mine = ticket(tickets)
    tickets.begin(TURN)
    await tickets.end(replace(TURN, update_id=6))
    with tickets.passing(mine) as turn:
        assert turn == TURN
