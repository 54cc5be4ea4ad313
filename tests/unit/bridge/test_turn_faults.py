"""One message, whatever goes wrong on the way: it is answered once, or it is still undone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge import turn
from bridge.errors import AgentError, ChatError, ChatGone, Fenced, StoreError
from bridge.insist import PAUSES
from bridge.model import (
    AgentEvent,
    Completed,
    Inbound,
    Mode,
    Outcome,
    Prompt,
)
from bridge.ports import Live
from bridge.work import BROKEN
from tests.fakes import FakeAgent, FakeChat, Step, settings
from tests.unit.bridge.message import ASK, DONE, HALF, KEY, TOOL, Alone, Message


@pytest.fixture
def scene(tmp_path: Path) -> Message:
    return Message(settings(tmp_path))


@pytest.fixture
async def hi(scene: Message) -> Inbound:
    return await scene.fakes.say(1, "hi")


# The bridge ends in the middle.


async def test_a_shutdown_leaves_the_message_undone_and_ends_the_run(
    scene: Message, hi: Inbound
) -> None:
    await scene.cut(hi, HALF, ASK, 1000.0, DONE)
    assert scene.undone
    assert not scene.fakes.turns.answers
    assert scene.over()


async def test_a_turn_cut_before_any_tool_runs_again(scene: Message, hi: Inbound) -> None:
    await scene.cut(hi, HALF, 1000.0, DONE)
    [before] = scene.agent.prompts
    await scene.serve(hi, HALF, DONE)
    [again] = scene.agent.prompts
    assert again.uuid != before.uuid, "Claude Code takes each only once"
    assert scene.fakes.chat.texts() == ["Half of it."]
    assert not scene.undone


async def test_a_turn_cut_after_a_tool_is_told_and_not_run(scene: Message, hi: Inbound) -> None:
    await scene.cut(hi, HALF, TOOL, 1000.0, DONE)
    await scene.serve(hi)
    assert not scene.agent.prompts
    [answer] = scene.fakes.chat.answered
    assert answer.outcome is Outcome.LOST
    assert "continue" in answer.text
    assert not scene.undone


# Failures.

SAID = "Half of it.\n\n"


@pytest.mark.parametrize(
    ("end", "outcome", "text"),
    [
        (Completed(Outcome.FAILED, "Too long."), Outcome.FAILED, f"{SAID}Too long."),
        (Completed(Outcome.STOPPED, ""), Outcome.STOPPED, f"{SAID}*Stopped.*"),
        (AgentError("It was killed."), Outcome.FAILED, f"{SAID}It was killed."),
        (ValueError("secret detail"), Outcome.FAILED, SAID + BROKEN),
    ],
)
async def test_a_failure_is_one_sentence_after_what_was_said(
    scene: Message, hi: Inbound, end: Step, outcome: Outcome, text: str
) -> None:
    await scene.serve(hi, HALF, end)
    [answer] = scene.fakes.chat.answered
    assert (answer.outcome, answer.text) == (outcome, text)
    assert not scene.undone
    assert scene.over()


async def test_an_agent_that_just_ends_is_a_failure(scene: Message, hi: Inbound) -> None:
    await scene.serve(hi, HALF)
    assert scene.fakes.chat.answered[0].outcome is Outcome.FAILED


async def test_a_question_that_cannot_be_asked_fails_the_turn(scene: Message, hi: Inbound) -> None:
    scene.watch.faults["chat.ask"] = [ChatError("Telegram did not take the question.")]
    await scene.serve(hi, HALF, ASK, 1000.0, DONE)
    assert scene.fakes.chat.texts() == [f"{SAID}Telegram did not take the question."]
    assert scene.over()


async def test_a_view_that_breaks_at_the_end_costs_no_answer(scene: Message, hi: Inbound) -> None:
    class Breaking(FakeChat):
        @asynccontextmanager
        async def live(self, inbound: Inbound, mode: Mode) -> AsyncIterator[Live]:
            async with super().live(inbound, mode) as live:
                yield live
            raise ValueError("while it was taken down")

    scene.fakes.chat = Breaking()
    await scene.serve(hi, DONE)
    assert scene.fakes.chat.texts() == ["All of it."]


STORE = [
    "turns.answer",
    "ledger.usage",
    "turns.enter",
    "decisions.record",
    "turns.touch",
    "asks.open",
]


@pytest.mark.parametrize("call", STORE)
async def test_a_store_that_fails_confirms_nothing(scene: Message, hi: Inbound, call: str) -> None:
    scene.watch.faults[call] = [StoreError("The disk is full.")]
    with pytest.raises(StoreError):
        await scene.serve(hi, TOOL, ASK, DONE)
    assert scene.undone
    assert not scene.fakes.turns.answers
    assert not scene.fakes.chat.answered
    assert not scene.agent.busy
    assert not scene.fakes.toll.spending
    assert not scene.fakes.chat.views
    await scene.serve(hi)
    assert len(scene.fakes.chat.answered) == 1
    assert not scene.undone


AFTER_THE_WORK = ["ledger.turn_cost", "turns.close"]


@pytest.mark.parametrize("call", AFTER_THE_WORK)
async def test_a_turn_that_is_paid_for_does_not_run_again_because_the_disk_is_busy(
    scene: Message, hi: Inbound, call: str
) -> None:
    scene.watch.faults[call] = [StoreError("The disk is busy.")] * len(PAUSES)
    await scene.serve(hi, DONE)
    assert len(scene.agent.prompts) == 1
    assert scene.fakes.chat.texts() == ["All of it."]
    assert 55 < asyncio.get_running_loop().time() < 65


@pytest.mark.parametrize("call", AFTER_THE_WORK)
async def test_a_store_that_stays_broken_confirms_nothing(
    scene: Message, hi: Inbound, call: str
) -> None:
    scene.watch.faults[call] = [StoreError("The disk is full.")] * (len(PAUSES) + 1)
    with pytest.raises(StoreError):
        await scene.serve(hi, DONE)
    assert scene.undone
    assert scene.over()
    assert not scene.fakes.turns.answers
    assert not scene.fakes.chat.answered


async def test_questions_that_cannot_be_closed_cost_no_answer(scene: Message, hi: Inbound) -> None:
    scene.watch.faults["asks.expire"] = [StoreError("The disk is busy.")]
    await scene.serve(hi, DONE)
    assert scene.fakes.chat.texts() == ["All of it."]


async def test_a_confirmation_that_is_not_stored_is_repeated_with_the_same_answer(
    scene: Message, hi: Inbound
) -> None:
    scene.watch.faults["turns.delivered"] = [StoreError("The disk is full.")]
    with pytest.raises(StoreError):
        await scene.serve(hi, DONE)
    assert scene.undone
    await scene.serve(hi)
    assert not scene.agent.prompts
    assert scene.fakes.chat.texts() == ["All of it."] * 2, "twice is better than not at all"


async def test_a_server_that_was_replaced_commits_nothing(scene: Message, hi: Inbound) -> None:
    async def run(_: Prompt) -> AsyncGenerator[AgentEvent]:
        await scene.claim()  # by another server
        yield DONE

    with pytest.raises(Fenced):
        await scene.serve_with(hi, Alone(run))
    assert scene.undone
    assert not scene.fakes.turns.answers
    assert not scene.fakes.chat.answered
    assert scene.fakes.sessions.known[KEY].messages == 0
    assert scene.over()


async def test_a_server_that_was_replaced_before_it_began_commits_nothing(
    scene: Message, hi: Inbound
) -> None:
    old = await scene.claim()
    await scene.claim()  # by another server
    with pytest.raises(Fenced):
        await turn.serve(hi, old, Alone(FakeAgent().run), scene.fakes.desk(), scene.settings)
    assert scene.undone
    assert not scene.fakes.chat.answered


# Delivery.


async def test_a_chat_that_is_gone_ends_the_message(scene: Message, hi: Inbound) -> None:
    scene.fakes.chat.faults.append(ChatGone("The bot was blocked."))
    await scene.serve(hi)
    assert 1 in scene.fakes.turns.done
    assert not scene.undone


async def test_an_answer_that_breaks_the_chat_does_not_block_the_session(
    scene: Message, hi: Inbound
) -> None:
    scene.fakes.chat.faults.append(ValueError("in the renderer"))
    await scene.serve(hi)
    assert scene.fakes.chat.said == [(KEY.place, turn.UNSHOWN)]
    assert not scene.undone


@pytest.mark.parametrize("end", [DONE, AgentError("x"), ValueError("x"), 1000.0])
@pytest.mark.parametrize("fault", [None, "toll.end"])
async def test_whatever_ends_a_turn_its_charging_and_its_questions_end_with_it(
    scene: Message, hi: Inbound, end: Step, fault: str | None
) -> None:
    if fault:
        scene.watch.faults[fault] = [RuntimeError("x")]
    serving = asyncio.create_task(scene.serve(hi, HALF, ASK, end))
    await asyncio.sleep(60)
    serving.cancel()
    await asyncio.wait({serving})
    ends = scene.watch.of("toll.begin", "toll.end", "asks.expire")
    assert ends == ["toll.begin", "toll.end", "asks.expire"]
    assert not scene.fakes.asks.open_
    assert serving.cancelled() or bool(serving.exception()) == bool(fault)
