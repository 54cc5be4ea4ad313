"""A larger model takes a running turn over: on evidence, within its means, told to its user."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.model import AgentEvent, Climbed, Inbound, Prompt, ToolResult, ToolUse
from bridge.settings import Settings
from budgets.gate import State
from budgets.model import Limit, Usage
from tests.fakes import settings
from tests.unit.bridge.message import DONE, KEY, Alone, Message

SONNET = "claude-sonnet-5-5"
STEP = Climbed("haiku", "sonnet", "the model asked for help")


@pytest.fixture
def scene(tmp_path: Path) -> Message:
    return Message(settings(tmp_path))


@pytest.fixture
async def hi(scene: Message) -> Inbound:
    return await scene.fakes.say(1, "hi")


def escalating(settings: Settings, **changes: object) -> Settings:
    escalate = settings.routing.escalate.model_copy(update=changes)
    routing = settings.routing.model_copy(update={"escalate": escalate})
    return settings.model_copy(update={"routing": routing})


async def asking(scene: Message, inbound: Inbound, times: int = 1) -> list[str]:
    """What a model is told that calls the tool `escalate`, so many times."""
    told: list[str] = []

    async def run(prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        assert prompt.climb
        told.extend([await prompt.climb("two failures", "a and b") for _ in range(times)])
        yield DONE

    await scene.serve_with(inbound, Alone(run, agent=scene.agent))
    return told


async def test_a_model_that_asks_for_help_is_relieved(scene: Message, hi: Inbound) -> None:
    [told] = await asking(scene, hi)
    assert told.startswith("sonnet takes over from here on")
    assert scene.agent.switched == [SONNET]
    assert scene.fakes.decisions.made[1].climbed == (STEP,)
    assert scene.fakes.chat.shown[-1].model == "sonnet"
    [answer] = scene.fakes.chat.answered
    assert answer.footer.startswith("haiku → sonnet · ")
    assert scene.fakes.sessions.known[KEY].model == "sonnet"


async def test_a_turn_steps_up_as_often_as_is_declared(scene: Message, hi: Inbound) -> None:
    first, second = await asking(scene, hi, times=2)
    assert "takes over" in first
    assert second.startswith("Nobody can take over: a turn may step up once.")
    assert scene.agent.switched == [SONNET]


async def test_the_same_call_three_times_brings_a_larger_model(scene: Message, hi: Inbound) -> None:
    calls = [
        event
        for number in range(3)
        for event in (
            ToolUse(f"t{number}", "Bash", {"command": "ls"}),
            ToolResult(f"t{number}", ok=True, text=""),
        )
    ]
    await scene.serve(hi, *calls, DONE)
    assert scene.agent.switched == [SONNET]
    assert scene.fakes.decisions.made[1].climbed[0].why == "it did the same thing three times"


async def test_evidence_that_is_not_declared_changes_nothing(scene: Message, hi: Inbound) -> None:
    scene.settings = escalating(scene.settings, on=("asked",))
    failing = [
        event
        for number in range(4)
        for event in (
            ToolUse(f"t{number}", "Bash", {"command": f"step {number}"}),
            ToolResult(f"t{number}", ok=False, text="no"),
        )
    ]
    await scene.serve(hi, *failing, DONE)
    assert scene.agent.switched == []


@pytest.mark.parametrize(("denied", "switched"), [(False, [SONNET]), (True, [])])
async def test_that_its_user_says_no_is_no_error_of_the_model(
    scene: Message, hi: Inbound, *, denied: bool, switched: list[str]
) -> None:
    calls = [
        event
        for number in range(3)
        for event in (
            ToolUse(f"t{number}", "Bash", {"command": f"make test{number}"}),
            ToolResult(f"t{number}", ok=False, text="no", denied=denied),
        )
    ]
    await scene.serve(hi, *calls, DONE)
    assert scene.agent.switched == switched


async def test_a_step_that_the_budget_does_not_hold_is_not_taken(
    scene: Message, hi: Inbound
) -> None:
    scene.fakes.toll.tokens = 100_000
    scene.fakes.ledger.settled = 900_000
    [told] = await asking(scene, hi)
    assert told.startswith(
        "Nobody can take over: sonnet might need $0.56 at once, and $0.10 is left"
    )
    assert scene.agent.switched == []


async def test_while_only_the_smallest_model_may_work_nobody_takes_over(
    scene: Message, hi: Inbound
) -> None:
    usage = scene.fakes.ledger.usage

    async def small(user: int, limits: list[Limit]) -> list[Usage]:
        return [replace(each, gate=State.SMALL) for each in await usage(user, limits)]

    scene.fakes.ledger.usage = small  # type: ignore[method-assign, assignment]
    [told] = await asking(scene, hi)
    assert told.startswith("Nobody can take over")


async def test_a_model_that_cannot_be_reached_leaves_the_old_one_and_says_so(
    scene: Message, hi: Inbound
) -> None:
    scene.agent.missing.add(SONNET)
    [told] = await asking(scene, hi)
    assert told.startswith("Nobody can take over: sonnet could not be reached.")
    [(_, said)] = scene.fakes.chat.said
    assert said.startswith("sonnet could not take over, so haiku goes on.")
    assert scene.fakes.decisions.made[1].climbed == ()
    assert scene.fakes.chat.answered[0].footer.startswith("haiku · ")


@pytest.mark.parametrize(
    "changes", [{"on": ("error",)}, {"max_steps": 0}, {"how": "advisor"}, {"ladder": ("haiku",)}]
)
async def test_the_tool_is_offered_only_where_a_step_is_possible(
    scene: Message, hi: Inbound, changes: dict[str, object]
) -> None:
    scene.settings = escalating(scene.settings, **changes)
    await scene.serve(hi)
    assert scene.agent.prompts[0].climb is None


async def test_a_pinned_model_is_not_relieved(scene: Message, hi: Inbound) -> None:
    await scene.claim()
    await scene.fakes.sessions.set_pin(KEY, "haiku")
    await scene.serve(hi)
    assert scene.agent.prompts[0].climb is None


async def test_an_answer_that_was_not_good_enough_is_asked_of_the_next_model(
    scene: Message, hi: Inbound
) -> None:
    await scene.serve(hi)
    again = await scene.fakes.say(2, "hi")
    await scene.serve(replace(again, judges=1))
    assert scene.fakes.decisions.made[2].choice.model == "sonnet"
    assert scene.agent.prompts[0].model == SONNET
