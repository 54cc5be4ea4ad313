"""The real Claude Code, the booth, and the simulated API with its own bill."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.agent import process
from bridge.agent.claude import Claude
from bridge.agent.options import Place
from bridge.booth.keys import Credential
from bridge.clock import SystemClock
from bridge.model import AgentEvent, Completed, Outcome, Prompt, Session, Text
from bridge.settings import read
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import (
    Drop,
    Fail,
    Say,
    Scenario,
    Script,
    Stall,
    Step,
    Stop,
    Think,
    UseTool,
)
from bridge.simulator.serve import serving
from bridge.simulator.talk import Talk
from bridge.store.db import Database
from bridge.store.ledger import Ledger
from budgets import windows
from budgets.model import Limit, Tokens
from tests.contract.samples import MAIN, NOON, hold, limit
from tests.contract.solo import alone
from tests.contract.tollbooth import KEY, TURN, House, house

MODEL = "claude-haiku-5-5"
SETTINGS = '[users.111]\nrole = "owner"\n[claude]\nsandbox = "off"\napprove = []\n'
LOOK = UseTool("Read", {"file_path": "a.txt"})


@dataclass
class Setup:
    claude: Claude
    booth: House
    api: MessagesApi

    async def told(self, text: str = "go") -> list[AgentEvent]:
        return [event async for event in self.claude.run(prompt(text))]


def prompt(text: str) -> Prompt:
    return Prompt(f"00000000-0000-4000-8000-{hash(text) % 10**12:012d}", 7, 111, text, MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settings.toml").write_text(SETTINGS)
    for name in ("work", "private"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "a.txt").write_text("inside")
    return tmp_path


Open = Callable[..., Any]


@pytest.fixture
def opened(folder: Path, db: Database) -> Open:
    @asynccontextmanager
    async def open_(
        script: Scenario, *limits: Limit, credential: Credential | None = None, **more: Any
    ) -> AsyncIterator[Setup]:
        credential = credential or Credential(key=KEY)
        api = messages(script, key=credential.key or credential.token)
        async with (
            serving(api) as address,
            house(address, Ledger(db), *limits, credential=credential, **more) as booth,
        ):
            claude = made(folder, booth.url, credential.environment)
            try:
                yield Setup(claude, booth, api)
            finally:
                await claude.close()

    return open_


def made(folder: Path, url: str, key: dict[str, str]) -> Claude:
    settings = read({}, folder, token_needed=False)
    session = Session(MAIN, 111, folder / "work", NOON, NOON)
    cli = process.install(folder / "private", [*process.PASSED, *key])
    place = partial(Place, cli, api=url, key=key, closed=())
    return alone(settings, session, folder / "config", place)


def end(events: list[AgentEvent]) -> Completed:
    assert isinstance(events[-1], Completed)
    return events[-1]


async def test_the_ledger_is_the_bill_to_the_micro_dollar(opened: Open) -> None:
    """Thoughts, tools, an answer that goes on after `max_tokens`, an error that is retried."""
    steps: list[Step] = [
        Think("Hm."),
        LOOK,
        Fail(529),
        LOOK,
        Say("Half"),
        Stop("max_tokens"),
        Say(" done."),
    ]
    async with opened(Script(steps)) as setup:
        assert end(await setup.told()).outcome is Outcome.DONE
        assert len(setup.api.requests) >= 5
        assert await setup.booth.settled() == setup.api.bill > 0


@pytest.mark.parametrize("fault", [Drop(), Fail(529, after="Some words."), Stall(20)])
async def test_the_ledger_is_never_below_the_bill_of_a_stream_that_broke(
    opened: Open, fault: Any
) -> None:
    async with opened(Script([Say("All of it is here. "), fault, Say("And more.")])) as setup:
        events = setup.claude.run(prompt("go"))
        async for event in events:
            if isinstance(event, Text) and isinstance(fault, Stall):
                await setup.claude.interrupt()
        await events.aclose()
        assert await setup.booth.settled() > setup.api.bill > 0


async def test_a_request_that_the_budget_does_not_allow_is_made_once_and_ends_the_turn(
    opened: Open,
) -> None:
    with capture_logs() as lines:
        async with opened(Script([Say("Never said.")]), limit(500)) as setup:
            last = end(await setup.told())
            assert await setup.booth.settled() == 0
            assert not setup.api.requests
    assert [line["status"] for line in lines if line["event"] == "booth.refused"] == [402]
    assert last.outcome is Outcome.FAILED
    assert last.text.startswith("Everyone together has spent $0.00 of $0.0005 this month. The next")
    assert "It resets on 23 November at 12:00." in last.text


async def test_a_budget_stops_a_tool_loop_in_the_middle(opened: Open) -> None:
    amount = 18_000
    async with opened(Script([LOOK] * 500), limit(amount)) as setup:
        last = end(await setup.told())
        cost = await setup.booth.settled()
        assert last.outcome is Outcome.FAILED
        assert "this month" in last.text
        assert 1 < len(setup.api.requests) < 500
        assert cost == setup.api.bill <= amount


async def test_a_limit_that_is_lowered_while_a_turn_runs_ends_it(opened: Open) -> None:
    def answer(talk: Talk) -> list[Step]:
        if talk.call == 2:
            setup.booth.terms["limits"] = (limit(1),)
        return [LOOK] * 500

    async with opened(answer) as setup:
        last = end(await setup.told())
        assert last.outcome is Outcome.FAILED
        assert "of <$0.0001 this month" in last.text
        assert len(setup.api.requests) == 3, "what was sent before is answered and paid"
        assert await setup.booth.settled() == setup.api.bill


@dataclass
class Wound(SystemClock):
    """A clock that shows what it is told."""

    time: datetime

    def now(self) -> datetime:
        return self.time


async def test_after_midnight_the_next_day_pays(opened: Open) -> None:
    """Of the old day so little is left that the turn could not go on in it."""
    zone, most, spent = "Europe/Copenhagen", 20_000, 10_500
    evening = datetime(2026, 11, 22, 22, 59, tzinfo=UTC)
    clock = Wound(evening)

    def today() -> list[Limit]:
        return [Limit(windows.day(clock.time, zone), most)]

    def answer(talk: Talk) -> list[Step]:
        if talk.call == 0:
            clock.time = evening + timedelta(minutes=2)
            setup.booth.terms["limits"] = today()
        return [*[LOOK] * 20, Say("Done.")]

    async with opened(answer, *today(), clock=clock) as setup:
        ledger, user = setup.booth.ledger, TURN.user
        (yesterday,) = today()
        assert await ledger.hold(hold("earlier", spent, at=evening), today()) is None
        await ledger.settle("earlier", spent, Tokens())
        assert end(await setup.told()).text == "Done."
        costs = [entry.cost for entry in setup.api.requests]
        (before, after) = await ledger.usage(user, [yesterday, *today()])
        assert before.settled == spent + costs[0]
        assert after.settled == sum(costs[1:])
        assert max(before.settled, after.settled) <= most
        longest_answer = 8_000
        assert most - before.settled < longest_answer + costs[0], "no room for another call"


async def test_two_calls_of_a_cent_fit_into_five(opened: Open, folder: Path) -> None:
    """With $0.05 left for the small model: not a call is refused, and none holds all of it."""
    (folder / "work" / "a.txt").write_text("words " * 5_000)
    async with opened(Script([LOOK, LOOK, Say("Done.")]), limit(50_000)) as setup:
        assert end(await setup.told()).text == "Done."
        assert await setup.booth.settled() == setup.api.bill
        assert len(setup.api.requests) == 3


async def test_a_budget_is_used_up_to_the_last_call_that_fits(opened: Open) -> None:
    """Held are the 16,000 tokens of output that a call may have, and hardly more than it sends."""
    amount = 20_000
    async with opened(Script([LOOK] * 500), limit(amount)) as setup:
        await setup.told()
        spent = await setup.booth.settled()
        longest = max(entry.usage.prompt for entry in setup.api.requests)
    assert amount - spent < 8_000 + (longest + 1_500) * 125 // 1_000


async def test_the_real_key_is_nowhere_in_the_process(opened: Open, folder: Path) -> None:
    async with opened(Script([Say("Hello.")])) as setup:
        await setup.told()
        (proc,) = working_in(folder / "work")
        environ, cmdline = ((proc / name).read_bytes() for name in ("environ", "cmdline"))
        assert setup.booth.url.encode() in environ
        assert b"claude" in cmdline
        assert KEY.encode() not in environ + cmdline


def working_in(folder: Path) -> list[Path]:
    """The processes whose folder this is, in /proc."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is not ours
            if (proc / "cwd").readlink() == folder:
                found.append(proc)
    return found


async def test_a_login_is_replaced_and_its_beta_headers_stay(opened: Open) -> None:
    token = "sk-ant-oat01-the-real-one"
    async with opened(Script([Say("Hello.")]), credential=Credential(token=token)) as setup:
        assert end(await setup.told()).text == "Hello."
        assert await setup.booth.settled() == setup.api.bill > 0
        (asked,) = setup.api.requests
    assert asked.headers["authorization"] == f"Bearer {token}"
    assert "x-api-key" not in asked.headers
    assert "oauth-2025-04-20" in asked.headers["anthropic-beta"]


async def test_after_the_turn_the_process_can_spend_nothing(opened: Open) -> None:
    async with opened(Script([Say("One.")], [Say("Two.")])) as setup:
        await setup.told("a")
        await setup.booth.tickets.end(TURN)
        before = len(setup.api.requests)
        assert end(await setup.told("b")).outcome is Outcome.FAILED
        assert len(setup.api.requests) == before
