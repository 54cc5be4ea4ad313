"""The commands. Each one reads the settings, does one thing, and says in a sentence why it cannot.

Exit codes: 0 good, 1 a problem that the message explains, 2 wrong usage.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge import __version__, logs
from bridge.errors import BridgeError, SettingsError
from bridge.settings import Settings, policy, read
from bridge.settings.load import Source

NO_TURNS = "No turn was answered in the last {days} days."


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
    from bridge.settings.edit import Editor  # noqa: PLC0415 the short commands start without it
    from bridge.settings.keeper import Keeper  # noqa: PLC0415

    source = Source(os.environ, Path.cwd())
    keeper = Keeper(source)

    async def bot() -> None:
        from bridge.app import joined  # noqa: PLC0415

        async with (
            joined(keeper.current, os.environ, Editor(source)) as bridge,
            asyncio.TaskGroup() as group,
        ):
            click.echo(f"@{bridge.name} is listening. Ctrl-C stops it.", err=True)
            group.create_task(bridge.run())
            group.create_task(keeper.run(bridge.tell))

    until_stopped(bot())


@main.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="default: here")
@click.option("--token", envvar="TELEGRAM_TOKEN", help="of the bot, from @BotFather")
@click.option("--key", help='an API key, or of `claude setup-token`; "" = Claude Code is logged in')
@click.option("--name", help="of the owner")
@click.option("--timezone", help="of the owner, such as Europe/Copenhagen")
@click.option("--day-usd", help="what the owner may spend in a day, in dollars")
@click.option("--new-code", is_flag=True, help="another pairing code, in place of the one before")
def init(folder: Path | None, *, new_code: bool, **given: str | None) -> None:
    """Ask for what is missing, write it down, and show the code that makes you the owner.

    Each answer can be an option. The token and the key are best given by variables, which others
    cannot see: TELEGRAM_TOKEN to write it down; or, to be left where they are,
    TOLLBRIDGE_TELEGRAM__TOKEN, ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.
    """
    from bridge.setup.begin import begin  # noqa: PLC0415
    from bridge.setup.questions import Asker  # noqa: PLC0415

    options = {f"--{name.replace('_', '-')}": answer for name, answer in given.items()}
    asker = Asker(options, terminal=sys.stdin.isatty())
    where = (folder or Path.cwd()).absolute()
    begin(where, os.environ, asker, datetime.now(UTC), new_code=new_code)


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


def day(_: click.Context, __: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no date; write it like 2026-11-01.") from None


@main.command()
@click.option("--user", type=int, help="only this one, by the Telegram id")
@click.option("--since", callback=day, metavar="YYYY-MM-DD", help="default: the 1st of this month")
@click.option("--by", multiple=True, default=["day", "user", "session", "model"],
              type=click.Choice(["day", "user", "session", "model"]),
              help="add up all but this; may be repeated (of the table only)")  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="every row, for other programs")
def cost(user: int | None, since: date | None, by: Sequence[str], *, as_csv: bool) -> None:
    """What was spent. Days begin at midnight of whoever spent."""
    from rich.console import Console  # noqa: PLC0415

    from bridge import spending  # noqa: PLC0415

    settings, now = load(token_needed=False), datetime.now(UTC)
    since = since or spending.this_month(settings, now)
    rows = asyncio.run(spending.spends(settings, user, since, now))
    if as_csv:
        click.echo(spending.as_csv(rows), nl=False)
    elif rows:
        Console().print(spending.as_table(rows, by, settings))
    else:
        click.echo(f"Nothing was spent since {since}.")


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


@route.command()
@click.option("--settings", "file", type=click.Path(path_type=Path), help="the other settings")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="so far back")
def replay(file: Path | None, days: int) -> None:
    """The recorded turns decided again, under other settings or those of now."""
    from rich.console import Console  # noqa: PLC0415

    from bridge import replaying  # noqa: PLC0415

    settings = load(token_needed=False)
    other = load(token_needed=False, file=file) if file else settings
    turns = asyncio.run(replaying.turns(settings, datetime.now(UTC) - timedelta(days=days)))
    if not turns:
        click.echo(NO_TURNS.format(days=days))
        return
    found = replaying.again(turns, settings, other)
    Console().print(replaying.replay_table(found))
    click.echo("\n".join(replaying.changes(found)) or "No turn changes.")


@route.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="so far back")
@click.option("--json", "as_json", is_flag=True)
def stats(days: int, *, as_json: bool) -> None:
    """Share and cost of each model, against [routing.expect]."""
    from rich.console import Console  # noqa: PLC0415

    from bridge import replaying  # noqa: PLC0415

    settings = load(token_needed=False)
    turns = asyncio.run(replaying.turns(settings, datetime.now(UTC) - timedelta(days=days)))
    figures = replaying.stats(turns, settings)
    if as_json:
        click.echo(json.dumps(figures))
    elif turns:
        Console().print(replaying.stats_table(figures))
        click.echo("\n".join(replaying.remarks(figures, settings.routing.expect.tolerance)))
    else:
        click.echo(NO_TURNS.format(days=days))


@main.group()
def config() -> None:
    """The settings."""


@config.command()
@click.argument("prefix", default="")
@click.option("--json", "as_json", is_flag=True)
def show(prefix: str, *, as_json: bool) -> None:
    """What is in force, and where it comes from: all of it, or what begins with PREFIX."""
    from bridge.settings.load import Source  # noqa: PLC0415
    from bridge.settings.show import shown  # noqa: PLC0415

    source = Source(os.environ, Path.cwd(), token_needed=False)
    found = shown(*source.inspect(), prefix)
    if not found:
        raise SettingsError(f"There is no setting that begins with {prefix}.")
    if as_json:
        every = {one.key: {"value": one.value, "origin": one.origin} for one in found}
        click.echo(json.dumps(every, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(map(str, found)))
