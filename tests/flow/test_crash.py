"""After a crash the user knows what happened and goes on with one tap."""

from pathlib import Path

from bridge.simulator.script import Say, Script, Step, UseTool, When
from bridge.simulator.talk import Talk
from bridge.simulator.world import World
from tests.flow.program import gone
from tests.flow.stage import ADA, Json
from tests.flow.test_program import in_the_middle, running, written


def go_on(talk: Talk) -> list[Step]:
    return [Say(f"Going on in turn {talk.turn} of this conversation.")]


async def test_continue_is_one_tap_and_the_history_is_intact(tmp_path: Path) -> None:
    world = World()
    step = UseTool("Bash", {"command": "echo 1 >> n; tail -f /dev/null"})
    script = Script(When("continue", go_on), When("talk", [Say("Words."), step]))
    async with running(tmp_path, world, script) as process:
        await in_the_middle(world, tmp_path)
        await written(tmp_path)
        process.kill()
        assert await gone(tmp_path, within=10)
    async with running(tmp_path, world, script):
        told = await world.wait(lambda: said(world, "interrupted"), 30)
        [[button]] = told["reply_markup"]["inline_keyboard"]
        assert button["text"] == "Continue"
        world.tap(ADA, ADA, told["message_id"], button["callback_data"])
        await world.wait(lambda: said(world, "Going on in turn 1 "), 30)


def said(world: World, words: str) -> Json:
    """{} while nobody has said it."""
    ours = [m for m in world.messages(ADA) if m["from"]["is_bot"]]
    return next((m for m in ours if words in m["text"]), {})
