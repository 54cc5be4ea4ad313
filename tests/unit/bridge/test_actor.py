"""The server of one session: order, and the moments at which it comes and goes."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bridge import actor
from bridge.engine.local import Local
from bridge.errors import ChatError, StoreError
from bridge.mailbox import Mailbox
from bridge.model import SessionKey, Turn
from bridge.session import State
from bridge.work import BROKEN
from routing.model import Choice, Request
from tests.fakes import FakeAgent, FakeDecisions, FakeLedger, Watch, settings
from tests.unit.bridge.scene import IDLE, KEY, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path))


async def test_nothing_is_started_when_nothing_is_undone(scene: Scene) -> None:
    await scene.serve()
    assert not scene.fakes.agents.lent
    assert not scene.fakes.sessions.known


async def test_messages_are_served_in_order_and_one_at_a_time(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=1.0))  # it refuses two at a time
    for number in range(1, 6):
        await scene.say(number, str(number))
    async with scene.serving():
        await asyncio.sleep(2.5)
        for number in range(6, 11):
            await scene.say(number, str(number))
        await asyncio.sleep(20)
    assert scene.texts == [f"Re: {number}" for number in range(1, 11)]
    assert len(agent.prompts) == 10
    assert scene.fakes.agents.lent == [KEY], "all with one client"


async def test_a_server_takes_the_session_over(scene: Scene) -> None:
    await scene.say(1)
    await scene.serve()
    assert scene.fakes.sessions.known[KEY].epoch == 1


# Coming and going.


async def test_an_idle_client_is_given_back(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving() as task:
        await asyncio.sleep(IDLE - 1)
        assert scene.lent
        assert scene.mailbox.state is State.IDLE
        await asyncio.sleep(2)
        assert task.done()
    assert not scene.lent
    assert scene.mailbox.state is State.SUSPENDED
    assert not scene.mailbox.knocked, "nothing is left to do"


async def test_each_message_keeps_the_client_for_another_while(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(IDLE - 1)
        await scene.say(2)
        await asyncio.sleep(IDLE - 1)
        assert scene.lent
    assert scene.fakes.agents.lent == [KEY]
    assert len(scene.texts) == 2


async def test_an_idle_client_that_is_wanted_is_given_back_at_once(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving() as task:
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(1)
        assert task.done()


async def test_a_busy_one_that_is_asked_to_leave_finishes_its_message(scene: Scene) -> None:
    scene.use(FakeAgent(pace=10.0))
    for number in (1, 2):
        await scene.say(number, str(number))
    async with scene.serving() as task:
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(6)
        assert task.done()
    assert scene.texts == ["Re: 1"]
    assert scene.mailbox.knocked, "the second one wants a server"
    await scene.serve()
    assert scene.texts == ["Re: 1", "Re: 2"]


async def test_asked_to_leave_as_it_begins_it_serves_one_message_first(scene: Scene) -> None:
    """Or two sessions could pass one client to and fro for ever."""
    scene.fakes.inbox.latency = 1.0
    for number in (1, 2):
        await scene.say(number, str(number))
    async with scene.serving():
        await asyncio.sleep(1.5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(10)
    assert scene.texts == ["Re: 1"]
    assert scene.mailbox.knocked


async def test_messages_that_come_as_it_is_asked_to_leave_want_a_server(scene: Scene) -> None:
    await scene.say(1, "1")
    async with scene.serving() as task:
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        for number in (2, 3):
            await scene.say(number, str(number))
        await asyncio.sleep(1)
        assert task.done()
    assert scene.texts == ["Re: 1", "Re: 2"]
    assert scene.mailbox.knocked


async def test_one_that_left_once_stays_when_it_comes_back(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(1)
    await scene.say(2)
    async with scene.serving():
        await asyncio.sleep(5)
        assert scene.lent


async def test_the_client_is_given_back_when_the_store_fails(scene: Scene) -> None:
    class Full(FakeLedger):
        async def turn_cost(self, update_id: int) -> int:
            raise StoreError("The disk is full.")

    await scene.say(1)
    with pytest.raises(StoreError):
        await scene.serve(scene.fakes.desk(ledger=Full()))
    assert not scene.lent
    assert scene.mailbox.state is State.SUSPENDED


async def test_a_shutdown_gives_the_client_back_and_leaves_the_message(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=60.0))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        assert agent.busy
    assert not agent.busy
    assert not scene.lent
    assert 1 not in scene.fakes.inbox.finished


async def test_an_answer_that_telegram_does_not_take_is_tried_again(scene: Scene) -> None:
    scene.fakes.chat.faults.extend([ChatError("no")] * 3)
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(3 * actor.PAUSE + 1)
    assert scene.texts == ["Re: first", "Re: second"]
    assert [p.text for p in scene.fakes.agents.agent.prompts] == ["first", "second"]


async def test_ten_messages_in_a_second_are_all_answered_in_order(scene: Scene) -> None:
    scene.use(FakeAgent(pace=3.0))
    await scene.say(1, "1")
    async with scene.serving():
        for number in range(2, 11):
            await asyncio.sleep(0.1)
            await scene.say(number, str(number))
        await asyncio.sleep(60)
    assert scene.texts == [f"Re: {number}" for number in range(1, 11)]


# What commands change meanwhile.


async def test_a_choice_made_since_the_server_started_counts(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        sessions = scene.fakes.sessions.known
        sessions[KEY] = replace(sessions[KEY], pin="opus")
        await scene.say(2)
        await asyncio.sleep(5)
    opus = scene.settings.models["opus"].id
    assert [p.model == opus for p in scene.fakes.agents.agent.prompts] == [False, True]


async def test_the_client_of_a_session_that_is_renamed_is_given_back(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving() as task:
        await asyncio.sleep(5)
        await scene.fakes.sessions.rename(KEY, "docs")
        scene.mailbox.knock()
        await asyncio.sleep(1)
        assert task.done()
        assert not scene.lent
        assert scene.mailbox.state is State.SUSPENDED


async def test_a_new_session_of_an_old_name_does_not_get_the_old_client(scene: Scene) -> None:
    """The old one remembers another conversation."""
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        await scene.fakes.sessions.delete(KEY)
        await scene.say(2, "who am I?")
        await asyncio.sleep(1)
        assert scene.texts == ["Re: hi"]
        assert scene.mailbox.knocked, "the next server takes it"
    async with scene.serving():
        await asyncio.sleep(1)
    assert scene.texts == ["Re: hi", "Re: who am I?"]
    assert scene.fakes.agents.lent == [KEY, KEY]
    assert scene.fakes.sessions.known[KEY].messages == 1


async def test_two_sessions_never_share_a_folder_by_chance(scene: Scene) -> None:
    """The first was called main, too, when it was made."""
    await scene.say(1)
    await scene.serve_for(5)
    await scene.fakes.sessions.rename(KEY, "docs")
    scene.fakes.sessions.names.clear()
    await scene.say(2)
    await scene.serve_for(5)
    folders = {key.name: each.folder.name for key, each in scene.fakes.sessions.known.items()}
    assert folders == {"docs": "main", "main": "main-2"}


# A mistake of ours.


class Broken(FakeDecisions):
    """Of the message 1 no decision can be recorded."""

    async def record(self, turn: Turn, request: Request, choice: Choice) -> None:
        if turn.update_id == 1:
            raise RuntimeError("a mistake of ours")
        await super().record(turn, request, choice)


async def test_a_message_that_breaks_its_server_is_answered_with_a_sentence_in_the_end(
    scene: Scene,
) -> None:
    desk = scene.fakes.desk(decisions=Broken())

    async def serve(key: SessionKey, mailbox: Mailbox) -> None:
        await actor.serve(key, mailbox, desk, lambda: scene.settings)

    engine = Local(serve, scene.fakes.inbox.undone, scene.fakes.clock)
    for number in (1, 2):
        await scene.fakes.say(number, str(number))
    running = asyncio.create_task(engine.run())
    await asyncio.sleep(60)
    running.cancel()
    await asyncio.wait({running})
    assert scene.fakes.chat.said == [(KEY.place, BROKEN)]
    assert scene.texts == ["Re: 2"]
    assert scene.fakes.inbox.finished == {1, 2}
    assert len(scene.fakes.agents.lent) == actor.TRIES + 1, "one more for the next message"


async def test_a_sentence_that_telegram_does_not_take_is_tried_again(scene: Scene) -> None:
    desk = scene.fakes.desk(decisions=Broken())
    watch = Watch(faults={"chat.say": [ChatError("Telegram is away.")]})
    await scene.say(1)
    for _ in range(actor.TRIES - 1):
        with pytest.raises(RuntimeError):
            await scene.serve(desk)
    with pytest.raises(ChatError):
        await scene.serve(watch.over(desk))
    assert 1 not in scene.fakes.inbox.finished
    await scene.serve(watch.over(desk))
    assert scene.fakes.chat.said == [(KEY.place, BROKEN)]
    assert 1 in scene.fakes.inbox.finished
