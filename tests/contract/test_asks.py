"""Asks: a button counts once, for as long as its turn lasts."""

import asyncio
from dataclasses import replace

import pytest

from bridge import ports
from bridge.model import Place
from bridge.store.asks import Asks
from bridge.store.db import Database, open_database
from tests.contract.samples import PLACE, UGLY, ask


@pytest.fixture
def asks(db: Database) -> ports.Asks:
    return Asks(db)


async def test_an_ask_is_found_until_it_is_taken(asks: ports.Asks) -> None:
    await asks.open(ask("a"))
    assert await asks.find("a") == ask("a")
    assert await asks.find("a") == ask("a")
    assert await asks.take("a") == ask("a")
    assert await asks.find("a") is None
    assert await asks.take("a") is None


async def test_one_of_many_taps_counts(asks: ports.Asks) -> None:
    await asks.open(ask("a"))
    taken = await asyncio.gather(*(asks.take("a") for _ in range(20)))
    assert [found for found in taken if found] == [ask("a")]


async def test_an_unknown_nonce_takes_nothing(asks: ports.Asks) -> None:
    assert await asks.take("never opened") is None


async def test_the_asks_of_a_turn_end_with_it(asks: ports.Asks) -> None:
    await asks.open(ask("a", update_id=1))
    await asks.open(ask("b", update_id=2))
    await asks.expire(1)
    assert await asks.take("a") is None
    assert await asks.take("b") == ask("b", update_id=2)


async def test_a_nonce_that_was_used_is_not_opened_again(asks: ports.Asks) -> None:
    await asks.open(ask("a"))
    await asks.take("a")
    await asks.open(ask("a"))
    assert await asks.take("a") is None


async def test_an_ask_survives_a_restart_as_it_was(store_url: str) -> None:
    odd = replace(ask("a"), body=UGLY, options=(UGLY, "Other…"), multiple=True)
    async with open_database(store_url) as db:
        await Asks(db).open(odd)
    async with open_database(store_url) as db:
        assert await Asks(db).take("a") == odd


MINE = PLACE


async def test_words_answer_what_they_reply_to(asks: ports.Asks) -> None:
    await asks.open(ask("a"))
    assert await asks.worded(MINE, 1, 0) is None, "it is not shown yet"
    await asks.shown("a", 55)
    assert await asks.worded(MINE, 1, 55) == replace(ask("a"), message_id=55)
    assert await asks.worded(MINE, 1, 56) is None
    assert await asks.worded(Place(2, 0), 1, 55) is None
    await asks.take("a")
    assert await asks.worded(MINE, 1, 55) is None


async def test_the_next_message_of_who_was_listened_to_is_the_answer(asks: ports.Asks) -> None:
    await asks.open(ask("a", update_id=1))
    await asks.open(ask("b", update_id=2))
    await asks.shown("b", 55)
    assert await asks.listen("a", 7)
    assert await asks.worded(MINE, 7, 0) == ask("a", update_id=1)
    assert await asks.worded(MINE, 8, 0) is None
    found = await asks.worded(MINE, 7, 55)
    assert found is not None
    assert found.nonce == "b", "a reply goes to what it replies to"
    await asks.expire(1)
    assert await asks.worded(MINE, 7, 0) is None
    assert not await asks.listen("a", 7)
