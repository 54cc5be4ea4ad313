"""`kill -9` in the middle of a turn: nothing is lost, nothing charged twice."""

from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bridge.simulator.bot_api import telegram
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Say, Scenario, Script, UseTool, When
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from bridge.store.db import open_database
from bridge.store.tables import ledger
from tests.flow.program import gone, program
from tests.flow.stage import ADA, KEY
from tests.flow.test_program import environ, in_the_middle

LOOK = UseTool("Glob", {"pattern": "*"})


@dataclass(frozen=True, slots=True)
class Place:
    """Telegram and the API, which outlive the bridge."""

    folder: Path
    world: World
    api: MessagesApi
    environ: dict[str, str]

    def bridge(self) -> AbstractAsyncContextManager[Process]:
        return program("run", folder=self.folder, environ=self.environ)

    async def rows(self) -> list[tuple[int, int | None]]:
        """What each request held and cost, in their order."""
        async with open_database(self.environ["TOLLBRIDGE_STORE__URL"]) as db:
            query = sa.select(ledger.c.held, ledger.c.cost).order_by(ledger.c.held_at)
            return [(row.held, row.cost) for row in await db.read(lambda c: c.execute(query).all())]

    def answered(self, words: str) -> int:
        ours = [m for m in self.world.messages(ADA) if m["from"]["is_bot"]]
        return sum(words in m.get("text", "") for m in ours)


@asynccontextmanager
async def place(folder: Path, scenario: Scenario) -> AsyncIterator[Place]:
    world, api = World(), messages(scenario, key=KEY)
    async with serving(telegram(world, limits=None)) as page, serving(api) as address:
        yield Place(folder, world, api, environ(folder, page, address))


async def test_what_was_held_for_a_turn_that_was_killed_is_settled_and_the_rest_is_the_bill(
    tmp_path: Path,
) -> None:
    """It runs again after the restart, as no tool had changed anything, and pays for itself."""
    script = Script(When("talk", [Say("Words. " * 40, pace=0.05)]))
    async with place(tmp_path, script) as found:
        async with found.bridge() as process:
            await in_the_middle(found.world, tmp_path)
            process.kill()
            assert await gone(tmp_path, within=10)
        ((held, cost),) = await found.rows()
        assert cost is None, "it stays held"
        async with found.bridge():
            await found.world.wait(lambda: found.answered("Words."), 30)
        killed, again = await found.rows()
    first, second = found.api.requests
    assert first.cut
    assert killed == (held, held), "settled at what it held"
    assert again[1] == second.cost > 0
    assert found.answered("Words.") == 1
    assert found.api.bill <= held + second.cost


async def test_what_was_settled_before_the_kill_stays_as_it_was(tmp_path: Path) -> None:
    script = Script(When("talk", [LOOK, Say("Words. " * 40, pace=0.05)]))
    async with place(tmp_path, script) as found:
        async with found.bridge() as process:
            await in_the_middle(found.world, tmp_path)
            process.kill()
            assert await gone(tmp_path, within=10)
        before = await found.rows()
        async with found.bridge():
            await found.world.wait(lambda: found.answered("interrupted"), 30)
        after = await found.rows()
    assert before[0][1] == found.api.requests[0].cost > 0
    assert after == [before[0], (before[1][0], before[1][0])], "and nothing was asked again"
