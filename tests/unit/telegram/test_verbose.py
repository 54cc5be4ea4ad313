"""The log of a turn for /verbose: paced, in order, nothing left out."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from bridge.errors import ChatBusy, ChatGone
from bridge.model import AgentEvent, Inbound, Place, SessionKey, Text, ToolResult, ToolUse
from bridge.progress import Progress, fold
from bridge.telegram.bot import BadCall
from bridge.telegram.outbox import Outbox, Rates
from bridge.telegram.verbose import Log
from tests.fakes import START, FakeApi, FakeChat, LoopClock

ROOM = Rates(chat_per_second=100, group_per_minute=10_000, overall_per_second=1000)


class Stage:
    """A turn with a log, and what its user has on the screen."""

    def __init__(self, api: FakeApi, outbox: Outbox, chat: int = 1) -> None:
        self.api = api
        self.view = FakeChat()
        self.arrived: list[Place] = []
        inbound = Inbound(7, SessionKey(chat, 0, "main"), 1, "hi", 42, START)
        self.log = Log(self.view, outbox, LoopClock(), inbound, self.arrived.append)
        self._progress = Progress(START)

    def tell(self, *events: AgentEvent) -> None:
        for event in events:
            self._progress = fold(self._progress, event)
            self.log.show(self._progress)

    def step(self, number: int) -> None:
        use = ToolUse(f"t{number}", "Bash", {"command": f"step-{number}"})
        self.tell(use, ToolResult(f"t{number}", ok=True, text=""))

    def screen(self) -> list[str]:
        """The messages as they are now, without the words that all steps have."""
        shown: dict[int, str] = {}
        for call in self.api.calls:
            number = call.params.get("message_id", 101 + len(shown))
            shown[number] = call.params["text"].replace("✓ Bash\n", "").replace("\n", " ")
        return list(shown.values())


@pytest.fixture
async def roomy(api: FakeApi) -> AsyncIterator[Outbox]:
    async with Outbox(api, LoopClock(), ROOM) as outbox:
        yield outbox


@pytest.fixture
async def stage(api: FakeApi, roomy: Outbox) -> Stage:
    return Stage(api, roomy)


async def test_what_happens_is_added_to_a_quiet_message(api: FakeApi, stage: Stage) -> None:
    stage.step(1)
    await asyncio.sleep(1)
    assert stage.screen() == ["step-1"]
    stage.step(2)
    await asyncio.sleep(4)
    assert stage.screen() == ["step-1 step-2"]
    [sent] = api.of("sendMessage")
    assert sent.params["disable_notification"]
    assert sent.params["entities"][0]["type"] == "expandable_blockquote"
    assert stage.arrived == [Place(1)]
    await stage.log.close()


@pytest.mark.parametrize(("chat", "pace"), [(1, 3.0), (-100, 5.0)])
async def test_calls_are_no_closer_than_the_pace(
    api: FakeApi, roomy: Outbox, chat: int, pace: float
) -> None:
    stage = Stage(api, roomy, chat)
    for number in range(100):
        stage.step(number)
        await asyncio.sleep(0.3)
    apart = [later.at - call.at for call, later in pairwise(api.calls)]
    assert min(apart) >= pace
    assert len(api.calls) >= 30 / (pace + 1), "and it does not fall behind"
    await stage.log.close()


async def test_nothing_is_left_out_and_all_is_there_at_the_end(stage: Stage) -> None:
    for number in range(600):
        stage.step(number)
    stage.tell(Text("m", 0, "The answer."))
    await stage.log.close()
    words = " ".join(stage.screen()).split()
    assert words == [f"step-{number}" for number in range(600)]
    assert len(stage.screen()) > 2, "a message has its limits"


async def test_the_end_does_not_wait_for_the_pace(stage: Stage) -> None:
    stage.step(1)
    await asyncio.sleep(0.1)
    stage.step(2)
    began = asyncio.get_running_loop().time()
    await stage.log.close()
    assert asyncio.get_running_loop().time() - began < 0.5
    assert stage.screen() == ["step-1 step-2"]


async def test_a_quiet_turn_has_no_log(api: FakeApi, stage: Stage) -> None:
    stage.tell(Text("m", 0, "Hello."))
    await stage.log.close()
    assert api.calls == []
    assert stage.view.shown[-1].text == "Hello.", "the view beside it has seen it"


async def test_a_pause_of_telegram_delays_and_loses_nothing(api: FakeApi, stage: Stage) -> None:
    api.plan("sendMessage", ChatBusy("wait", 20))
    api.plan("editMessageText", ChatBusy("wait", 20))
    for number in range(4):
        stage.step(number)
        await asyncio.sleep(15)
    await stage.log.close()
    assert stage.screen()[0] == "step-0 step-1 step-2 step-3"
    assert len(api.of("sendMessage")) == 2, "the first one was refused"


async def test_a_message_that_cannot_be_edited_any_more_is_followed_by_another(
    api: FakeApi, stage: Stage
) -> None:
    stage.step(1)
    await asyncio.sleep(1)
    gone = BadCall("message to edit not found")
    api.plan("editMessageText", gone, gone)
    stage.step(2)
    await stage.log.close()
    assert api.texts() == ["✓ Bash\nstep-1", "✓ Bash\nstep-2"]


async def test_refused_formatting_goes_without(api: FakeApi, stage: Stage) -> None:
    api.plan("sendMessage", BadCall("can't parse entities"))
    stage.step(1)
    await stage.log.close()
    assert "entities" not in api.of("sendMessage")[-1].params
    assert stage.screen()[-1] == "step-1"


async def test_a_chat_that_is_gone_ends_the_log(api: FakeApi, stage: Stage) -> None:
    api.plan("sendMessage", ChatGone("blocked"))
    stage.step(1)
    await stage.log.close()
    assert len(api.calls) == 1
