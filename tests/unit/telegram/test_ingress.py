"""Updates are stored before they are confirmed, and nothing stops the ones behind."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from bridge.errors import BridgeError, ChatBusy, StoreError
from bridge.model import Arrival, Inbound, Kind
from bridge.settings import Settings
from bridge.telegram.bot import ChatUnreachable, PollConflict, TokenRefused, token_refused
from bridge.telegram.ingress import Ingress
from bridge.telegram.updates import Names, arrival
from tests.fakes import FakeApi, LoopClock
from tests.unit.telegram import raws
from tests.unit.telegram.fakes_sessions import WaitingInbox

NAMES = Names({"cost"}, "TollBot")


class Receiver:
    def __init__(self) -> None:
        self.came: list[Arrival] = []
        self.told: list[str] = []

    async def fresh(self, arrival: Arrival, inbound: Inbound) -> None:
        self.came.append(arrival)

    async def refused(self, arrival: Arrival, error: BridgeError) -> None:
        self.told.append(str(error))


class Door:
    """Lets everything in as it is, but for what is planned."""

    def __init__(self) -> None:
        self.plan: list[BridgeError] = []

    async def prepared(self, came: Arrival) -> Arrival:
        if self.plan:
            raise self.plan.pop(0)
        return came


class Porch:
    def __init__(self) -> None:
        self.heard: list[int] = []

    async def came(self, came: Arrival) -> None:
        self.heard.append(came.update_id)


class Desk:
    """An ingress whose polls bring what a test hands out, and then nothing for 30 seconds."""

    def __init__(self, read: Callable[[], Settings]) -> None:
        self.api = FakeApi()
        self.inbox = WaitingInbox()
        self.receiver = Receiver()
        self.door = Door()
        self.porch = Porch()
        self.ingress = Ingress(
            self.api, self.inbox, self.door, self.porch, self.receiver, read, LoopClock()
        )

    def bring(self, *batches: Sequence[Any] | Exception) -> None:
        for batch in batches:
            self.api.plan("getUpdates", batch if isinstance(batch, Exception) else hand(batch))

    async def run(self, seconds: float = 20.0) -> None:
        self.api.plan("getUpdates", *[quiet] * 9)
        task = asyncio.create_task(self.ingress.run(NAMES))
        await asyncio.wait({task}, timeout=seconds)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            raise error

    @property
    def offsets(self) -> list[int]:
        return [call.params["offset"] for call in self.api.of("getUpdates")]

    @property
    def times(self) -> list[float]:
        return [round(call.at, 3) for call in self.api.of("getUpdates")]


def hand(batch: Sequence[Any]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    return lambda _: list(batch)


def quiet(_params: Mapping[str, Any]) -> Any:
    raise ChatBusy("nothing more happens in this test", 1000)


@pytest.fixture
def desk(read: Callable[[], Settings]) -> Desk:
    return Desk(read)


async def test_updates_are_handed_on_in_order_and_confirmed_by_the_next_poll(desk: Desk) -> None:
    desk.bring([raws.message(5), raws.message(6)], [raws.message(9)])
    await desk.run()
    assert [came.update_id for came in desk.receiver.came] == [5, 6, 9]
    assert desk.offsets == [0, 7, 10]


async def test_what_was_stored_before_a_restart_is_not_handed_on_again(desk: Desk) -> None:
    await desk.inbox.put(_stored(41), 10)
    desk.bring([raws.message(41), raws.message(42)])
    await desk.run()
    assert [came.update_id for came in desk.receiver.came] == [42]
    assert desk.offsets == [0, 43]


async def test_the_kinds_of_updates_are_named_and_the_poll_is_long(desk: Desk) -> None:
    await desk.run()
    params = desk.api.of("getUpdates")[0].params
    assert "stopped_message_generation" in params["allowed_updates"]
    assert {"message", "callback_query"} <= set(params["allowed_updates"])
    assert 0 < params["timeout"] <= 50


async def test_when_ids_begin_elsewhere_after_a_quiet_week_they_are_confirmed(desk: Desk) -> None:
    await desk.inbox.put(_stored(9000), 10)
    desk.bring([raws.message(50)], [raws.message(51)])
    await desk.run()
    assert desk.offsets == [0, 51, 52]
    assert [came.update_id for came in desk.receiver.came] == [50, 51]


async def test_a_failed_write_holds_the_offset_and_is_repeated_with_growing_pauses(
    desk: Desk,
) -> None:
    desk.inbox.faults = [StoreError("locked")] * 7
    desk.bring([raws.message(5)])
    await desk.run()
    assert [came.update_id for came in desk.receiver.came] == [5]
    assert desk.offsets == [0, 6]
    assert desk.times[1] == pytest.approx(0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5.0)


async def test_a_duplicate_ends_here(desk: Desk) -> None:
    desk.bring([raws.message(5)], [raws.message(5)])
    await desk.run()
    assert len(desk.receiver.came) == 1


async def test_a_stranger_is_neither_stored_nor_answered_and_the_offset_moves(desk: Desk) -> None:
    desk.bring([raws.message(5, user=666), raws.tap(6, "a:x:0", user=666), raws.stop(7, 1, user=9)])
    await desk.run()
    assert desk.inbox.rows == {}
    assert desk.receiver.came == []
    assert desk.porch.heard == [5, 6, 7]
    assert desk.offsets == [0, 8]


async def test_a_strangers_unreadable_update_is_not_stored_either(desk: Desk) -> None:
    desk.bring([{"update_id": 5, "message": {"from": {"id": 666}}}])
    await desk.run()
    assert desk.inbox.rows == {}


async def test_an_unreadable_update_is_stored_aside_and_the_next_one_goes_on(desk: Desk) -> None:
    desk.bring([{"update_id": 5, "message": "?"}, raws.message(6)])
    await desk.run()
    assert [came.kind for came in desk.receiver.came] == [Kind.UNREADABLE, Kind.MESSAGE]


async def test_an_update_without_a_number_does_not_spin(desk: Desk) -> None:
    desk.bring(["?"], [{"message": {}}], [raws.message(3)])
    await desk.run()
    assert desk.times == [0, 1, 3, 3]
    assert [came.update_id for came in desk.receiver.came] == [3]


async def test_a_full_queue_is_told_and_the_offset_moves(desk: Desk) -> None:
    desk.bring([raws.message(n) for n in range(1, 12)])
    await desk.run()
    assert len(desk.receiver.came) == 10
    assert desk.receiver.told == ["10 messages are waiting already."]
    assert desk.offsets == [0, 12]


async def test_while_telegram_is_away_the_pauses_grow(desk: Desk) -> None:
    desk.bring(*[ChatUnreachable("", perhaps_done=True)] * 7)
    await desk.run(200)
    assert desk.times == [0, 1, 3, 7, 15, 31, 61, 91]


async def test_after_a_good_poll_the_pauses_begin_anew(desk: Desk) -> None:
    gone = ChatUnreachable("", perhaps_done=True)
    desk.bring(gone, gone, [raws.message(1)], gone, [])
    await desk.run()
    assert desk.times[:5] == [0, 1, 3, 3, 4]


async def test_a_429_is_waited_out(desk: Desk) -> None:
    desk.bring(ChatBusy("", 17))
    await desk.run()
    assert desk.times == [0, 17]


async def test_another_poller_is_outwaited(desk: Desk) -> None:
    desk.bring(PollConflict("other"), PollConflict("other"), [raws.message(1)])
    await desk.run()
    assert len(desk.receiver.came) == 1


async def test_a_revoked_token_ends_the_polling(desk: Desk) -> None:
    desk.bring(token_refused())
    with pytest.raises(TokenRefused):
        await desk.run()


async def test_cancelling_ends_it_at_once_in_the_middle_of_a_poll(
    read: Callable[[], Settings],
) -> None:
    api = FakeApi(latency=30)
    ingress = Ingress(api, WaitingInbox(), Door(), Porch(), Receiver(), read, LoopClock())
    task = asyncio.create_task(ingress.run(NAMES))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert asyncio.get_running_loop().time() == pytest.approx(1)


def _stored(number: int) -> Arrival:
    return arrival(raws.message(number), NAMES)


async def test_who_is_turned_away_is_told_and_nothing_is_stored(desk: Desk) -> None:
    desk.door.plan = [BridgeError("That folder is not open to you.")]
    desk.bring([raws.message(1), raws.message(2)])
    await desk.run()
    assert desk.receiver.told == ["That folder is not open to you."]
    assert list(desk.inbox.rows) == [2]


async def test_the_door_is_asked_again_while_the_store_is_away(desk: Desk) -> None:
    desk.door.plan = [StoreError("locked"), StoreError("locked")]
    desk.bring([raws.message(1)])
    await desk.run()
    assert [came.update_id for came in desk.receiver.came] == [1]
