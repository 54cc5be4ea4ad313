"""What people meet when the money is gone: the whole app with the real Claude Code."""

from datetime import UTC, datetime
from pathlib import Path

from bridge.simulator.script import Say, Script, UseTool, When
from bridge.simulator.world import World
from budgets.gate import State
from budgets.model import Hold, Tokens
from tests.flow.stage import ADA, BO, Stage, staged

DOLLAR = 1_000_000
LONG = "x" * 28_000  # what the model writes costs, wherever it writes it: about 7,000 tokens
ENDLESS = [
    step
    for n in range(100)
    for step in (Say("Step done. "), UseTool("Glob", {"pattern": f"{n}{LONG}"}, chunk=4000))
]
SCRIPT = Script(When("endless", ENDLESS), otherwise=[Say("All is well.")])
BO_HAS_A_DOLLAR = """
[budgets.users.222]
day_usd = 1.00
[budgets.alerts]
at = [0.5]
"""
TWO_DOLLARS_AN_HOUR = """
[budgets.everyone]
hour_usd = 2.00
"""


async def spend(stage: Stage, amount: int, user: int = BO) -> None:
    """As if an earlier turn had."""
    ledger = stage.bridge.desk.ledger
    now = datetime.now(UTC)
    hold = Hold("earlier", 900_000, user, "main", "claude-opus-5-5", amount, now, chat=user)
    assert await ledger.hold(hold, []) is None
    await ledger.settle("earlier", amount, Tokens())


def count(stage: Stage, words: str, chat: int) -> int:
    return sum(words in text for text in stage.texts(chat))


async def fine(stage: Stage, times: int) -> None:
    """So many messages of Bo were answered."""
    await stage.until(lambda: count(stage, "All is well.", BO) == times)


async def test_a_turn_that_uses_the_budget_up_says_so_and_an_owner_can_grant_more(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, SCRIPT, BO_HAS_A_DOLLAR) as stage:
        await spend(stage, 950_000)
        stage.say("endless", BO)
        reset = await stage.answer("Send your message again then.", BO)
        assert "of $1.00 today" in reset["text"]
        assert "It resets at 00:00." in reset["text"]
        assert count(stage, "Step done.", BO) > 0, "what was done so far is told"
        assert "haiku · " in stage.texts(BO)[-1], "with what it cost"
        bill = stage.model.bill
        assert 950_000 + bill <= DOLLAR

        stage.say("and now?", BO)
        await stage.until(lambda: count(stage, "Send your message again then.", BO) == 2)
        await stage.tap("Bo has used up $", "Grant $1 more")
        granted = await stage.answer("Granted $1.00 to Bo.")
        assert "is left today" in granted["text"]
        assert "reply_markup" not in granted
        await stage.answer("Ada has granted you $1.00.", BO)
        stage.say("and now?", BO)
        await stage.answer("All is well.", BO)
        assert count(stage, " %). It resets at 00:00.", BO) == 1
        assert count(stage, "Bo has used up", ADA) == 0, "it was told once, and rewritten"


async def test_what_is_spent_is_told_once_even_over_a_restart(tmp_path: Path) -> None:
    world = World()
    for run in (1, 2):
        async with staged(tmp_path, SCRIPT, BO_HAS_A_DOLLAR, world) as stage:
            if run == 1:
                await spend(stage, 500_000)
            for number in range(2):
                stage.say(f"hello {number}", BO)
            await fine(stage, 2 * run)
    assert count(stage, "You have spent $0.50 of $1.00 today (50 %).", BO) == 1


async def test_the_gate_for_everyone_trips_once_and_opens_when_an_owner_says_so(
    tmp_path: Path,
) -> None:
    world = World()
    async with staged(tmp_path, SCRIPT, TWO_DOLLARS_AN_HOUR, world) as stage:
        await spend(stage, 1_999_000)
        stage.say("hi", BO)
        sentence = await stage.answer("nobody can go on until", BO)
        assert "Everyone together has spent $2.00 of $2.00 in the last hour" in sentence["text"]
        told = await stage.answer("the gate is closed for everyone")
        assert "Bo: $2.00, claude-opus-5-5" in told["text"]
        assert not stage.model.requests
    async with staged(tmp_path, SCRIPT, TWO_DOLLARS_AN_HOUR, world) as stage:
        stage.say("hi", ADA)
        await stage.answer("nobody can go on until")
        assert count(stage, "the gate is closed for everyone", ADA) == 1
        await stage.tap("the gate is closed for everyone", "Stay closed")
        await stage.answer("Ada has closed the gate for everyone")
        stage.say("hi", BO)
        await stage.answer("Ask them to open it", BO)
        await stage.tap("Ada has closed the gate for everyone", "Resume now")
        await stage.answer("The gate is open")
        stage.say("hi", BO)
        await stage.answer("All is well.", BO)
        assert count(stage, "the gate is closed for everyone", ADA) == 0


async def test_a_member_can_neither_grant_nor_open_the_gate(tmp_path: Path) -> None:
    async with staged(tmp_path, SCRIPT, TWO_DOLLARS_AN_HOUR) as stage:
        stage.say("/grant Bo 5", BO)
        await stage.answer("Only an owner", BO)
        stage.say("/gate", ADA)
        await stage.tap("The gate is open", "Close")
        stage.say("/gate", BO)
        await stage.until(lambda: count(stage, "Only an owner", BO) == 2 or None)
        gate = await stage.bridge.desk.ledger.gate(datetime.now(UTC))
        assert (gate.state, gate.by) == (State.SHUT, ADA)
        assert not stage.model.requests
