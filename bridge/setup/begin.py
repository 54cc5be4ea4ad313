"""`tollbridge init`, from top to bottom: look at what there is, ask, write, say what is next.

What is there stays: only what is missing is asked for and added. So a second run changes nothing.
The owner's id is not asked, since nobody knows theirs: who sends the code that is shown is it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click
from pydantic import SecretStr

from bridge.alarm import named, owners
from bridge.booth.keys import credential
from bridge.errors import ChatError, SettingsError
from bridge.settings import Settings, pairing
from bridge.settings.edit import Editor
from bridge.settings.load import Source
from bridge.settings.schema import Pairing
from bridge.setup import asked
from bridge.setup.questions import Asker
from bridge.telegram.bot import TokenRefused

DAY_USD, DAYS = 1.0, 20  # dollars where no settings say it; a month's budget in those of a day
PUBLIC = "https://api.telegram.org"

OPEN = (
    "A pairing code is open until {until}; only its hash is kept, so it cannot be shown again. "
    "`tollbridge init --new-code` makes another one."
)
DONE = "Nothing is missing. {owner} is the owner. Start the bot with `tollbridge run`."
NEXT = """
Start the bot with `tollbridge run` and send it this, in Telegram{to}:

    /start {code}
{link}
The first one who does so within 24 hours becomes the owner.\
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was missing; None: it was not, or there was nobody to ask. `bot`: its @name, if told."""

    token: str | None = None
    bot: str = ""
    key: str | None = None
    offered: Pairing | None = None
    code: str = ""


def begin(
    folder: Path, environ: Mapping[str, str], asker: Asker, now: datetime, *, new_code: bool
) -> None:
    """UsageError: an answer is missing or wrong. BridgeError: a sentence; nothing was written."""
    editor = Editor(Source(environ, folder, token_needed=False))
    settings = editor.source.read()
    answers = gathered(settings, environ, asker, now, new_code=new_code)
    asker.finish()
    write(answers, settings, editor)
    tell(answers, settings)


def gathered(
    settings: Settings, environ: Mapping[str, str], asker: Asker, now: datetime, *, new_code: bool
) -> Answers:
    token, bot = telegram(settings, asker)
    key = login(settings, environ, asker)
    if not (new_code or due(settings, now)):
        return Answers(token, bot, key)
    code = pairing.fresh()
    return Answers(token, bot, key, offered(settings, environ, asker, now, code), code)


def telegram(settings: Settings, asker: Asker) -> tuple[str | None, str]:
    """The token, if it was missing, and the bot's name; "" = Telegram is away just now."""
    base_url = settings.telegram.base_url
    if there := settings.telegram.token.get_secret_value():
        return None, met(there, base_url)
    found = asker.ask(asked.token(base_url))
    if found:
        click.echo(f"  This is @{found[1]}.")
    return found or (None, "")


def met(token: str, base_url: str) -> str:
    try:
        return asyncio.run(asked.username(token, base_url))
    except TokenRefused:
        raise
    except ChatError as error:
        click.echo(f"The token was not tried: {error}")
        return ""


def login(settings: Settings, environ: Mapping[str, str], asker: Asker) -> str | None:
    if credential(settings.anthropic.api_key.get_secret_value(), environ):
        return None
    return asker.ask(asked.login(environ)) or None


def due(settings: Settings, now: datetime) -> bool:
    """Whether nobody is the owner, nor can become it."""
    end = settings.access.pairing.end
    return not owners(settings) and (end is None or end <= now)


def offered(
    settings: Settings, environ: Mapping[str, str], asker: Asker, now: datetime, code: str
) -> Pairing:
    """A later code is for the same person as the one that it takes the place of."""
    before = settings.access.pairing
    fresh = {
        "code": SecretStr(pairing.sealed(code)),
        "until": (now + pairing.LIFE).isoformat(timespec="seconds"),
    }
    if before.seal:
        return before.model_copy(update=fresh)
    told = {
        "name": asker.ask(asked.name()) or "",
        "timezone": asker.ask(asked.timezone(environ)) or "UTC",
    }
    return before.model_copy(update={**fresh, **told, **budget(settings, asker)})


def budget(settings: Settings, asker: Asker) -> dict[str, Decimal]:
    """Nothing where the usual one will do, or where dollars do not limit."""
    if settings.budgets.unit == "window":
        return {}
    default = settings.budgets.default
    usual = float(default.day_usd or DAY_USD)
    day = asker.ask(asked.budget(usual)) or usual
    if day == usual:
        return {}
    amount = Decimal(str(day))
    return {"day_usd": amount, "month_usd": amount * DAYS}


def write(answers: Answers, settings: Settings, editor: Editor) -> None:
    folder = editor.local.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    if answers.token:
        editor.keep("telegram", "token", answers.token)
    if answers.key:
        editor.keep("anthropic", "api_key", answers.key)
    if answers.offered:
        default = settings.budgets.default
        if default.day_usd is None or default.month_usd is None:
            day = float(default.day_usd or DAY_USD)
            editor.budget(day, float(default.month_usd or day * DAYS))
        editor.offer(answers.offered)


def tell(answers: Answers, settings: Settings) -> None:
    if answers.code:
        click.echo(NEXT.format(to=to(answers.bot), code=answers.code, link=link(answers, settings)))
    elif found := owners(settings):
        click.echo(DONE.format(owner=named(settings, found[0]).replace("`", "")))
    elif end := settings.access.pairing.end:
        click.echo(OPEN.format(until=f"{end.astimezone():%d %b %H:%M}"))


def to(bot: str) -> str:
    return f" to @{bot}" if bot else ""


def link(answers: Answers, settings: Settings) -> str:
    """One that opens the chat with the code in it; a Bot API server of one's own has none."""
    if not answers.bot or settings.telegram.base_url != PUBLIC:
        return ""
    return f"\nor open  https://t.me/{answers.bot}?start={answers.code}\n"
