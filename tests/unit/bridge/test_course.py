"""A turn that does not go on by itself: silent, endless, deaf. And one that is given more."""

import asyncio
from pathlib import Path

import pytest

from bridge import course
from bridge.errors import AgentError
from bridge.model import (
    Ask,
    Asked,
    Completed,
    Outcome,
    Steer,
    Stop,
    Tapped,
    Text,
)
from bridge.session import State
from bridge.watchdog import SILENT, TOO_LONG
from tests.fakes import FakeAgent, FakeChat, Step, settings
from tests.unit.bridge.scene import KEY, Scene

SILENCE = 5 * 60.0  # seconds
LONGEST = 30 * 60.0
HALF = Text("m1", 0, "Half of it.")
DONE = Completed(Outcome.DONE, "All of it.")
SAID = "Half of it.\n\n"


def ask(number: int) -> Asked:
    return Asked(Ask(f"n{number}", KEY, 1, 1, "Bash", "ls", ("Allow", "Deny")))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path, "[sessions]\nsilence_minutes = 5\n"))


# Silence.


async def test_a_silent_agent_is_interrupted_and_the_user_is_told(scene: Scene) -> None:
    agent = scene.use(FakeAgent([HALF, 100_000.0]))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(SILENCE - 1)
        assert not agent.interrupts
        await asyncio.sleep(2)
        assert scene.texts == [SAID + SILENT.format(5.0)]
        assert (agent.interrupts, agent.kills) == (1, 0)
        await scene.say(2, "continue")
        await asyncio.sleep(1)
    assert scene.texts[1:] == ["Re: continue"]


async def test_one_that_does_not_even_hear_the_interrupt_is_killed(scene: Scene) -> None:
    agent = scene.use(FakeAgent([HALF, 100_000.0], deaf=True))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(SILENCE + course.WIND_DOWN - 1)
        assert not agent.kills
        await asyncio.sleep(2)
        assert scene.texts == [SAID + SILENT.format(5.0)]
        assert scene.state() is State.LOST
        await scene.say(2, "continue")
        await asyncio.sleep(1)
        assert scene.state() is State.IDLE
    assert scene.texts[1:] == ["Re: continue"]


async def test_each_event_gives_it_more_time(scene: Scene) -> None:
    agent = scene.use(FakeAgent([200.0, HALF, 200.0, HALF, 200.0, DONE]))
    await scene.say(1)
    await scene.serve_for(700)
    assert not agent.interrupts
    assert scene.fakes.chat.answered[0].outcome is Outcome.DONE


async def test_a_user_may_think_longer_than_an_agent(scene: Scene) -> None:
    agent = scene.use(FakeAgent([ask(1), 100_000.0]))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(3 * SILENCE)
        assert scene.state() is State.ASKING
        assert not agent.interrupts
        scene.mailbox.send(Tapped("n1", (0,)))
        await asyncio.sleep(SILENCE - 1)
        assert agent.interrupts == 0, "from the answer on it counts anew"
        await asyncio.sleep(2)
    assert scene.texts == [SILENT.format(5.0)]


async def test_a_slow_chat_is_no_silence_of_the_agent(scene: Scene) -> None:
    class Slow(FakeChat):
        async def ask(self, ask: Ask) -> int:
            await asyncio.sleep(2 * SILENCE)
            message = await super().ask(ask)
            scene.mailbox.send(Tapped(ask.nonce, (0,)))
            return message

    scene.fakes.chat = Slow()
    agent = scene.use(FakeAgent([ask(1), 10.0, DONE]))
    await scene.say(1)
    await scene.serve_for(3 * SILENCE)
    assert scene.texts == ["All of it."]
    assert not agent.interrupts


# Turns without end.


@pytest.mark.parametrize("own", [None, 2.0])
async def test_a_turn_has_a_longest_duration(scene: Scene, own: float | None) -> None:
    endless: list[Step] = [100.0, HALF]
    agent = scene.use(FakeAgent(endless * 1000))
    await scene.say(1)
    await scene.fakes.sessions.load(KEY, 1, Path("main"))
    await scene.fakes.sessions.set_minutes(KEY, own)
    longest = own * 60 if own else LONGEST
    async with scene.serving():
        await asyncio.sleep(longest - 1)
        assert not agent.interrupts
        await asyncio.sleep(2)
    assert scene.texts == [SAID + TOO_LONG.format(longest / 60)]


async def test_a_turn_that_ended_just_then_is_not_spoilt(scene: Scene) -> None:
    """What was done is done, though the interrupt was under way."""

    class Finishing(FakeAgent):
        async def interrupt(self) -> None:
            self.interrupts += 1

    agent = scene.use(Finishing([HALF, SILENCE + 1, DONE]))
    await scene.say(1)
    await scene.serve_for(SILENCE + 60)
    assert scene.fakes.chat.answered[0].outcome is Outcome.DONE
    assert (agent.interrupts, agent.kills) == (1, 0)


