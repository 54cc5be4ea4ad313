"""A download is tried again as long as that makes sense, and the user is told why it failed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from bridge.errors import ChatBusy, ChatError
from bridge.model import Attachment, Inbound, SessionKey
from bridge.telegram.bot import PUBLIC, BadCall, ChatUnreachable
from bridge.telegram.files import limits
from bridge.telegram.files.fetch import TRIES, Fetch
from tests.fakes import START, LoopClock

KEY = SessionKey(1, 0, "main")
AWAY = ChatUnreachable("away", perhaps_done=True)


@dataclass
class Shop:
    """A `Source` that has every file. `faults` come first, in the middle of a download."""

    faults: list[Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def save(self, file_id: str, into: BinaryIO) -> None:
        self.asked.append(file_id)
        if self.faults:
            into.write(b"half of")
            raise self.faults.pop(0)
        into.write(file_id.encode())


def message(*names: str) -> Inbound:
    files = tuple(Attachment(f"id-{name}", name) for name in names)
    return Inbound(7, KEY, 1, "", 42, START, files)


async def test_every_file_is_there_in_the_order_it_was_sent(tmp_path: Path) -> None:
    found = await Fetch(Shop(), LoopClock()).fetch(message("b", "a"), tmp_path)
    assert [(path.name, path.read_text()) for path in found] == [("b", "id-b"), ("a", "id-a")]


async def test_without_files_nothing_is_touched(tmp_path: Path) -> None:
    assert await Fetch(Shop(), LoopClock()).fetch(message(), tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


async def test_trouble_is_waited_out_and_half_a_file_is_never_kept(tmp_path: Path) -> None:
    shop, clock = Shop([AWAY, ChatBusy("wait", 9)]), LoopClock()
    before = clock.monotonic()
    [path] = await Fetch(shop, clock).fetch(message("a"), tmp_path)
    assert path.read_text() == "id-a"
    assert clock.monotonic() - before >= 9


async def test_after_some_tries_the_user_is_told(tmp_path: Path) -> None:
    shop = Shop([AWAY] * TRIES)
    with pytest.raises(ChatError, match="`a` could not be fetched"):
        await Fetch(shop, LoopClock()).fetch(message("a"), tmp_path)
    assert len(shop.asked) == TRIES


async def test_a_long_pause_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(ChatError, match="in a while"):
        await Fetch(Shop([ChatBusy("wait", 3_000)]), LoopClock()).fetch(message("a"), tmp_path)


@pytest.mark.parametrize(
    ("why", "told"), [("file is too big", "20 MB"), ("wrong file_id", "does not have `a`")]
)
async def test_what_cannot_be_had_is_not_asked_for_again(
    tmp_path: Path, why: str, told: str
) -> None:
    shop = Shop([BadCall(f"Telegram refused getFile: Bad Request: {why}")])
    with pytest.raises(ChatError, match=told):
        await Fetch(shop, LoopClock()).fetch(message("a"), tmp_path)
    assert len(shop.asked) == 1


def test_at_telegrams_own_server_a_size_above_the_limit_is_refused_at_once() -> None:
    file = Attachment("f", "film`\n.mkv", size=limits.MOST + 1)
    with pytest.raises(limits.TurnedAway, match=r"`film__.mkv`: it has 21 MB.*up to 20 MB"):
        limits.check([file], PUBLIC)
    limits.check([file], "http://127.0.0.1:8081")
    limits.check([Attachment("f", size=limits.MOST)], PUBLIC)
