"""Small phrases that several commands use. Pure."""

from collections.abc import Iterable
from datetime import timedelta


def code(text: str) -> str:
    """Names of people's choosing, so that none of it counts as Markdown."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def codes(names: Iterable[str]) -> str:
    return ", ".join(code(name) for name in names)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ago(since: timedelta) -> str:
    minutes = int(since.total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th; 11th, 12th, 13th."""
    teens = 10 <= number % 100 <= 20
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
