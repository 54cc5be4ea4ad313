"""The owners are told when a model's share of the turns is not as expected."""

from pathlib import Path

import pytest

from bridge.census import Census
from bridge.model import SessionKey, Turn
from bridge.settings import Settings
from routing.model import Choice, Request
from tests.fakes import START, Fakes, settings

KEY = SessionKey(1, 0, "main")
EXPECT = "[routing.expect]\nhaiku = 0.8\ntolerance = 0.1\n"


class Scene:
    def __init__(self, current: Settings) -> None:
        self.fakes = Fakes()
        self.told: list[str] = []
        self.census = Census(
            self.fakes.decisions, self.fakes.ledger, lambda: current, self.fakes.clock, self.tell
        )

    async def tell(self, text: str) -> None:
        self.told.append(text)

    async def turns(self, haiku: int, opus: int) -> None:
        for number in range(haiku + opus):
            model = "haiku" if number < haiku else "opus"
            turn = Turn(number, KEY, 1, number, model, self.fakes.clock.now())
            request = Request("hi", 1, "owner", START)
            await self.fakes.decisions.record(turn, request, Choice(model, None, "no rule"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path, EXPECT))


async def test_shares_as_expected_are_not_worth_a_word(scene: Scene) -> None:
    await scene.turns(haiku=17, opus=5)
    await scene.census.look()
    assert scene.told == []


async def test_a_share_that_is_off_is_told_once_a_day(scene: Scene) -> None:
    await scene.turns(haiku=10, opus=12)
    await scene.census.look()
    await scene.census.look()
    [told] = scene.told
    assert told.startswith("In the last seven days `haiku` had 45% of the turns; expected is 80%")


async def test_without_expectations_nothing_is_told(tmp_path: Path) -> None:
    scene = Scene(settings(tmp_path))
    await scene.turns(haiku=0, opus=30)
    await scene.census.look()
    assert scene.told == []
