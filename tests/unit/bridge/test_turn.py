"""One message, start to finish."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import AgentError, ChatError
from bridge.model import (
    AgentEvent,
    Answer,
    Completed,
    Inbound,
    Noticed,
    Outcome,
    Prompt,
    Started,
    Text,
    ToolResult,
)
from tests.fakes import FakeAgent, FakeChat, Step, settings
from tests.unit.bridge.message import ASK, DONE, HALF, KEY, TOOL, Alone, Message


@pytest.fixture
def scene(tmp_path: Path) -> Message:
    return Message(settings(tmp_path))


@pytest.fixture
async def hi(scene: Message) -> Inbound:
    return await scene.fakes.say(1, "hi")


async def test_the_steps_come_in_their_order(scene: Message, hi: Inbound) -> None:
    await scene.serve(hi)
    assert [call for call in scene.watch.calls if call != "clock.now"] == [
        "turns.answer",
        "ledger.usage",
        "turns.enter",
        "inbox.question",
        "decisions.record",
        "toll.begin",
        "chat.live",
        "files.fetch",
        "toll.end",
        "asks.expire",
        "ledger.turn_cost",
        "turns.close",
        "chat.answer",
        "turns.confirmed",
        "turns.delivered",
    ]
    assert not scene.undone


async def test_the_turn_can_spend_exactly_while_the_agent_runs(scene: Message, hi: Inbound) -> None:
    seen = []

    async def run(_: Prompt) -> AsyncGenerator[AgentEvent]:
        seen.append(scene.fakes.toll.spending[KEY].update_id)
        yield DONE

    await scene.serve_with(hi, Alone(run))
    assert seen == [1]
    assert scene.over()


async def test_the_prompt_carries_the_message_and_the_id_of_the_model(
    scene: Message, hi: Inbound
) -> None:
    await scene.serve(hi)
    [prompt] = scene.agent.prompts
    chosen = scene.fakes.decisions.made[1].choice.model
    assert (prompt.text, prompt.update_id, prompt.user) == ("hi", 1, 1)
    assert prompt.model == scene.settings.models[chosen].id


async def test_every_event_is_shown(scene: Message, hi: Inbound) -> None:
    await scene.serve(hi, HALF, TOOL, ToolResult("t1", ok=True, text=""), DONE)
    assert [len(p.steps) for p in scene.fakes.chat.shown] == [0, 1, 1, 1]
    assert scene.fakes.chat.shown[0].everything == "Half of it."


async def test_a_question_is_stored_before_it_is_asked(scene: Message, hi: Inbound) -> None:
    await scene.serve(hi, ASK, DONE)
    assert scene.fakes.chat.asked == [ASK.ask]
    asked = scene.watch.of("asks.open", "chat.ask", "asks.expire")
    assert asked == ["asks.open", "chat.ask", "asks.expire"]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ([HALF, TOOL, Text("m2", 0, "The rest."), DONE], "The rest."),
        ([DONE], "All of it."),
        ([HALF, TOOL, Completed(Outcome.DONE, "")], "Half of it."),
        ([Completed(Outcome.DONE, "")], "Done."),
    ],
)
async def test_the_answer_is_what_was_said_last(
    scene: Message, hi: Inbound, script: list[Step], text: str
) -> None:
    await scene.serve(hi, *script)
    assert scene.fakes.chat.texts() == [text]


async def test_the_session_remembers_the_turn(scene: Message, hi: Inbound) -> None:
    scene.fakes.ledger.settled = 4_200
    await scene.serve(hi, 90.0, DONE)
    after = scene.fakes.sessions.known[KEY]
    assert (after.claude_id, after.context_tokens) == ("c-1", 1000)
    assert (after.messages, after.cost, after.model) == (1, 4_200, "haiku")
    assert (after.active_at - after.started_at).total_seconds() == pytest.approx(90, abs=0.1)
    [answer] = scene.fakes.chat.answered
    assert answer.footer.startswith("haiku · 1 min 30 s · $")
    assert answer.message_id == hi.message_id


async def test_the_history_is_remembered_even_when_the_turn_breaks(
    scene: Message, hi: Inbound
) -> None:
    await scene.serve(hi, Started("c-7", "model"), AgentError("It died."))
    assert scene.fakes.sessions.known[KEY].claude_id == "c-7"


async def test_the_session_remembers_where_its_history_lies(scene: Message, hi: Inbound) -> None:
    session = await scene.claim()
    scene.fakes.sessions.known[KEY] = replace(session, claude_id="c-0", fork=True)
    end = Completed(Outcome.DONE, "All of it.", "c-1", home="h-1", last_entry="e-1")
    await scene.serve(hi, end)
    after = scene.fakes.sessions.known[KEY]
    assert (after.claude_id, after.home, after.last_entry, after.fork) == (
        "c-1", "h-1", "e-1", False,
    )  # fmt: skip
    second = await scene.fakes.say(2)
    await scene.serve(second, AgentError("It died before it told anything."))
    assert scene.fakes.sessions.known[KEY].home == "h-1"
    assert scene.fakes.sessions.known[KEY].last_entry == "e-1"


async def test_a_fork_that_broke_is_forked_again(scene: Message, hi: Inbound) -> None:
    session = await scene.claim()
    scene.fakes.sessions.known[KEY] = replace(session, claude_id="c-0", fork=True)
    await scene.serve(hi, Started("c-7", "model"), AgentError("It died."))
    after = scene.fakes.sessions.known[KEY]
    assert (after.claude_id, after.fork) == ("c-0", True)


async def test_what_the_user_should_know_is_said_beside_the_answer(
    scene: Message, hi: Inbound
) -> None:
    await scene.serve(hi, Noticed("A new history has begun."), DONE)
    assert scene.fakes.chat.said == [(KEY.place, "A new history has begun.")]
    assert scene.fakes.chat.texts() == ["All of it."]


async def test_a_notice_that_telegram_does_not_take_costs_no_answer(
    scene: Message, hi: Inbound
) -> None:
    scene.watch.faults["chat.say"] = [ChatError("Telegram is away.")]
    await scene.serve(hi, Noticed("A new history has begun."), DONE)
    assert scene.fakes.chat.texts() == ["All of it."]


async def test_messages_that_the_turn_absorbed_are_done_with_it(
    scene: Message, hi: Inbound
) -> None:
    for number in (2, 3):
        await scene.fakes.say(number)
    await scene.serve_with(hi, Alone(FakeAgent([DONE]).run, absorbed=(2, 3)))
    assert scene.fakes.inbox.finished == {1, 2, 3}
    assert scene.fakes.sessions.known[KEY].messages == 3
    assert len(scene.fakes.chat.answered) == 1


async def test_a_turn_can_be_stopped_until_it_is_closed_and_not_while_it_is_delivered(
    scene: Message, hi: Inbound
) -> None:
    seen = []

    class Chat(FakeChat):
        async def answer(self, answer: Answer, confirmed: Callable[[int], Awaitable[None]]) -> None:
            seen.append(work.entered)
            await super().answer(answer, confirmed)

    async def run(_: Prompt) -> AsyncGenerator[AgentEvent]:
        seen.append(work.entered)
        yield DONE

    work = Alone(run)
    scene.fakes.chat = Chat()
    await scene.serve_with(hi, work)
    assert seen == [True, False]


# Nothing runs where nothing should.


async def test_a_stored_answer_is_delivered_and_nothing_runs_again(
    scene: Message, hi: Inbound
) -> None:
    scene.fakes.chat.faults.append(ChatError("Telegram is away."))
    with pytest.raises(ChatError):
        await scene.serve(hi, HALF, DONE)
    assert scene.undone
    [stored] = scene.fakes.turns.answers.values()
    scene.watch.calls.clear()
    await scene.serve(hi)
    assert scene.fakes.chat.answered == [stored]
    assert not scene.agent.prompts
    assert scene.watch.calls == [
        "turns.answer", "chat.answer", "turns.confirmed", "turns.delivered",
    ]  # fmt: skip
    assert not scene.undone


async def test_a_refused_budget_is_a_sentence_and_no_work(scene: Message, hi: Inbound) -> None:
    scene.fakes.ledger.settled = 10**9
    await scene.serve(hi)
    [answer] = scene.fakes.chat.answered
    assert answer.outcome is Outcome.REFUSED
    assert "spent" in answer.text
    assert not answer.footer
    assert not scene.agent.prompts
    assert not scene.watch.of("toll.begin", "chat.live")
    assert scene.fakes.sessions.known[KEY].model is None, "it did not answer"
    assert not scene.undone


async def test_who_was_taken_off_the_list_gets_nothing(scene: Message) -> None:
    inbound = await scene.fakes.say(1, "hi", user=99)
    await scene.serve(inbound)
    assert not scene.agent.prompts
    assert not scene.fakes.chat.answered
    assert not scene.undone, "it would block the session"
