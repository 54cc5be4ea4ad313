"""What a bot can download. Telegram tells the size beforehand, so nothing is stored in vain."""

from collections.abc import Iterable

from bridge.errors import BridgeError
from bridge.model import Attachment
from bridge.telegram.bot import PUBLIC

MOST = 20 * 1024 * 1024  # bytes that Telegram's own server hands out; another one may give more
TOO_LARGE = (
    "I cannot take {name}: it has {size} MB, and Telegram gives bots files up to 20 MB. "
    "Send it in smaller parts, or put it into my folder yourself."
)


class TurnedAway(BridgeError):
    """It is not taken in; the message says why."""


def check(files: Iterable[Attachment], base_url: str) -> None:
    """TurnedAway: one is larger than this server hands out."""
    if base_url != PUBLIC:
        return
    for file in files:
        if file.size > MOST:
            raise TurnedAway(too_large(file))


def too_large(file: Attachment) -> str:
    return TOO_LARGE.format(name=f"`{shown(file.name)}`", size=-(-file.size // 1_000_000))


def shown(name: str) -> str:
    """On one line of a message, with nothing in it that is read as formatting."""
    line = "".join(letter if letter.isprintable() and letter != "`" else "_" for letter in name)
    return line if len(line) <= 60 else f"{line[:59]}…"
