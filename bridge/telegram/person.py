"""A stranger as Telegram describes them. Names are of anybody's choosing, so little of them stays.

What an owner reads when they approve is what is written down: the button carries the name.
"""

import json
import re
import unicodedata
from dataclasses import dataclass

from bridge.model import Arrival

LONGEST = 30  # bytes of a name: it has to fit a button, beside an id and a verb
MARKS = 2  # accents on one letter
HANDLE = re.compile(r"[A-Za-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True)
class Person:
    """`handle`: the @name, without the @; Telegram gives it to one person only. "" = none."""

    id: int
    name: str
    handle: str = ""


def person(came: Arrival) -> Person:
    """Who has written a message."""
    who = json.loads(came.raw).get("message", {}).get("from", {})
    full = f"{who.get('first_name', '')} {who.get('last_name', '')}"
    handle = str(who.get("username", ""))
    return Person(came.user, tidy(full), handle if HANDLE.fullmatch(handle) else "")


def tidy(name: str) -> str:
    """One short line, with nothing that turns text around, hides in it or piles up on it.

    No @ at its beginning: as a value of the settings that would be refused.
    """
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", name):
        kind = unicodedata.category(letter)[0]
        marks = marks + 1 if kind == "M" else 0
        if kind == "Z" or letter in "`:/\n\t":
            kept.append(" ")
        elif kind != "C" and marks <= MARKS:
            kept.append(letter)
    line = " ".join("".join(kept).split()).lstrip("@ ")
    return line.encode()[:LONGEST].decode(errors="ignore").strip()
