"""A few clients for many sessions: never too many, taken in turns, and nothing leaks."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from bridge import actor
from bridge.engine.local import Local
from bridge.errors import AgentError
from bridge.mailbox import Mailbox
from bridge.model import Completed, Outcome, SessionKey, Text
from bridge.settings import Settings
from tests.fakes import Fakes, VirtualLoop, settings
from tests.unit.agent.scene import BREAKS, PROMPT, Guest, Scene, guests, scene_of


@pytest.fixture
def current(tmp_path: Path) -> Settings:
    return settings(tmp_path, "[sessions]\nmax_live = 2\n")


@pytest.fixture
def scene(tmp_path: Path, current: Settings) -> Scene:
    return scene_of(tmp_path, current)


# Who gets one, and who gives one back.


async def test_while_there_is_room_nobody_is_asked_to_leave(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        await asyncio.sleep(1000)
        assert not any(guest.asked for guest in there)
        assert len(scene.made.live) == 2


async def test_the_longest_idle_is_asked_to_leave(scene: Scene) -> None:
    async with guests(scene, 1, 2) as [one, two]:
        one.work()
        await asyncio.sleep(1.5)  # now it is the other that was idle for longer
        three = scene.guest(3)
        three.come()
        await asyncio.sleep(0.5)
        assert (one.asked, two.asked) == (False, True)
        assert three.agent
        three.leave()
        await asyncio.sleep(2)


async def test_a_busy_one_is_not_asked_before_its_turn_is_over(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        for guest in there:
            guest.work()
            await asyncio.sleep(0.1)
        three = scene.guest(3)
        three.come(stay=False)
        await asyncio.sleep(0.5)
        assert not any(guest.asked for guest in there)
        await asyncio.sleep(0.5)
        assert [guest.asked for guest in there] == [True, False], "one is enough"
        await asyncio.sleep(5)
        assert scene.order == [1, 2, 3]


async def test_for_each_who_waits_one_is_asked(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        waiting = [scene.guest(3), scene.guest(4)]
        for guest in waiting:
            guest.come()
        await asyncio.sleep(0.5)
        assert all(guest.asked for guest in there)
        assert all(guest.agent for guest in waiting)
        for guest in waiting:
            guest.leave()
        await asyncio.sleep(2)


async def test_who_was_asked_is_waited_for_before_another_is_asked(scene: Scene) -> None:
    slow = scene.guest(1)
    async with scene.pool.lend(slow.session, slow):
        async with guests(scene, 2) as [two]:
            three = scene.guest(3)
            three.come(stay=False)
            await asyncio.sleep(0.1)
            assert slow.asked, "it takes its time"
            two.work()
            await asyncio.sleep(5)
            assert not two.asked
        assert scene.order == [2, 3]
    await asyncio.sleep(5)


async def test_who_works_on_though_asked_does_not_keep_another_waiting(scene: Scene) -> None:
    """It had one more message; meanwhile the next that becomes idle makes room."""

    async def stubborn(guest: Guest) -> None:
        async with scene.pool.lend(guest.session, guest) as agent:
            await guest.news.wait()
            for _ in range(10):
                _ = [event async for event in agent.run(PROMPT)]

    first, three = scene.guest(1), scene.guest(3)
    task = asyncio.create_task(stubborn(first))
    await asyncio.sleep(0.1)
    async with guests(scene, 2) as [two]:
        two.work()
        await asyncio.sleep(0.2)
        three.come(stay=False)
        await asyncio.sleep(3)
        assert first.asked
        assert two.asked
        assert scene.order == [2, 3]
    await task


async def test_who_came_first_is_served_first(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        for guest in there:
            guest.work(3)
        waiting = [scene.guest(number) for number in (5, 3, 6, 4)]
        for guest in waiting:
            guest.come(stay=False)
            await asyncio.sleep(0.1)
        await asyncio.sleep(20)
        assert scene.order == [1, 2, 5, 3, 6, 4]


async def test_who_gives_up_waiting_takes_nothing(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        for guest in there:
            guest.work()
        await asyncio.sleep(0.2)
        three = scene.guest(3)
        three.come()
        await asyncio.sleep(0.2)
        assert three.task
        three.task.cancel()
        await asyncio.sleep(5)
        assert not any(guest.asked for guest in there), "nobody waits any more"
        assert scene.toll.issued == 2
    assert await scene.clean()


# Nothing leaks.


async def test_a_client_has_a_ticket_of_its_own_while_it_lives(scene: Scene) -> None:
    async with scene.pool.lend(scene.session(1), scene.guest(1)):
        assert list(scene.toll.tickets.values()) == [scene.session(1).key]
    assert not scene.toll.tickets
    assert not scene.made.live


async def test_an_error_in_the_block_gives_everything_back(scene: Scene) -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError):
            async with scene.pool.lend(scene.session(1), scene.guest(1)):
                raise BREAKS
    assert await scene.clean()


async def test_a_client_that_cannot_be_made_takes_no_room(scene: Scene) -> None:
    scene.made.faults = [BREAKS] * 3
    for _ in range(3):
        with pytest.raises(RuntimeError):
            async with scene.pool.lend(scene.session(1), scene.guest(1)):
                pass
    assert await scene.clean()


async def test_a_client_that_breaks_as_it_closes_takes_no_room(scene: Scene) -> None:
    for _ in range(3):
        with pytest.raises(AssertionError, match="while a turn ran"):
            async with scene.pool.lend(scene.session(1), scene.guest(1)):
                scene.made.live[-1].busy = True
        scene.made.clients.clear()
    assert await scene.clean()


async def test_a_shutdown_closes_every_client(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        there[0].work()
        await asyncio.sleep(0.5)
        assert scene.made.live
    assert await scene.clean()


async def test_a_turn_that_is_given_up_is_over_before_the_next_begins(scene: Scene) -> None:
    guest = scene.guest(1)
    async with scene.pool.lend(guest.session, guest) as agent:
        scene.made.live[0].scripts.append([Text("m", 0, "So far."), 1000.0])
        async with aclosing(agent.run(PROMPT)) as events:
            async for _ in events:
                break
        assert not scene.made.live[0].busy
        again = [event async for event in agent.run(PROMPT)]
        assert again[-1] == Completed(Outcome.DONE, "Re: hi")


async def test_signals_reach_the_client(scene: Scene) -> None:
    async with scene.pool.lend(scene.session(1), scene.guest(1)) as agent:
        await agent.interrupt()
        await agent.reply("n", (1,))
        assert not await agent.steer(PROMPT)
    [client] = scene.made.clients
    assert client.interrupts == 1
    assert client.replies == [("n", (1,))]


# The folders of a session.


async def test_the_folders_are_there_when_a_turn_begins(scene: Scene) -> None:
    session = scene.session(1)
    async with scene.pool.lend(session, scene.guest(1)) as agent:
        _ = [event async for event in agent.run(PROMPT)]
    assert session.folder.is_dir()
    home = scene.folder / "config" / "home"
    assert home.stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_cannot_be_made_is_a_sentence_for_the_user(scene: Scene) -> None:
    session = scene.session(1)
    session.folder.write_text("a file is in the way")
    async with scene.pool.lend(session, scene.guest(1)) as agent:
        with pytest.raises(AgentError, match=f"The folder {session.folder} cannot be made"):
            _ = [event async for event in agent.run(PROMPT)]
    assert await scene.clean()


# Many sessions, as they are really served.


async def play(scene: Scene, current: Settings, messages: list[tuple[int, float]]) -> Fakes:
    """`messages`: the session of each, and the seconds since the one before."""
    fakes = Fakes()
    fakes.inbox.latency = 0.001
    desk = fakes.desk(agents=scene.pool)

    async def serve(key: SessionKey, mailbox: Mailbox) -> None:
        await actor.serve(key, mailbox, desk, lambda: current)

    engine = Local(serve, fakes.inbox.undone, fakes.clock)
    running = asyncio.create_task(engine.run())
    for number, (chat, after) in enumerate(messages, 1):
        await asyncio.sleep(after)
        await engine.activate((await fakes.say(number, str(number), chat)).key)
    await asyncio.sleep(2 * len(messages) + 10)  # much less than a client may be idle
    assert len(fakes.chat.answered) == len(messages), "all answered"
    running.cancel()
    await asyncio.wait({running})
    assert scene.made.most <= current.sessions.max_live
    assert not scene.made.live
    assert not scene.toll.tickets
    return fakes


def chats(fakes: Fakes) -> list[int]:
    return [answer.key.chat for answer in fakes.chat.answered]


async def test_a_session_with_much_to_do_lets_the_others_have_their_turn(
    scene: Scene, current: Settings
) -> None:
    many = [(chat, 0.0) for chat in (1, 2) for _ in range(10)]
    few = [(chat, 0.1) for chat in (3, 4, 5)]
    fakes = await play(scene, current, many + few)
    assert {3, 4, 5} < set(chats(fakes)[:10])
    assert chats(fakes).count(1) == 10


async def test_fifty_sessions_share_two_clients(scene: Scene, current: Settings) -> None:
    fakes = await play(scene, current, [(chat, 0.0) for chat in range(1, 51)])
    for first in range(1, 51, 2):
        assert set(chats(fakes)[first - 1 : first + 1]) == {first, first + 1}


async def test_three_sessions_in_lively_talk_take_turns(scene: Scene, current: Settings) -> None:
    fakes = await play(scene, current, [(chat, 0.0) for _ in range(5) for chat in (1, 2, 3)])
    for start in range(0, 15, 3):
        assert set(chats(fakes)[start : start + 3]) == {1, 2, 3}


@effort(max_examples=40, deadline=None)
@given(
    messages=st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from([0.0, 0.001, 0.3, 1.0, 5.0])),
        min_size=1,
        max_size=25,
    )
)
def test_whoever_writes_when_everyone_is_answered_in_order(
    folder_of: Callable[[], Path], messages: list[tuple[int, float]]
) -> None:
    folder = folder_of()
    current = settings(folder, "[sessions]\nmax_live = 2\n")
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        fakes = runner.run(play(scene_of(folder, current), current, messages))
    for chat in set(chats(fakes)):
        mine = [answer.update_id for answer in fakes.chat.answered if answer.key.chat == chat]
        assert mine == sorted(mine)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("pool")
