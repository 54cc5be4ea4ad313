"""/cost in the chat, and `tollbridge cost` beside the running bot."""

import csv
import re
from decimal import Decimal
from pathlib import Path

from bridge.simulator.script import Say, Script
from budgets.money import usd
from tests.flow.program import finished
from tests.flow.stage import BO, Json, Stage, staged


async def photo(stage: Stage, chat: int) -> Json:
    """The first one there."""
    found: Json = await stage.until(
        lambda: next((m for m in stage.heard(chat) if m.get("photo")), None)
    )
    return found


async def test_cost_is_a_text_with_the_amounts_and_then_a_photo(tmp_path: Path) -> None:
    async with staged(tmp_path, Script([Say("Hello.")])) as stage:
        stage.say("hi", BO)
        await stage.answer("Hello.", BO)
        stage.say("/cost", BO)
        shown = await photo(stage, BO)
        text = await stage.answer("Today", BO)
        assert stage.model.bill > 0
        file = stage.world.files.get(shown["photo"][-1]["file_id"])
    assert text["message_id"] < shown["message_id"]
    spent = usd(stage.model.bill)
    assert text["text"].startswith(f"Today {spent} · this month {spent}")
    assert re.search(r"Your day: \S+ of \$5.00, \S+ left, resets tomorrow at 00:00", text["text"])
    assert f"haiku: {spent}, 1 turn" in text["text"]
    assert f"main: {spent}" in text["text"]
    assert file
    assert file.data.startswith(b"\x89PNG")
    assert (shown["photo"][-1]["width"], shown["photo"][-1]["height"]) == (1000, 640)


async def test_the_program_tells_the_same_while_the_bot_runs(tmp_path: Path) -> None:
    async with staged(tmp_path, Script([Say("Hello.")])) as stage:
        stage.say("hi", BO)
        await stage.answer("Hello.", BO)
        given = {
            "TOLLBRIDGE_SETTINGS": str(tmp_path / "settings.toml"),
            "TOLLBRIDGE_STORE__URL": stage.settings.store.url,
        }
        code, output = await finished("cost", "--csv", folder=tmp_path, environ=given)
        (row,) = csv.DictReader(output.splitlines())
        assert code == 0
        assert (row["user"], row["session"], row["turns"]) == (str(BO), "main", "1")
        assert Decimal(row["usd"]) * 1_000_000 == stage.model.bill
