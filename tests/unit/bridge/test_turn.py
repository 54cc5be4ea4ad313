"""One message, start to finish, whatever happens on the way."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import pytest

from bridge import turn
from bridge.errors import AgentError, ChatError, ChatGone, Fenced, StoreError
from bridge.insist import PAUSES
from bridge.model import (
    AgentEvent,
    Answer,
    Ask,
    Asked,
    Completed,
    Inbound,
    Noticed,
    Outcome,
    Prompt,
    Session,
    SessionKey,
    Started,
    Text,
    ToolResult,
    ToolUse,
)
from bridge.ports import Live
from bridge.settings import Settings
from tests.fakes import FakeAgent, FakeChat, Fakes, Step, Watch, settings

KEY = SessionKey(1, 0, "main")
FOLDER = Path("main")
HALF = Text("m1", 0, "Half of it.")
TOOL = ToolUse("t1", "Bash", {"command": "ls"})
DONE = Completed(Outcome.DONE, "All of it.", "c-1", 1000)
ASK = Asked(Ask("n1", KEY, 1, 1, "Bash", "ls", ("Allow", "Deny")))


@dataclass
class Alone:
    """`turn.Work` without signals and without a watchdog."""

    run: Callable[[Prompt], AsyncGenerator[AgentEvent]]
    absorbed: Sequence[int] = ()
    entered: bool = False

    def __enter__(self) -> Self:
        self.entered = True
        return self

    def __exit__(self, *_: object) -> None:
        self.entered = False


@dataclass
class Scene:
    settings: Settings
    fakes: Fakes = field(default_factory=Fakes)
    watch: Watch = field(default_factory=Watch)
    agent: FakeAgent = field(default_factory=FakeAgent)

    async def claim(self) -> Session:
        return await self.fakes.sessions.claim(KEY, 1, FOLDER)

    async def serve(self, inbound: Inbound, *script: Step) -> None:
        """As a server that has just been started does it; without a script the agent echoes."""
        self.agent = FakeAgent(script) if script else FakeAgent()
        await self.serve_with(inbound, Alone(self.agent.run))

    async def serve_with(self, inbound: Inbound, work: Alone) -> None:
        desk = self.watch.over(self.fakes.desk())
        await turn.serve(inbound, await self.claim(), work, desk, self.settings)

    async def cut(self, inbound: Inbound, *script: Step) -> None:
        """The bridge is ended a minute after it has begun to serve."""
        serving = asyncio.create_task(self.serve(inbound, *script))
        await asyncio.sleep(60)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    @property
    def undone(self) -> bool:
        return 1 not in self.fakes.inbox.finished

    def over(self) -> bool:
        """Nothing of a turn goes on."""
        fakes = self.fakes
        return not (self.agent.busy or fakes.toll.spending or fakes.asks.open_ or fakes.chat.views)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path))


@pytest.fixture
async def hi(scene: Scene) -> Inbound:
    return await scene.fakes.say(1, "hi")


async def test_the_steps_come_in_their_order(scene: Scene, hi: Inbound) -> None:
    await scene.serve(hi)
    assert [call for call in scene.watch.calls if call != "clock.now"] == [
        "turns.answer",
        "ledger.usage",
        "turns.enter",
        "decisions.record",
        "toll.begin",
        "chat.live",
        "toll.end",
        "asks.expire",
        "ledger.turn_cost",
        "turns.close",
        "chat.answer",
        "turns.delivered",
    ]
    assert not scene.undone


async def test_the_turn_can_spend_exactly_while_the_agent_runs(scene: Scene, hi: Inbound) -> None:
    seen = []

    async def run(_: Prompt) -> AsyncGenerator[AgentEvent]:
        seen.append(scene.fakes.toll.spending[KEY].update_id)
        yield DONE

    await scene.serve_with(hi, Alone(run))
    assert seen == [1]
    assert scene.over()


async def test_the_prompt_carries_the_message_and_the_id_of_the_model(
    scene: Scene, hi: Inbound
) -> None:
    await scene.serve(hi)
    [prompt] = scene.agent.prompts
    chosen = scene.fakes.decisions.made[1][2].model
    assert (prompt.text, prompt.update_id, prompt.user) == ("hi", 1, 1)
    assert prompt.model == scene.settings.models[chosen].id


async def test_every_event_is_shown(scene: Scene, hi: Inbound) -> None:
    await scene.serve(hi, HALF, TOOL, ToolResult("t1", ok=True, text=""), DONE)
    assert [len(p.steps) for p in scene.fakes.chat.shown] == [0, 1, 1, 1]
    assert scene.fakes.chat.shown[0].everything == "Half of it."


async def test_a_question_is_stored_before_it_is_asked(scene: Scene, hi: Inbound) -> None:
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
    scene: Scene, hi: Inbound, script: list[Step], text: str
) -> None:
    await scene.serve(hi, *script)
    assert scene.fakes.chat.texts() == [text]


async def test_the_session_remembers_the_turn(scene: Scene, hi: Inbound) -> None:
    scene.fakes.ledger.settled = 4_200
    await scene.serve(hi, 90.0, DONE)
    after = scene.fakes.sessions.known[KEY]
    assert (after.claude_id, after.context_tokens) == ("c-1", 1000)
    assert (after.messages, after.cost, after.model) == (1, 4_200, "haiku")
    assert (after.active_at - after.started_at).total_seconds() == pytest.approx(90, abs=0.1)
    [answer] = scene.fakes.chat.answered
    assert answer.footer.startswith("haiku · 90 s · $")
    assert answer.message_id == hi.message_id


async def test_the_history_is_remembered_even_when_the_turn_breaks(
    scene: Scene, hi: Inbound
) -> None:
    await scene.serve(hi, Started("c-7", "model"), AgentError("It died."))
    assert scene.fakes.sessions.known[KEY].claude_id == "c-7"


async def test_the_session_remembers_where_its_history_lies(scene: Scene, hi: Inbound) -> None:
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


async def test_a_fork_that_broke_is_forked_again(scene: Scene, hi: Inbound) -> None:
    session = await scene.claim()
    scene.fakes.sessions.known[KEY] = replace(session, claude_id="c-0", fork=True)
    await scene.serve(hi, Started("c-7", "model"), AgentError("It died."))
    after = scene.fakes.sessions.known[KEY]
    assert (after.claude_id, after.fork) == ("c-0", True)


async def test_what_the_user_should_know_is_said_beside_the_answer(
    scene: Scene, hi: Inbound
) -> None:
    await scene.serve(hi, Noticed("A new history has begun."), DONE)
    assert scene.fakes.chat.said == [(KEY.place, "A new history has begun.")]
    assert scene.fakes.chat.texts() == ["All of it."]


async def test_a_notice_that_telegram_does_not_take_costs_no_answer(
    scene: Scene, hi: Inbound
) -> None:
    scene.watch.faults["chat.say"] = [ChatError("Telegram is away.")]
    await scene.serve(hi, Noticed("A new history has begun."), DONE)
    assert scene.fakes.chat.texts() == ["All of it."]


async def test_messages_that_the_turn_absorbed_are_done_with_it(scene: Scene, hi: Inbound) -> None:
    for number in (2, 3):
        await scene.fakes.say(number)
    await scene.serve_with(hi, Alone(FakeAgent([DONE]).run, absorbed=(2, 3)))
    assert scene.fakes.inbox.finished == {1, 2, 3}
    assert scene.fakes.sessions.known[KEY].messages == 3
    assert len(scene.fakes.chat.answered) == 1


async def test_a_turn_can_be_stopped_until_it_is_closed_and_not_while_it_is_delivered(
    scene: Scene, hi: Inbound
) -> None:
    seen = []

    class Chat(FakeChat):
        async def answer(self, answer: Answer) -> None:
            seen.append(work.entered)
            await super().answer(answer)

    async def run(_: Prompt) -> AsyncGenerator[AgentEvent]:
        seen.append(work.entered)
        yield DONE

    work = Alone(run)
    scene.fakes.chat = Chat()
    await scene.serve_with(hi, work)
    assert seen == [True, False]


# Nothing runs where nothing should.


async def test_a_stored_answer_is_delivered_and_nothing_runs_again(
    scene: Scene, hi: Inbound
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
    assert scene.watch.calls == ["turns.answer", "chat.answer", "turns.delivered"]
    assert not scene.undone


async def test_a_refused_budget_is_a_sentence_and_no_work(scene: Scene, hi: Inbound) -> None:
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


async def test_who_was_taken_off_the_list_gets_nothing(scene: Scene) -> None:
    inbound = await scene.fakes.say(1, "hi", user=99)
    await scene.serve(inbound)
    assert not scene.agent.prompts
    assert not scene.fakes.chat.answered
    assert not scene.undone, "it would block the session"


# The bridge ends in the middle.


async def test_a_shutdown_leaves_the_message_undone_and_ends_the_run(
    scene: Scene, hi: Inbound
) -> None:
    await scene.cut(hi, HALF, ASK, 1000.0, DONE)
    assert scene.undone
    assert not scene.fakes.turns.answers
    assert scene.over()


async def test_a_turn_cut_before_any_tool_runs_again(scene: Scene, hi: Inbound) -> None:
    await scene.cut(hi, HALF, 1000.0, DONE)
    [before] = scene.agent.prompts
    await scene.serve(hi, HALF, DONE)
    [again] = scene.agent.prompts
    assert again.uuid != before.uuid, "Claude Code takes each only once"
    assert scene.fakes.chat.texts() == ["Half of it."]
    assert not scene.undone


async def test_a_turn_cut_after_a_tool_is_told_and_not_run(scene: Scene, hi: Inbound) -> None:
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
        (ValueError("secret detail"), Outcome.FAILED, SAID + turn.BROKEN),
    ],
)
async def test_a_failure_is_one_sentence_after_what_was_said(
    scene: Scene, hi: Inbound, end: Step, outcome: Outcome, text: str
) -> None:
    await scene.serve(hi, HALF, end)
    [answer] = scene.fakes.chat.answered
    assert (answer.outcome, answer.text) == (outcome, text)
    assert not scene.undone
    assert scene.over()


async def test_an_agent_that_just_ends_is_a_failure(scene: Scene, hi: Inbound) -> None:
    await scene.serve(hi, HALF)
    assert scene.fakes.chat.answered[0].outcome is Outcome.FAILED


async def test_a_question_that_cannot_be_asked_fails_the_turn(scene: Scene, hi: Inbound) -> None:
    scene.watch.faults["chat.ask"] = [ChatError("Telegram did not take the question.")]
    await scene.serve(hi, HALF, ASK, 1000.0, DONE)
    assert scene.fakes.chat.texts() == [f"{SAID}Telegram did not take the question."]
    assert scene.over()


async def test_a_view_that_breaks_at_the_end_costs_no_answer(scene: Scene, hi: Inbound) -> None:
    class Breaking(FakeChat):
        @asynccontextmanager
        async def live(self, inbound: Inbound) -> AsyncIterator[Live]:
            async with super().live(inbound) as live:
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
async def test_a_store_that_fails_confirms_nothing(scene: Scene, hi: Inbound, call: str) -> None:
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
    scene: Scene, hi: Inbound, call: str
) -> None:
    scene.watch.faults[call] = [StoreError("The disk is busy.")] * len(PAUSES)
    await scene.serve(hi, DONE)
    assert len(scene.agent.prompts) == 1
    assert scene.fakes.chat.texts() == ["All of it."]
    assert 55 < asyncio.get_running_loop().time() < 65


@pytest.mark.parametrize("call", AFTER_THE_WORK)
async def test_a_store_that_stays_broken_confirms_nothing(
    scene: Scene, hi: Inbound, call: str
) -> None:
    scene.watch.faults[call] = [StoreError("The disk is full.")] * (len(PAUSES) + 1)
    with pytest.raises(StoreError):
        await scene.serve(hi, DONE)
    assert scene.undone
    assert scene.over()
    assert not scene.fakes.turns.answers
    assert not scene.fakes.chat.answered


async def test_questions_that_cannot_be_closed_cost_no_answer(scene: Scene, hi: Inbound) -> None:
    scene.watch.faults["asks.expire"] = [StoreError("The disk is busy.")]
    await scene.serve(hi, DONE)
    assert scene.fakes.chat.texts() == ["All of it."]


async def test_a_confirmation_that_is_not_stored_is_repeated_with_the_same_answer(
    scene: Scene, hi: Inbound
) -> None:
    scene.watch.faults["turns.delivered"] = [StoreError("The disk is full.")]
    with pytest.raises(StoreError):
        await scene.serve(hi, DONE)
    assert scene.undone
    await scene.serve(hi)
    assert not scene.agent.prompts
    assert scene.fakes.chat.texts() == ["All of it."] * 2, "twice is better than not at all"


async def test_a_server_that_was_replaced_commits_nothing(scene: Scene, hi: Inbound) -> None:
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
    scene: Scene, hi: Inbound
) -> None:
    old = await scene.claim()
    await scene.claim()  # by another server
    with pytest.raises(Fenced):
        await turn.serve(hi, old, Alone(FakeAgent().run), scene.fakes.desk(), scene.settings)
    assert scene.undone
    assert not scene.fakes.chat.answered


# Delivery.


async def test_a_chat_that_is_gone_ends_the_message(scene: Scene, hi: Inbound) -> None:
    scene.fakes.chat.faults.append(ChatGone("The bot was blocked."))
    await scene.serve(hi)
    assert 1 in scene.fakes.turns.confirmed
    assert not scene.undone


async def test_an_answer_that_breaks_the_chat_does_not_block_the_session(
    scene: Scene, hi: Inbound
) -> None:
    scene.fakes.chat.faults.append(ValueError("in the renderer"))
    await scene.serve(hi)
    assert scene.fakes.chat.said == [(KEY.place, turn.UNSHOWN)]
    assert not scene.undone


@pytest.mark.parametrize("end", [DONE, AgentError("x"), ValueError("x"), 1000.0])
@pytest.mark.parametrize("fault", [None, "toll.end"])
async def test_whatever_ends_a_turn_its_charging_and_its_questions_end_with_it(
    scene: Scene, hi: Inbound, end: Step, fault: str | None
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
