"""These tests run on virtual time: pacing is checked to the second, and nothing waits."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from bridge.settings import Settings
from bridge.telegram.chat import TelegramChat
from bridge.telegram.outbox import Outbox, Rates
from tests.fakes import FakeApi, LoopClock, VirtualLoop, settings
from tests.unit.telegram.fakes_sessions import Bot


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture(scope="session")
def current(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings(tmp_path_factory.mktemp("settings"))


@pytest.fixture
def read(current: Settings) -> Callable[[], Settings]:
    return lambda: current


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
async def outbox(api: FakeApi) -> AsyncIterator[Outbox]:
    async with Outbox(api, LoopClock(), Rates()) as outbox:
        yield outbox


@pytest.fixture
async def chat(outbox: Outbox, read: Callable[[], Settings]) -> AsyncIterator[TelegramChat]:
    chat = TelegramChat(outbox, read, LoopClock())
    yield chat
    await chat.aclose()


@pytest.fixture
async def bot(
    api: FakeApi, outbox: Outbox, chat: TelegramChat, tmp_path: Path
) -> AsyncIterator[Bot]:
    """Everybody's root and folders lie in `tmp_path`; homelab is the owner's, notes are for all."""
    for name in ("homelab", "notes"):
        (tmp_path / name).mkdir()
    more = f"""
[sessions]
root = "{tmp_path}/sessions"
[folders.homelab]
path = "{tmp_path}/homelab"
[folders.notes]
path = "{tmp_path}/notes"
roles = ["owner", "member"]
"""
    bot = Bot(api, outbox, chat, settings(tmp_path, more))
    yield bot
    await bot.aclose()
