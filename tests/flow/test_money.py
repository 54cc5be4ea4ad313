"""The ledger is the bill: what the simulated API charged the real Claude Code, all of it.

Where streams ended normally the two are the same to the micro-dollar; where one was cut, the
ledger is never below, and what it says more is what nobody could know.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.simulator.billing import Entry
from bridge.simulator.script import (
    Drop,
    Fail,
    Say,
    Script,
    Stall,
    Step,
    Stop,
    Think,
    UseTool,
    When,
)
from bridge.simulator.talk import Talk
from budgets.model import Hold, Limit, Scope, Tokens, Window
from budgets.money import usd
from tests.flow.stage import BO, Stage, staged

DOLLAR = 1_000_000
EVER = Window(Scope.MONTH, datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
LOOK = UseTool("Glob", {"pattern": "*"})
CENT = UseTool("Glob", {"pattern": "x" * 60_000}, chunk=4_000)  # 15,000 tokens: $0.0075 and more
DONE = "All is done."
END = "Send your message again then."
AGENTS = 'tools = ["Agent", "Read", "Glob", "Bash"]\n'  # in [claude]


UNWATCHED = "[routing.escalate]\non = []\n"  # the same tool again and again is no reason to climb
MODELS = ("haiku", "sonnet", "opus")


def day(dollars: float) -> str:
    return f"[budgets.users.222]\nday_usd = {dollars}\n"


async def paid(stage: Stage) -> int:
    """All that was ever charged. Nothing is held any more."""
    (used,) = await stage.bridge.desk.ledger.usage(BO, [Limit(EVER, None)])
    assert used.held == 0
    return used.settled


async def charged(stage: Stage) -> int:
    """By the API, when it has noticed that nobody listens any more."""
    await stage.until(lambda: all(entry.status for entry in stage.model.requests))
    return stage.model.bill


async def spend(stage: Stage, amount: int) -> None:
    """As if an earlier turn had."""
    ledger = stage.bridge.desk.ledger
    hold = Hold("earlier", 900_000, BO, "main", "claude-haiku-5-5", amount, datetime.now(UTC))
    assert await ledger.hold(hold, []) is None
    await ledger.settle("earlier", amount, Tokens())


def work(stage: Stage) -> list[Entry]:
    """The requests that were answered in full."""
    return [one for one in stage.model.requests if one.status == 200 and not one.cut]


@pytest.mark.parametrize(
    "steps",
    [
        [Think("Hm."), LOOK, LOOK, Say(DONE)],
        [(LOOK, LOOK, LOOK), Say(DONE)],
        [Fail(529, times=2), LOOK, Fail(500, "api_error", "Boom"), Say(DONE)],
        [Say("Half"), Stop("max_tokens"), Say("of it. "), Stop("max_tokens"), Say(DONE)],
    ],
    ids=["tools", "parallel tools", "errors before an answer", "cut by max_tokens"],
)
async def test_streams_that_ended_cost_to_the_micro_dollar_what_the_api_says(
    tmp_path: Path, steps: list[Step]
) -> None:
    async with staged(tmp_path, Script(otherwise=steps), day(1.00)) as stage:
        stage.say("go", BO)
        await stage.answer(DONE, BO)
        assert await paid(stage) == await charged(stage) > 0


async def test_subagents_side_by_side_cost_to_the_micro_dollar_what_the_api_says(
    tmp_path: Path,
) -> None:
    asked = {"description": "look", "prompt": "INNER", "subagent_type": "general-purpose"}
    agent = UseTool("Agent", asked)
    script = Script(When("INNER", [LOOK, Say("Looked.")]), otherwise=[(agent, agent), Say(DONE)])
    async with staged(tmp_path, script, AGENTS + day(1.00)) as stage:
        stage.say("go", BO)
        await stage.answer(DONE, BO)
        assert len(work(stage)) == 2 + 2 * 2
        assert await paid(stage) == await charged(stage)


async def test_a_compaction_costs_to_the_micro_dollar_what_the_api_says(tmp_path: Path) -> None:
    cents = iter([CENT] * 6)

    def answer(talk: Talk) -> list[Step]:
        """The count starts again in the middle."""
        return [*[LOOK] * talk.call, next(cents, Say(DONE))]

    async with staged(tmp_path, answer, day(1.00) + UNWATCHED) as stage:
        stage.say("go", BO)
        await stage.answer(DONE, BO)
        assert sum(summary(one) for one in stage.model.requests) == 1
        assert await paid(stage) == await charged(stage)


def summary(entry: Entry) -> bool:
    return b"Your task is to create a detailed summary" in entry.raw


async def test_an_answer_that_is_cut_by_its_length_four_times_is_paid_four_times(
    tmp_path: Path,
) -> None:
    short = "".join(f"[models.{name}]\noutput_tokens = 1000\n" for name in MODELS)
    script = Script(otherwise=[Say("word " * 2_800 + DONE)])
    async with staged(tmp_path, script, day(1.00) + short) as stage:
        stage.say("go", BO)
        await stage.answer(DONE, BO)
        assert [one.usage.output for one in work(stage)][:3] == [1000] * 3
        assert len(work(stage)) == 4
        assert await paid(stage) == await charged(stage)


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        (Say("All of it is here. "), Drop()),
        (Say("All of it is here. "), Fail(500, "api_error", "Boom")),
        (Think("Hm. " * 9), Drop()),
        (Think("Hm. " * 9), Fail(529)),
    ],
)
async def test_where_a_stream_was_cut_the_ledger_is_not_below_the_bill(
    tmp_path: Path, first: Step, fault: Step
) -> None:
    async with staged(tmp_path, Script(otherwise=[first, fault, Say(DONE)]), day(1.00)) as stage:
        stage.say("go", BO)
        await stage.answer(DONE, BO)
        assert [one.cut for one in stage.model.requests] == [True, False]
        bill = await charged(stage)
        assert bill < await paid(stage) < bill + 100, "but not by much"


async def test_what_a_user_stops_is_paid_as_far_as_it_came(tmp_path: Path) -> None:
    script = Script(otherwise=[Say("So far so good. "), Stall(3600)])
    async with staged(tmp_path, script, day(1.00)) as stage:
        stage.say("go", BO)
        await stage.draft("So far so good", BO)
        stage.say("/stop", BO)
        await stage.answer("Stopped.", BO)
        bill = await charged(stage)
        assert 0 < bill < await paid(stage) < bill + 100


async def test_a_loop_of_tools_that_never_ends_is_ended_by_the_limit_at_once(
    tmp_path: Path,
) -> None:
    """One refusal, after which nothing is asked again; what was done so far is told."""
    script = Script(otherwise=[Say("A step. "), *[LOOK] * 500])
    with capture_logs() as lines:
        async with staged(tmp_path, script, day(0.018) + UNWATCHED) as stage:
            stage.say("go", BO)
            end = (await stage.answer(END, BO))["text"]
            bill = await charged(stage)
            assert await paid(stage) == bill <= 18_000
            assert 1 < len(stage.model.requests) == len(work(stage)) < 500
    refused = [line["status"] for line in lines if line["event"] == "booth.refused"]
    assert refused == [402]
    assert "of $0.02 today." in end
    assert f"You have spent {usd(bill)} of" in end
    assert "It resets at 00:00." in end
    assert "A step." in "".join(stage.texts(BO))


async def test_with_five_cents_left_at_least_two_calls_of_a_cent_pass(tmp_path: Path) -> None:
    script = Script(otherwise=[CENT] * 500)
    async with staged(tmp_path, script, day(1.00) + UNWATCHED) as stage:
        await spend(stage, 950_000)
        stage.say("go", BO)
        await stage.answer(END, BO)
        cents = [one.cost for one in work(stage) if one.cost > 8_000]
        assert len(cents) >= 2
        assert 950_000 + await charged(stage) == await paid(stage) <= DOLLAR
