"""The whole app between a simulated Telegram and a simulated model, all in this process.

The Claude Code in the middle is the real one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.app import Bridge, joined
from bridge.settings import Settings, read
from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.flood import Limits
from bridge.simulator.live import Draft
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Scenario
from bridge.simulator.serve import serving
from bridge.simulator.world import World

ADA, BO, STRANGER = 111, 222, 333
KEY = "sk-test-0123456789"
PATIENCE = 30.0  # seconds; a turn takes less than one
SETTINGS = """
[users.111]
name = "Ada"
role = "owner"
[users.222]
name = "Bo"
role = "member"
[budgets.default]
day_usd = 5.00
month_usd = 20.00
[claude]
sandbox = "off"
"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    world: World
    model: MessagesApi
    bridge: Bridge
    settings: Settings

    def say(self, text: str, user: int = ADA) -> int:
        """The id of the message."""
        return int(self.world.say(user, text)["message"]["message_id"])

    def heard(self, chat: int = ADA) -> list[Json]:
        """What the bot has written there, as now visible."""
        return [m for m in self.world.messages(chat) if m["from"]["is_bot"]]

    def texts(self, chat: int = ADA) -> list[str]:
        return [m.get("text", "") for m in self.heard(chat)]

    async def until(self, what: Callable[[], Any], patience: float = PATIENCE) -> Any:
        return await self.world.wait(what, patience)

    async def answer(self, words: str, chat: int = ADA) -> Json:
        """The first message of the bot that has these words."""
        found: Json = await self.until(
            lambda: next((m for m in self.heard(chat) if words in m.get("text", "")), None)
        )
        return found

    async def draft(self, words: str, chat: int = ADA) -> Draft:
        """The live draft, once it has these words."""
        found: Draft = await self.until(
            lambda: next((d for d in self.world.live.drafts(chat) if words in d.text.text), None)
        )
        return found

    async def tap(self, words: str, label: str, user: int = ADA, chat: int = ADA) -> str:
        """The bot's answer to a tap on the button that begins with `label`, under these words."""
        message = await self.answer(words, chat)
        data = next(
            b["callback_data"]
            for row in message["reply_markup"]["inline_keyboard"]
            for b in row
            if b["text"].startswith(label)
        )
        tapped = self.world.tap(user, chat, message["message_id"], data)
        said = await self.until(lambda: self.world.taps.answered(tapped))
        return str(said["text"] or "")


@asynccontextmanager
async def staged(
    folder: Path,
    scenario: Scenario,
    extra: str = "",
    world: World | None = None,
    environ: dict[str, str] | None = None,
    limits: Limits | None = None,
    models: Collection[str] | None = None,
) -> AsyncIterator[Stage]:
    """A running bot. The same folder again is the same bot after a restart.

    `limits`: of Telegram's flood control; None = there is none. `models`: the ids that exist.
    """
    folder.mkdir(exist_ok=True)
    file = folder / "settings.toml"
    file.write_text(SETTINGS + extra)
    world = world or World()
    api = messages(scenario, key=KEY, models=models)
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(serving(telegram(world, limits=limits)))
        model = await stack.enter_async_context(serving(api))
        given = {
            "TOLLBRIDGE_TELEGRAM__BASE_URL": page,
            "TOLLBRIDGE_TELEGRAM__TOKEN": TOKEN,
            "TOLLBRIDGE_SESSIONS__ROOT": str(folder / "sessions"),
            "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
            "ANTHROPIC_BASE_URL": model,
            "ANTHROPIC_API_KEY": KEY,
            **(environ or {}),
        }
        settings = read(given, folder, [file])
        bridge = await stack.enter_async_context(joined(lambda: settings, given))
        running = asyncio.create_task(bridge.run())
        try:
            yield Stage(world, api, bridge, settings)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
