"""The whole app on a Telegram that fails: every answer complete, in order, exactly once."""

from pathlib import Path

import pytest

from bridge.simulator.faults import Fault
from bridge.simulator.script import Say, Script, UseTool
from tests.flow.stage import ADA, Stage, staged

LONG = "\n\n".join(f"w{n} " + "word " * 90 for n in range(40))  # 18 KB: five messages
WORDS = LONG.split()
FAST = "[telegram]\nchat_per_second = 30\n"


def words(stage: Stage) -> list[str]:
    said = " ".join(stage.texts()).split()
    return [word for word in said if word.startswith("w")]


@pytest.mark.parametrize(
    "kinds",
    [
        ("lost_reply", "drop"),
        ("late_500", "500", "502"),
        ("429", "lost_reply", "429"),
    ],
)
async def test_an_answer_in_parts_comes_once(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    script = Script([Say("Hello.")], [Say(LONG, chunk=4000)], [Say("Next.")])
    async with staged(tmp_path, script, FAST) as stage:
        stage.say("hi")
        await stage.answer("Hello.")
        for kind in kinds:
            stage.world.faults.add(Fault("sendMessage", kind))
        stage.say("go")
        stage.say("and on")
        await stage.answer("Next.")
        assert words(stage) == WORDS


async def test_a_question_that_was_lost_on_the_way_is_asked_once(tmp_path: Path) -> None:
    script = Script([Say("Hello.")], [UseTool("Bash", {"command": "echo 1"}), Say("Ran.")])
    async with staged(tmp_path, script, FAST) as stage:
        stage.say("hi")
        await stage.answer("Hello.")
        stage.world.faults.add(Fault("sendMessage", "lost_reply", ADA))
        stage.say("go")
        await stage.tap("echo 1", "Allow")
        await stage.answer("Ran.")
        assert len([text for text in stage.texts() if "echo 1" in text]) == 1
