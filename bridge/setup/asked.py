"""What is asked, and which answers are good."""

import asyncio
import re
from collections.abc import Mapping
from zoneinfo import available_timezones

from bridge.booth.keys import credential
from bridge.setup import zone
from bridge.setup.questions import Question, Wrong
from bridge.telegram.bot import Bot, TokenRefused
from bridge.telegram.person import tidy

TOKEN = re.compile(r"\d+:[\w-]+")
LEAST, MOST = 0.01, 1000.0  # dollars a day
NO_LOGIN = (
    "There is no Claude login on this machine for this user. Run `claude` in another terminal and "
    "log in there, then press Enter; or paste a key."
)


def token(base_url: str) -> Question[tuple[str, str]]:
    """The token, and the bot's own @name, which Telegram tells. ChatError: it cannot be asked."""

    def read(answer: str) -> tuple[str, str]:
        if not TOKEN.fullmatch(answer):
            raise Wrong("That is no token. It looks like 123456789:AAE-and-35-characters.")
        try:
            return answer, asyncio.run(username(answer, base_url))
        except TokenRefused:
            raise Wrong("Telegram does not know this token. Copy it again, as a whole.") from None

    text = "The bot's token (in Telegram, @BotFather makes a bot with /newbot; it stays hidden)"
    return Question("--token", text, read, hidden=True)


async def username(token: str, base_url: str) -> str:
    """ChatError: Telegram refused the token, or cannot be reached."""
    async with Bot(token, base_url) as bot:
        me = await bot.call("getMe")
    return str(me.get("username", ""))


def login(environ: Mapping[str, str]) -> Question[str]:
    """An API key or a token of `claude setup-token`; "" = this machine is logged in."""

    def read(answer: str) -> str:
        if not answer and credential("", environ) is None:
            raise Wrong(NO_LOGIN)
        if answer and not re.fullmatch(r"sk-\S{8,}", answer):
            raise Wrong("That is no key: it begins with sk- and has no spaces.")
        return answer

    text = (
        "An API key of Anthropic, or what `claude setup-token` prints; Enter if Claude Code is "
        "logged in here (it stays hidden)"
    )
    return Question("--key", text, read, default="", hidden=True)


def name() -> Question[str]:
    text = "Your name, as the bot shall call you"
    return Question("--name", text, tidy, default="", shown="as in Telegram")


def timezone(environ: Mapping[str, str]) -> Question[str]:
    def read(answer: str) -> str:
        if not zone.known(answer):
            raise Wrong(zone.unknown(answer, available_timezones()))
        return answer

    text = "Your time zone, for when the days of your budget begin"
    return Question("--timezone", text, read, default=zone.guessed(environ))


def budget(usual: float) -> Question[float]:
    """Dollars a day."""

    def read(answer: str) -> float:
        found = re.fullmatch(r"\$?(\d{1,4}(?:\.\d{1,2})?)", answer)
        amount = float(found[1]) if found else 0.0
        if not LEAST <= amount <= MOST:
            raise Wrong(f"Write dollars, from {LEAST:.2f} to {MOST:.0f}, such as 2.50.")
        return amount

    text = "What you may spend in a day, in dollars; in a month 20 times as much"
    return Question("--day-usd", text, read, default=f"{usual:.2f}")
