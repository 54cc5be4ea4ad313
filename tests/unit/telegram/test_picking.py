"""/model, /effort and /why: a person chooses and always wins, and every choice can be explained."""

from dataclasses import replace

import pytest

from bridge.model import Climbed, SessionKey, Turn
from bridge.settings import Settings
from bridge.telegram import names
from bridge.telegram.commands import ACTIONS, BY_NAME, Context, Refusal
from budgets.model import Item, Tokens
from routing.model import Choice, Request, Seen
from tests.fakes import START, FakeEngine, FakeFolders, FakeHistories, Fakes

KEY = SessionKey(2, 0, "main")
REQUEST = Request("hi", 2, "member", START)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def context(current: Settings, fakes: Fakes) -> Context:
    """Ben, a member, asks."""
    return Context(
        user=2,
        key=KEY,
        argument="",
        settings=current,
        now=START,
        desk=fakes.desk(),
        engine=FakeEngine(),
        histories=FakeHistories(),
        folders=FakeFolders(),
        running=lambda _: None,
    )


async def ask(name: str, context: Context, argument: str = "") -> str:
    return (await BY_NAME[name].run(replace(context, argument=argument))).text


def pinned(fakes: Fakes) -> str | None:
    return fakes.sessions.known[KEY].pin


async def test_a_model_is_pinned_and_unpinned_before_the_first_message_too(
    context: Context, fakes: Fakes
) -> None:
    assert "`opus` answers here, whatever the rules say" in await ask("model", context, "opus")
    assert pinned(fakes) == "opus"
    assert "the rules choose the model again" in await ask("model", context, "auto")
    assert pinned(fakes) is None


async def test_the_beginning_of_a_name_is_enough(context: Context, fakes: Fakes) -> None:
    await ask("model", context, "Son")
    assert pinned(fakes) == "sonnet"


async def test_an_unknown_model_is_named_with_those_there_are(context: Context) -> None:
    with pytest.raises(Refusal, match="There is no model `gpt`"):
        await ask("model", context, "gpt")


async def test_the_choice_shows_what_each_is_for_and_costs(context: Context) -> None:
    reply = await BY_NAME["model"].run(context)
    assert "chosen by the rules" in reply.text
    assert "- **haiku**: quick questions, small changes, $0.10 read and $0.50 written" in reply.text
    assert reply.keyboard
    labels = [row[0]["text"] for row in reply.keyboard["inline_keyboard"]]
    assert labels == ["haiku", "sonnet", "opus", "✓ auto"]


async def test_a_button_pins_the_model_it_names(context: Context, fakes: Fakes) -> None:
    tapped = replace(context, argument=names.digest("sonnet"))
    await ACTIONS["model"].run(tapped)
    assert pinned(fakes) == "sonnet"
    with pytest.raises(Refusal, match="no longer in the settings"):
        await ACTIONS["model"].run(replace(context, argument="gone"))


async def test_the_effort_is_chosen_and_given_back(context: Context, fakes: Fakes) -> None:
    assert "the effort is `high`" in await ask("effort", context, "HIGH")
    assert fakes.sessions.known[KEY].effort == "high"
    await ask("effort", context, "auto")
    assert fakes.sessions.known[KEY].effort == ""
    with pytest.raises(Refusal, match="Choose one of `low`"):
        await ask("effort", context, "harder")


async def test_why_before_the_first_answer(context: Context) -> None:
    assert "Nothing was answered" in await ask("why", context)


async def test_why_tells_rule_reason_and_what_the_neighbours_would_have_cost(
    context: Context, fakes: Fakes
) -> None:
    turn = Turn(1, KEY, 2, 1, "haiku", START)
    choice = Choice("haiku", None, "no rule matched", seen=(Seen("long", "opus", "900 chars"),))
    await fakes.decisions.record(turn, REQUEST, choice)
    fakes.ledger.items = [Item("claude-haiku-5-5", Tokens(input=10_000, output=1_000), 1_500)]
    text = await ask("why", context)
    assert "**haiku** was chosen." in text
    assert "Because: no rule matched" in text
    assert "rule `long` would have chosen opus" in text
    assert "Cost: $0.0015" in text
    assert "With `sonnet` about $0.03" in text
    assert "opus` about" not in text


async def test_why_tells_the_steps_up(context: Context, fakes: Fakes) -> None:
    await fakes.decisions.record(
        Turn(1, KEY, 2, 1, "haiku", START), REQUEST, Choice("haiku", "small", "it has a word")
    )
    await fakes.decisions.climbed(1, Climbed("haiku", "sonnet", "the tests failed twice"))
    text = await ask("why", context)
    assert "Rule: `small`" in text
    assert "Then `sonnet` took over: the tests failed twice" in text
