"""The door to Telegram's library, against a real HTTP server on loopback."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from bridge.errors import ChatBusy, ChatError, ChatGone
from bridge.simulator.bot_api import TOKEN as SIMULATED
from bridge.simulator.bot_api import telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from bridge.telegram.bot import (
    BadCall,
    Bot,
    ChatUnreachable,
    NoSuchMethod,
    PollConflict,
    TokenRefused,
)
from bridge.telegram.params import Upload

TOKEN = "123456:made-up-token"


class Server:
    """Answers every request with `code` and `body`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.code = 200
        self.body: bytes = b""
        self.path = ""
        self.params: dict[str, str] = {}
        self.hang_up = False
        self.url = ""

    def answer(self, result: Any) -> None:
        self.code, self.body = 200, json.dumps({"ok": True, "result": result}).encode()

    def refuse(self, code: int, description: str, **parameters: Any) -> None:
        body = {"ok": False, "error_code": code, "description": description}
        if parameters:
            body["parameters"] = parameters
        self.code, self.body = code, json.dumps(body).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.path = head.split()[1]
        lengths = [line for line in head.lower().splitlines() if line.startswith("content-length")]
        size = int(lengths[0].split(":")[1]) if lengths else 0
        sent = parse_qs((await reader.readexactly(size)).decode())
        self.params = {name: values[0] for name, values in sent.items()}
        if not self.hang_up:
            top = f"HTTP/1.1 {self.code} X\r\ncontent-length: {len(self.body)}\r\n"
            writer.write(f"{top}connection: close\r\n\r\n".encode() + self.body)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    yield server
    listening.close()
    await listening.wait_closed()


@pytest.fixture
async def bot(server: Server) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, server.url) as bot:
        yield bot


async def test_a_call_reaches_its_method_and_brings_back_the_raw_result(
    server: Server, bot: Bot
) -> None:
    server.answer({"message_id": 5})
    keyboard = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    got = await bot.call(
        "sendMessage", chat_id=1, text="hé", reply_markup=keyboard, silent=True, nothing=None
    )
    assert got == {"message_id": 5}
    assert server.path == f"/bot{TOKEN}/sendMessage"
    assert server.params["text"] == "hé"
    assert json.loads(server.params["reply_markup"]) == keyboard
    assert server.params["silent"] == "true"
    assert "nothing" not in server.params


async def test_methods_newer_than_the_library_can_be_called(server: Server, bot: Bot) -> None:
    server.answer(True)
    assert await bot.call("sendRichMessageDraft", chat_id=1) is True
    assert server.path.endswith("/sendRichMessageDraft")


@pytest.mark.parametrize(
    ("method", "code", "description", "error"),
    [
        ("getMe", 401, "Unauthorized", TokenRefused),
        ("sendMessage", 401, "Unauthorized: invalid token specified", TokenRefused),
        ("getMe", 404, "Not Found", TokenRefused),
        ("newMethod", 404, "Not Found: method not found", NoSuchMethod),
        ("sendMessage", 403, "Forbidden: bot was blocked by the user", ChatGone),
        ("sendMessage", 400, "Bad Request: chat not found", ChatGone),
        ("sendMessage", 400, "Bad Request: message thread not found", ChatGone),
        ("sendMessage", 400, "Bad Request: message is too long", BadCall),
        ("sendDocument", 413, "Request Entity Too Large", BadCall),
        ("getUpdates", 409, "Conflict: terminated by other getUpdates request", PollConflict),
        ("sendMessage", 500, "Internal Server Error: restart", ChatUnreachable),
        ("sendMessage", 504, "Gateway Timeout", ChatUnreachable),
    ],
)
async def test_each_refusal_becomes_the_error_that_says_what_to_do(
    server: Server, bot: Bot, method: str, code: int, description: str, error: type[ChatError]
) -> None:
    server.refuse(code, description)
    with pytest.raises(error) as caught:
        await bot.call(method)
    assert type(caught.value) is error
    assert str(caught.value)


async def test_a_429_carries_its_pause(server: Server, bot: Bot) -> None:
    server.refuse(429, "Too Many Requests: retry after 17", retry_after=17)
    with pytest.raises(ChatBusy) as caught:
        await bot.call("sendMessage")
    assert caught.value.retry_after == 17


async def test_a_429_without_a_number_still_means_a_pause(server: Server, bot: Bot) -> None:
    server.refuse(429, "Too Many Requests")
    with pytest.raises(ChatBusy) as caught:
        await bot.call("sendMessage")
    assert caught.value.retry_after > 0


async def test_a_group_that_moved_cannot_be_written_to(server: Server, bot: Bot) -> None:
    server.refuse(400, "Bad Request: group moved", migrate_to_chat_id=-100)
    with pytest.raises(ChatGone):
        await bot.call("sendMessage")


async def test_an_edit_that_changes_nothing_is_a_success(server: Server, bot: Bot) -> None:
    server.refuse(400, "Bad Request: message is not modified: specified new message content ...")
    assert await bot.call("editMessageText", chat_id=1) is True


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_server_in_trouble_leaves_the_fate_open(
    server: Server, bot: Bot, code: int
) -> None:
    server.refuse(code, "Internal Server Error")
    with pytest.raises(ChatUnreachable) as caught:
        await bot.call("sendMessage")
    assert caught.value.perhaps_done


async def test_a_file_is_uploaded_under_its_name() -> None:
    world = World()
    async with serving(telegram(world)) as url, Bot(SIMULATED, url) as bot:
        data = bytes(range(256)) * 8000
        sent = await bot.call(
            "sendDocument",
            chat_id=111,
            document=Upload("rapport å (1).bin", data),
            caption="Here",
            reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]},
        )
    file = world.files.get(sent["document"]["file_id"])
    assert file is not None
    assert file.data == data
    assert sent["document"]["file_name"] == "rapport å (1).bin"
    assert sent["caption"] == "Here"
    assert sent["reply_markup"]["inline_keyboard"][0][0]["text"] == "A"


async def test_an_answer_that_is_no_json_is_no_answer(server: Server, bot: Bot) -> None:
    for server.code, server.body in ((200, b"<html>"), (502, b"<html>"), (500, b"[]")):
        with pytest.raises(ChatUnreachable):
            await bot.call("sendMessage")


async def test_a_connection_cut_after_the_request_leaves_its_fate_open(
    server: Server, bot: Bot
) -> None:
    server.hang_up = True
    with pytest.raises(ChatUnreachable) as caught:
        await bot.call("sendMessage")
    assert caught.value.perhaps_done


async def test_a_server_that_is_not_there_has_certainly_done_nothing() -> None:
    async with Bot(TOKEN, "http://127.0.0.1:1") as bot:
        with pytest.raises(ChatUnreachable) as caught:
            await bot.call("sendMessage")
    assert not caught.value.perhaps_done


async def test_the_token_is_in_no_log_and_in_no_traceback(
    server: Server, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer([])
    await bot.call("getUpdates", timeout=0)
    server.hang_up = True
    for base in (server.url, "http://127.0.0.1:1", "http://[bad"):
        async with Bot(TOKEN, base) as other:
            with pytest.raises(ChatError) as caught:
                await other.call("sendMessage", text="a secret word")
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
    logged = caplog.text + "".join(str(record.args) for record in caplog.records)
    assert TOKEN not in logged
    assert "a secret word" not in logged
