"""The demo: the real bot between a simulated Telegram and a simulated model, in one process.

Nothing leaves the machine and nothing stays: its files lie in a temporary folder.
"""

import asyncio
import tempfile
import webbrowser
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import click
from starlette.types import ASGIApp

from bridge.app import joined
from bridge.errors import BridgeError
from bridge.settings import Settings, read
from bridge.simulator.bot_api import telegram
from bridge.simulator.guide import guide
from bridge.simulator.messages_api import messages
from bridge.simulator.serve import serving
from bridge.simulator.world import World

TOKEN = "4242:simulated"  # noqa: S105 opens nothing
KEY = "sk-simulated"
REAL = "A simulated Telegram, the real model: it costs real money"
SETTINGS = """
[users.111]
name = "Ada"
role = "owner"
[users.222]
name = "Bo"
role = "member"
[budgets.default]
day_usd = 1.00
month_usd = 20.00
"""


class PortTaken(BridgeError):
    """Somebody else listens there."""


async def play(port: int, *, real_model: bool, show: bool, environ: Mapping[str, str]) -> None:
    async with AsyncExitStack() as stack:
        world = World(note=REAL if real_model else "")
        page = await opened(stack, telegram(world, TOKEN), port, "--port")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbridge-demo-")))
        if real_model:
            settings = staged(folder, {**environ, **telegram_of(page, folder)})
        else:
            model = await stack.enter_async_context(serving(messages(guide(), key=KEY)))
            environ = {"ANTHROPIC_BASE_URL": model, "ANTHROPIC_API_KEY": KEY}
            settings = staged(folder, {**environ, **telegram_of(page, folder)})
        bridge = await stack.enter_async_context(joined(lambda: settings, environ))
        click.echo(f"Open {page} and write to the bot. Ctrl-C ends the demo.")
        if show:
            await asyncio.to_thread(webbrowser.open, page)
        await bridge.run()


async def simulate(telegram_port: int, model_port: int) -> None:
    async with AsyncExitStack() as stack:
        page = await opened(stack, telegram(World(), TOKEN), telegram_port, "--telegram-port")
        model = await opened(stack, messages(guide()), model_port, "--model-port")
        click.echo(f"Telegram   {page}   token {TOKEN}   (open it to chat)")
        click.echo(f"Model      {model}   any key")
        await asyncio.Event().wait()


async def opened(stack: AsyncExitStack, app: ASGIApp, port: int, option: str) -> str:
    try:
        return await stack.enter_async_context(serving(app, port=port))
    except OSError as error:
        raise PortTaken(
            f"Port {port} is in use. Choose another one: {option} {port + 10}"
        ) from error


def telegram_of(page: str, folder: Path) -> dict[str, str]:
    return {
        "TOLLBRIDGE_TELEGRAM__BASE_URL": page,
        "TOLLBRIDGE_TELEGRAM__TOKEN": TOKEN,
        "TOLLBRIDGE_SESSIONS__ROOT": str(folder / "sessions"),
        "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
    }


def staged(folder: Path, environ: Mapping[str, str]) -> Settings:
    file = folder / "settings.toml"
    file.write_text(SETTINGS)
    return read(environ, folder, [file])
