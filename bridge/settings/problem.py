"""A problem with the settings, and the place the owner has to go to.

A problem knows its key only. Where that key stands is looked up in the layers at the end, so the
checks need not know whether a value came from a file or from the environment.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Key = tuple[str | int, ...]  # ("budgets", "users", "111", "day_usd")

# What the bot's token and an API key look like, wherever somebody has put them by mistake.
SECRET = re.compile(r"\b\d{6,}:[\w-]{20,}|\bsk-[\w-]{16,}")
HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, or (line 0) a variable. Places sort in the order they are read."""

    layer: int
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and what is allowed. `place` is given where the key alone cannot tell it."""

    key: Key
    text: str
    place: Place | None = None


def dotted(key: Key) -> str:
    """As TOML writes it; numbers of elements are left out."""
    return ".".join(quoted(part) for part in key if not isinstance(part, int))


def quoted(name: str) -> str:
    """Where TOML needs it."""
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", name)
    return name if bare else json.dumps(name, ensure_ascii=False)


def redacted(text: str) -> str:
    return SECRET.sub(HIDDEN, text)


def unknown(what: str, word: str, allowed: Iterable[str]) -> str:
    """The sentence for a name that does not exist: what is near, and what is allowed."""
    names = sorted(allowed)
    return f"unknown {what}{near(word, names)} allowed: {', '.join(names) or 'none yet'}"


def near(word: str, names: Iterable[str]) -> str:
    """The middle of a sentence: a suggestion, if there is one."""
    found = get_close_matches(word, names, n=1)
    return f', did you mean "{found[0]}"?' if found else ";"


def shown(value: object) -> str:
    """A value as the file has it, short."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool | str):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= 60 else f'{text[:56]}…"'
    return "a huge number" if isinstance(value, int) and abs(value) > 10**20 else str(value)
