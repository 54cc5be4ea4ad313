"""Who we are, what the server can do, and then updates."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bridge.errors import ChatBusy
from bridge.settings import Settings
from bridge.telegram.bot import BadCall, ChatUnreachable, NoSuchMethod, TokenRefused, token_refused
from bridge.telegram.chat import TelegramChat
from bridge.telegram.gateway import Gateway
from bridge.telegram.outbox import Outbox
from tests.fakes import (
    FakeApi,
    FakeEngine,
    FakeFolders,
    FakeHistories,
    FakeSessions,
    desk,
)
from tests.unit.telegram import raws


def me(_params: Any) -> Any:
    return {"id": 5, "username": "TollBot"}


@pytest.fixture
async def gateway(
    api: FakeApi, outbox: Outbox, chat: TelegramChat, read: Callable[[], Settings]
) -> AsyncIterator[Gateway]:
    ports = desk(chat=chat, sessions=FakeSessions())
    rest = (FakeEngine(), FakeHistories(), FakeFolders())
    async with Gateway(api, outbox, chat, ports, *rest, read) as gateway:
        yield gateway


async def test_the_probe_names_us_and_sets_the_menu(api: FakeApi, gateway: Gateway) -> None:
    api.plan("getMe", me)
    assert await gateway.probe() == "TollBot"
    [menu] = api.of("setMyCommands")
    assert "cost" in [entry["command"] for entry in menu.params["commands"]]


@pytest.mark.parametrize(
    ("reaction", "has"),
    [(NoSuchMethod("no"), False), (BadCall("chat_id is empty"), True), (None, True)],
)
async def test_drafts_are_used_where_the_server_knows_them(
    api: FakeApi, gateway: Gateway, chat: TelegramChat, reaction: Any, *, has: bool
) -> None:
    api.plan("getMe", me)
    api.plan("sendMessageDraft", reaction)
    await gateway.probe()
    assert chat.drafts is has


async def test_a_refused_token_ends_the_probe(api: FakeApi, gateway: Gateway) -> None:
    api.plan("getMe", token_refused())
    with pytest.raises(TokenRefused, match="refused the bot token"):
        await gateway.probe()


async def test_while_telegram_is_away_the_probe_waits(api: FakeApi, gateway: Gateway) -> None:
    away = ChatUnreachable("", perhaps_done=False)
    api.plan("getMe", away, away, ChatBusy("", 10), me)
    assert await gateway.probe() == "TollBot"
    assert [call.at for call in api.of("getMe")] == [0, 1, 3, 13]


async def test_a_server_without_the_extras_will_do(api: FakeApi, gateway: Gateway) -> None:
    api.plan("getMe", me)
    for method in ("deleteWebhook", "setMyCommands", "sendMessageDraft"):
        api.plan(method, NoSuchMethod("no"))
    assert await gateway.probe() == "TollBot"


async def test_commands_that_name_us_are_answered(api: FakeApi, gateway: Gateway) -> None:
    api.plan("getMe", me)
    await gateway.probe()
    api.plan(
        "getUpdates",
        lambda _: [raws.message(1, "/help@tollbot"), raws.message(2, "/help@other")],
        ChatBusy("", 1000),
    )
    task = asyncio.create_task(gateway.run())
    await asyncio.sleep(5)
    task.cancel()
    assert len(api.texts()) == 1
