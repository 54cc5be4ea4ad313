"""Files come over the network from Telegram, or from this disk with a server of one's own."""

from io import BytesIO
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from bridge.telegram.bot import BadCall, Bot, on_disk


async def test_a_file_arrives_as_it_was_sent() -> None:
    world = World()
    file = world.files.add("a b#?.txt", "text/plain", bytes(range(256)), "documents")
    content = BytesIO()
    async with serving(telegram(world)) as url, Bot(TOKEN, url) as bot:
        await bot.save(file.id, content)
    assert content.getvalue() == file.data


async def test_one_that_is_not_there_cannot_be_had() -> None:
    async with serving(telegram(World())) as url, Bot(TOKEN, url) as bot:
        with pytest.raises(BadCall, match="wrong file_id"):
            await bot.save("nothing", BytesIO())


@pytest.mark.parametrize("form", ["{}", "file://{}"])
async def test_a_server_of_ones_own_may_name_a_file_on_this_disk(tmp_path: Path, form: str) -> None:
    kept = tmp_path / "file_1.txt"
    kept.write_bytes(b"large")

    async def get_file(_: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "result": {"file_path": form.format(kept)}})

    app = Starlette(routes=[Route("/bot{token}/getFile", get_file, methods=["POST"])])
    content = BytesIO()
    async with serving(app) as url, Bot(TOKEN, url) as bot:
        await bot.save("f", content)
        assert content.getvalue() == b"large"
        kept.unlink()
        with pytest.raises(BadCall, match="cannot be read"):
            await bot.save("f", BytesIO())


def test_a_path_of_telegrams_own_is_none_of_this_disk() -> None:
    assert on_disk("documents/file_1.txt") is None
    assert on_disk("file:///srv/a%20b.txt") == Path("/srv/a b.txt")


async def test_without_the_network_the_token_is_not_told() -> None:
    bot = Bot(TOKEN, "http://127.0.0.1:1")
    with pytest.raises(Exception, match="cannot be reached") as told:
        await bot._downloaded("documents/a.txt")
    assert TOKEN not in repr(told.value)
    assert told.value.__cause__ is None
    assert not isinstance(told.value, httpx.HTTPError)
    await bot.aclose()
