"""Which addresses Telegram takes for a link, and how to show the others.

One address it does not take and the whole message is refused, so a link is kept only when
it is surely good: an http or https address whose host has a dot, or a tg one. Stricter than
Telegram in one place, on purpose: `https://known.com@elsewhere.com` deceives, so it is shown.
"""

import re

from mdurl import decode

WEB = re.compile(
    r"https?://[\w~-]+(?:\.[\w~-]+)+(?::(\d{1,5}))?(?:[/?#]\S*)?", re.ASCII | re.IGNORECASE
)
APP = re.compile(r"tg://[A-Z0-9_-]+(?:[/?#]\S*)?", re.ASCII | re.IGNORECASE)
LONGEST = 2048  # characters; a longer one would fill the room for entities by itself


def accepts(url: str) -> bool:
    if len(url) > LONGEST or not url.isascii():
        return False
    if web := WEB.fullmatch(url):
        return web[1] is None or 0 < int(web[1]) < 65536
    return APP.fullmatch(url) is not None


def shown(url: str) -> str:
    """An address as a person wrote it: `ü` rather than `%C3%BC`."""
    return " ".join(decode(url).removeprefix("mailto:").split())


def note(url: str, label: str) -> str:
    """What to add behind `label` when it cannot be a link; nothing where that says it all."""
    address = shown(url)
    if not label.strip():
        return address
    if not address or address.startswith("#") or address in label:
        return ""
    return f" ({address})"
