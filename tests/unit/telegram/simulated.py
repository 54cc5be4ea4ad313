"""The simulated Telegram without a socket, in the virtual time of the loop."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx

from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.clock import Clock
from bridge.simulator.flood import Limits
from bridge.simulator.world import World
from bridge.telegram.bot import ChatUnreachable, explain, refused
from bridge.telegram.params import Upload
from tests.fakes import START

PATIENCE = 30.0  # seconds, as of the real transport


class LoopTime(Clock):
    """The simulator's hands, on the loop."""

    def now(self) -> float:
        return START.timestamp() + asyncio.get_running_loop().time()


class Simulated:
    """`Api` of a simulated Telegram; its `world` is what people see."""

    def __init__(self, world: World, limits: Limits | None) -> None:
        self.world = world
        app = telegram(world, limits=limits)
        wire = httpx.ASGITransport(app=app)
        self._client = httpx.AsyncClient(transport=wire, base_url="http://telegram")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, method: str, /, **params: Any) -> Any:
        files = {n: (v.name, v.data) for n, v in params.items() if isinstance(v, Upload)}
        try:
            async with asyncio.timeout(PATIENCE):
                response = await self._client.post(
                    f"/bot{TOKEN}/{method}", data=dict(form(params)), files=files
                )
        except (TimeoutError, ConnectionResetError) as error:
            raise ChatUnreachable(type(error).__name__, perhaps_done=True) from error
        if response.status_code == 200:
            return response.json()["result"]
        if "message is not modified" in response.text:
            return True
        raise explain(refused(response.status_code, response.content), method)

    def texts(self, chat: int) -> list[str]:
        """What the bot has written there, as now visible."""
        ours = [m for m in self.world.messages(chat) if m["from"]["is_bot"]]
        return [m.get("text") or m.get("caption") or "" for m in ours]

    def refusals(self) -> list[tuple[str, int | None]]:
        """The calls that were not taken: method and status."""
        return [(c.method, c.status) for c in self.world.calls if c.status != 200]


def form(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if value is not None and not isinstance(value, Upload):
            yield name, value if isinstance(value, str) else json.dumps(value)
