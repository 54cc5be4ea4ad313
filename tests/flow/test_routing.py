"""Which model answers, as the model itself sees it: rules, pins, steps up within a turn."""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path

from click.testing import CliRunner

from bridge import cli
from bridge.simulator.script import Say, Script, UseTool
from tests.flow.stage import Stage, staged

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
ESCALATE = "mcp__tollbridge__escalate"
HELP = UseTool(ESCALATE, {"reason": "two failed attempts", "tried": "a and b"})
FREE = "\napprove = []\n"  # goes on in [claude]
RULES = """
[routing.rules.plan]
priority = 10
when = { starts_with = ["/plan"], role = ["owner", "member"] }
use = "opus"
[routing.rules.big]
priority = 20
when = { words_any = ["refactor", "race condition"] }
use = "sonnet"
"""
LONG = """
[routing.rules.long]
priority = 30
when = { chars_over = 30, chars_under = 100 }
use = "opus"
observe = true
"""
HURRIED = """
[limits]
queue_per_user = 200
messages_per_hour = 1000
[telegram]
chat_per_second = 50
overall_per_second = 100
"""


def models(stage: Stage) -> list[str]:
    """Of each request that carried work, in their order."""
    return [request.model for request in stage.model.requests if request.body["max_tokens"] > 1]


async def test_a_model_that_asks_for_help_is_relieved_within_the_turn(tmp_path: Path) -> None:
    script = Script([Say("Too hard."), HELP, Say("Now I see it all.")])
    async with staged(tmp_path, script) as stage:
        stage.say("fix it")
        answer = await stage.answer("Now I see it all.")
        assert models(stage) == [HAIKU, SONNET]
        last = stage.model.requests[-1].body["messages"]
        assert "takes over from here on" in json.dumps(last)
        assert "haiku → sonnet · " in answer["text"]
        stage.say("/why")
        why = await stage.answer("was chosen")
    assert "Then sonnet took over: the model asked for help" in why["text"]


async def test_tests_that_fail_twice_bring_a_larger_model(tmp_path: Path) -> None:
    failing = UseTool("Bash", {"command": "make test"})
    script = Script([failing, failing, Say("It was the fixture.")])
    async with staged(tmp_path, script, FREE) as stage:
        stage.say("make the tests pass")
        await stage.answer("It was the fixture.")
        assert models(stage) == [HAIKU, HAIKU, SONNET]
        last = stage.model.requests[-1].body["messages"]
        assert json.dumps(last).count('"tool_result"') == 2, "it reads what was done before"


async def test_the_largest_model_and_a_pinned_one_are_not_offered_help(tmp_path: Path) -> None:
    script = Script([HELP, Say("On my own then.")], otherwise=[HELP, Say("Pinned, on my own.")])
    async with staged(tmp_path, script, RULES) as stage:
        stage.say("/plan it")
        await stage.answer("On my own then.")
        stage.say("/model haiku")
        await stage.answer("haiku answers here")
        stage.say("once more")
        await stage.answer("Pinned, on my own.")
        assert models(stage) == [OPUS, OPUS, HAIKU, HAIKU]


async def test_a_step_that_the_budget_does_not_hold_is_not_taken(tmp_path: Path) -> None:
    script = Script([HELP, Say("I do what I can.")])
    budget = "\n[budgets.users.111]\nday_usd = 0.05\n"
    async with staged(tmp_path, script, budget) as stage:
        stage.say("fix it")
        await stage.answer("I do what I can.")
        assert models(stage) == [HAIKU, HAIKU]
        assert "is left" in json.dumps(stage.model.requests[-1].body["messages"])


async def test_a_larger_model_that_fails_leaves_the_old_one_and_says_so(tmp_path: Path) -> None:
    script = Script([HELP, Say("Still me.")])
    async with staged(tmp_path, script, models=[HAIKU]) as stage:
        stage.say("fix it")
        await stage.answer("sonnet could not take over, so haiku goes on.")
        await stage.answer("Still me.")
        assert models(stage) == [HAIKU, HAIKU]


async def test_not_good_enough_asks_the_next_model(tmp_path: Path) -> None:
    script = Script([Say("Forty.")], [Say("Forty-two.")])
    async with staged(tmp_path, script) as stage:
        stage.say("what is it?")
        await stage.tap("Forty.", "Not good enough")
        answer = await stage.answer("Forty-two.")
        assert models(stage) == [HAIKU, SONNET]
    assert answer["text"].count("sonnet") == 1


async def test_a_warm_session_stays_with_the_larger_model_and_says_why(tmp_path: Path) -> None:
    script = Script(otherwise=[Say("Yes.")])
    async with staged(tmp_path, script, RULES) as stage:
        stage.say("refactor this")
        await stage.answer("Yes.")
        stage.say("thanks")
        await stage.until(lambda: sum("Yes." in text for text in stage.texts()) == 2)
        stage.say("/why")
        why = await stage.answer("kept while its cache is warm")
        assert models(stage) == [SONNET, SONNET]
    assert "the default would have chosen haiku" in why["text"]


async def test_a_hundred_messages_are_routed_recorded_and_charged_as_the_rules_say(
    tmp_path: Path,
) -> None:
    mix = {
        "hi": 45,
        "what is in this file of mine, please?": 40,
        "refactor this" + " and that" * 100: 9,
        "/plan the move": 6,
    }
    texts = [text for text, count in mix.items() for _ in range(count)]
    script = Script(otherwise=[Say("Done with it.")])
    async with staged(tmp_path, script, shipped() + LONG + HURRIED) as stage:
        for text in texts:
            stage.say(text)
        await stage.until(
            lambda: sum("Done with it." in text for text in stage.texts()) == len(texts), 120
        )
        assert Counter(models(stage)) == {HAIKU: 85, SONNET: 9, OPUS: 6}
        assert "/plan the" not in str(
            [request.body["messages"] for request in stage.model.requests]
        )
        charged = stage.model.bill
    figures = json.loads(await route(tmp_path, "stats", "--json"))
    assert {name: row["turns"] for name, row in figures["models"].items()} == {
        "haiku": 85, "sonnet": 9, "opus": 6,
    }  # fmt: skip
    assert figures["micro_usd"] == charged
    assert figures["observed"] == [{"rule": "long", "model": "opus", "turns": 40}]
    assert figures["off"] == []
    shown = await route(tmp_path, "stats")
    assert "85%" in shown
    other = tmp_path / "other.toml"
    other.write_text(stage_settings(tmp_path).replace('use = "sonnet"', 'use = "opus"'))
    replayed = await route(tmp_path, "replay", "--settings", str(other))
    assert replayed.count("sonnet → opus by rule big") == 9


def shipped() -> str:
    """What the file that people start with says about routing."""
    file = (Path(__file__).parents[2] / "settings.toml").read_text()
    section = file.partition("\n[routing]\n")[2].partition("\n# ── Money")[0]
    return f"\n[routing]\n{section}"


def stage_settings(folder: Path) -> str:
    return (folder / "settings.toml").read_text()


async def route(folder: Path, *arguments: str) -> str:
    """What the command prints; it has a loop of its own."""
    environ = {
        "TOLLBRIDGE_SETTINGS": str(folder / "settings.toml"),
        "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
    }
    command = partial(CliRunner().invoke, cli.main, ["route", *arguments], env=environ)
    result = await asyncio.to_thread(command)
    assert result.exit_code == 0, result.output
    return result.output
