"""Files both ways, and how large they may be."""

from collections.abc import AsyncIterator

import pytest

from bridge.simulator.world import World
from tests.unit.simulator.phone import PNG, TOKEN, Caller, HandClock, calling

MIB = 1024 * 1024


@pytest.fixture
async def bot() -> AsyncIterator[Caller]:
    async with calling(World(clock=HandClock())) as caller:
        yield caller


async def test_an_uploaded_document_can_be_fetched_again(bot: Caller) -> None:
    response = await bot.http.post(
        f"/bot{TOKEN}/sendDocument",
        data={"chat_id": "111", "caption": "<b>log</b>", "parse_mode": "HTML"},
        files={"document": ("a.txt", b"hello", "text/plain")},
    )
    message = response.json()["result"]
    assert message["caption"] == "log"
    assert message["caption_entities"] == [{"type": "bold", "offset": 0, "length": 3}]
    document = message["document"]
    assert (document["file_name"], document["mime_type"], document["file_size"]) == (
        "a.txt",
        "text/plain",
        5,
    )
    found = await bot.call("getFile", file_id=document["file_id"])
    fetched = await bot.http.get(f"/file/bot{TOKEN}/{found['file_path']}")
    assert fetched.content == b"hello"


async def test_a_picture_of_a_user_comes_as_a_photo(bot: Caller) -> None:
    update = bot.world.upload(111, "a.png", "image/png", PNG, caption="see /help")
    photo = update["message"]["photo"][-1]
    assert (photo["width"], photo["height"]) == (3, 2)
    assert update["message"]["caption_entities"][0]["type"] == "bot_command"
    assert (await bot.call("getFile", file_id=photo["file_id"]))["file_size"] == len(PNG)


async def test_a_file_is_attached_by_name_or_sent_again_by_its_id(bot: Caller) -> None:
    response = await bot.http.post(
        f"/bot{TOKEN}/sendPhoto",
        data={"chat_id": "111", "photo": "attach://one"},
        files={"one": ("a.png", PNG, "image/png")},
    )
    first = response.json()["result"]["photo"][0]["file_id"]
    again = await bot.call("sendPhoto", chat_id=222, photo=first)
    assert again["photo"][0]["file_id"] == first


async def test_what_is_no_image_is_no_photo(bot: Caller) -> None:
    response = await bot.http.post(
        f"/bot{TOKEN}/sendPhoto",
        data={"chat_id": "111"},
        files={"photo": ("a.png", b"text", "image/png")},
    )
    assert response.json()["description"] == "Bad Request: IMAGE_PROCESS_FAILED"


async def test_get_file_hands_out_twenty_mebibytes_and_not_a_byte_more(bot: Caller) -> None:
    ids = [
        bot.world.upload(111, "a.bin", "application/zip", bytes(size))["message"]["document"][
            "file_id"
        ]
        for size in (20 * MIB, 20 * MIB + 1)
    ]
    assert (await bot.call("getFile", file_id=ids[0]))["file_size"] == 20 * MIB
    assert await bot.refused("getFile", file_id=ids[1]) == "400 Bad Request: file is too big"


async def test_an_unknown_file_is_refused(bot: Caller) -> None:
    words = "wrong file_id or the file is temporarily unavailable"
    assert await bot.refused("getFile", file_id="x") == f"400 Bad Request: {words}"
    assert (await bot.http.get(f"/file/bot{TOKEN}/documents/x")).status_code == 404
    assert (await bot.http.get("/file/bot1:other/documents/x")).status_code == 401


async def test_an_upload_above_fifty_megabytes_is_refused_unread(bot: Caller) -> None:
    response = await bot.http.post(
        f"/bot{TOKEN}/sendDocument",
        headers={"Content-Length": str(50 * MIB + 1)},
        content=b"",
    )
    assert response.json() == {
        "ok": False,
        "error_code": 413,
        "description": "Request Entity Too Large",
    }


async def test_captions_have_their_own_limit_and_edit(bot: Caller) -> None:
    file_id = bot.world.upload(111, "a", "text/plain", b"x")["message"]["document"]["file_id"]
    given = {"chat_id": 111, "document": file_id}
    assert "message caption is too long" in await bot.refused(
        "sendDocument", **given, caption="a" * 1025
    )
    message_id = (await bot.call("sendDocument", **given))["message_id"]
    target = {"chat_id": 111, "message_id": message_id}
    edited = await bot.call("editMessageCaption", **target, caption="now")
    assert edited["caption"] == "now"
    assert "there is no text" in await bot.refused("editMessageText", **target, text="now")