async def test_the_next_turn_is_not_hit_by_the_end_of_this_one(scene: Scene) -> None:
    agent = scene.use(FakeAgent([100_000.0], pace=60.0))
    await scene.say(1)
    await scene.say(2, "next")
    await scene.serve_for(SILENCE + 100)
    assert scene.texts == [SILENT.format(5.0), "Re: next"]
    assert (agent.interrupts, agent.kills) == (1, 0)


# A stop that is not obeyed.


async def test_a_stop_that_is_not_obeyed_kills_the_agent(scene: Scene) -> None:
    agent = scene.use(FakeAgent([HALF, 100_000.0], deaf=True))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(10)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(course.STOP - 1)
        assert scene.state() is State.STOPPING
        await asyncio.sleep(2)
        assert (agent.interrupts, agent.kills) == (1, 1)
        [answer] = scene.fakes.chat.answered
        assert (answer.outcome, answer.text) == (Outcome.STOPPED, SAID + "*Stopped.*")


async def test_one_that_is_obeyed_kills_nothing(scene: Scene) -> None:
    agent = scene.use(FakeAgent([100_000.0]))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(10)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(100)
    assert (agent.interrupts, agent.kills) == (1, 0)


# The states.


async def test_a_turn_asks_until_its_last_question_is_answered(scene: Scene) -> None:
    scene.use(FakeAgent([10.0, ask(1), ask(2), 100.0, DONE]))
    await scene.say(1)
    seen = []
    async with scene.serving():
        for signal in (None, None, Tapped("n2", (0,)), Tapped("other", (0,)), Tapped("n1", (0,))):
            if signal:
                scene.mailbox.send(signal)
            await asyncio.sleep(6)
            seen.append(scene.state())
        await asyncio.sleep(100)
        seen.append(scene.state())
    asking = [State.ASKING] * 3
    assert seen == [State.RUNNING, *asking, State.RUNNING, State.IDLE]


async def test_a_question_that_comes_while_it_stops_changes_nothing(scene: Scene) -> None:
    scene.use(FakeAgent([10.0, ask(1), 100.0, DONE], deaf=True))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(8)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(3)
        assert scene.fakes.chat.asked
        assert scene.state() is State.STOPPING
        scene.mailbox.send(Tapped("n1", (0,)))
        await asyncio.sleep(1)
        assert scene.state() is State.STOPPING
        await asyncio.sleep(10)
    assert scene.texts == ["*Stopped.*"]


async def test_an_agent_that_died_is_lost_until_the_next_message(scene: Scene) -> None:
    scene.use(FakeAgent([10.0, AgentError("It died.")], [10.0, DONE]))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(11)
        assert scene.state() is State.LOST
        assert scene.texts == ["It died."]
        await scene.say(2)
        await asyncio.sleep(5)
        assert scene.state() is State.RUNNING
        await asyncio.sleep(10)
        assert scene.state() is State.IDLE


async def test_a_lost_session_is_suspended_like_any_other(scene: Scene) -> None:
    scene.use(FakeAgent([AgentError("It died.")]))
    await scene.say(1)
    await scene.serve()
    assert scene.state() is State.SUSPENDED


# Steering.


async def test_a_waiting_message_can_be_given_to_the_running_turn(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=10.0))
    await scene.say(1, "do this")
    async with scene.serving():
        await asyncio.sleep(5)
        await scene.say(2, "and that")
        scene.mailbox.send(Steer(2))
        scene.mailbox.send(Steer(2))
        await asyncio.sleep(30)
    assert scene.texts == ["Re: do this + and that"]
    assert scene.fakes.inbox.finished == {1, 2}
    [first], [more] = agent.prompts, agent.steered
    assert (more.text, more.update_id, more.model) == ("and that", 2, first.model)
    assert more.uuid != first.uuid


async def test_a_message_that_the_agent_does_not_take_waits_on(scene: Scene) -> None:
    class Ending(FakeAgent):
        async def steer(self, prompt: object) -> bool:
            return False

    scene.use(Ending(pace=10.0))
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Steer(2))
        await asyncio.sleep(30)
    assert scene.texts == ["Re: first", "Re: second"]


async def test_nobody_pays_for_the_message_of_another(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=10.0))
    await scene.say(1, "Ada's")
    await scene.fakes.say(2, "Ben's", user=2)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Steer(2))
        await asyncio.sleep(30)
    assert scene.texts == ["Re: Ada's", "Re: Ben's"]
    assert not agent.steered


@pytest.mark.parametrize("update_id", [1, 3, 99])
async def test_only_what_waits_for_this_session_can_steer_it(scene: Scene, update_id: int) -> None:
    """The running message itself, one of another chat, one that never was."""
    agent = scene.use(FakeAgent(pace=10.0))
    await scene.say(1, "first")
    await scene.fakes.say(3, "elsewhere", chat=7)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Steer(update_id))
        await asyncio.sleep(30)
    assert scene.texts == ["Re: first"]
    assert not agent.steered


async def test_a_turn_that_is_stopping_takes_no_more(scene: Scene) -> None:
    agent = scene.use(FakeAgent([100.0], deaf=True))
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Stop(1))
        scene.mailbox.send(Steer(2))
        await asyncio.sleep(30)
    assert scene.texts == ["*Stopped.*", "Re: second"]
    assert not agent.steered
