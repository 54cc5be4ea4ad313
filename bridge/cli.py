"""The commands. Each one reads the settings, does one thing, and says in a sentence why it cannot.

Exit codes: 0 good, 1 a problem that the message explains, 2 wrong usage.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge import __version__, logs
from bridge.errors import BridgeError, SettingsError
from bridge.settings import Settings, policy, read


class Commands(click.Group):
    """Our errors are sentences; anything else is a bug and keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BridgeError as error:
            click.echo(error, err=True)
        except ExceptionGroup as group:
            if group.split(BridgeError)[1]:
                raise
            click.echo("\n".join(map(str, group.exceptions)), err=True)
        sys.exit(1)


def load(*, token_needed: bool, file: Path | None = None) -> Settings:
    files = None if file is None else [file]
    return read(os.environ, Path.cwd(), files, token_needed=token_needed)


def until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run it; SIGTERM and SIGINT end it in good order, with exit code 0."""

    async def run() -> None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise

    asyncio.run(run())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tollbridge")
@click.option("--log-level", default="INFO", show_default=True,
              type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]))  # fmt: skip
def main(log_level: str) -> None:
    """Claude Code in your Telegram, with a toll booth."""
    logs.configure(log_level)


@main.command()
def run() -> None:
    """Run the bot."""
    settings = load(token_needed=True)

    async def bot() -> None:
        from bridge.app import joined  # noqa: PLC0415 the short commands start without it

        async with joined(lambda: settings, os.environ) as bridge:
            click.echo(f"@{bridge.name} is listening. Ctrl-C stops it.", err=True)
            await bridge.run()

    until_stopped(bot())


@main.command()
@click.option("--port", default=8080, show_default=True, help="of the chat page")
@click.option("--real-model", is_flag=True, help="talk to the real API (needs a key or a login)")
@click.option("--open/--no-open", "show", default=True, help="open the page in a browser")
def demo(port: int, *, real_model: bool, show: bool) -> None:
    """Try it: the same bot on a simulated Telegram, with a simulated model."""
    from bridge import demo as stage  # noqa: PLC0415

    until_stopped(stage.play(port, real_model=real_model, show=show, environ=os.environ))


@main.command()
@click.option("--telegram-port", default=8081, show_default=True)
@click.option("--model-port", default=8082, show_default=True)
def simulate(telegram_port: int, model_port: int) -> None:
    """Only the two simulated services, for bots of your own."""
    from bridge import demo as stage  # noqa: PLC0415

    until_stopped(stage.simulate(telegram_port, model_port))


@main.command()
@click.option("--settings", "file", type=click.Path(path_type=Path), help="this file only")
def check(file: Path | None) -> None:
    """Every problem in the settings, one per line."""
    try:
        settings = load(token_needed=True, file=file)
    except SettingsError as error:
        click.echo(error)
        sys.exit(1)
    rules = len(settings.routing.rules)
    click.echo(f"The settings are good: {len(settings.users)} users, {rules} rules.")


@main.group()
def route() -> None:
    """Which model answers, and why."""


@route.command()
@click.argument("text")
@click.option("--user", type=int, help="as this user (default: the first in the settings)")
@click.option("--json", "as_json", is_flag=True)
def explain(text: str, user: int | None, *, as_json: bool) -> None:
    """Which rule decides for TEXT. Asks no model."""
    from routing.choose import choose  # noqa: PLC0415
    from routing.model import Request  # noqa: PLC0415

    settings = load(token_needed=False)
    if user is not None and user not in settings.users:
        raise SettingsError(f"There is no user {user} in the settings.")
    who = user if user is not None else next(iter(settings.users), 0)
    known = settings.users.get(who)
    now = datetime.now(UTC).astimezone(ZoneInfo(known.timezone if known else "UTC"))
    role = known.role if known else "owner"
    choice = choose(Request(text=text, user=who, role=role, now=now), policy(settings))
    if as_json:
        click.echo(json.dumps({"model": choice.model, "rule": choice.rule, "why": choice.why}))
        return
    click.echo(f"{choice.model}  (rule: {choice.rule or 'none, the default'})\n{choice.why}")
