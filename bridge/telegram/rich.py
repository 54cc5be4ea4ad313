"""Text with its formatting, in the form Telegram takes it.

Telegram counts in UTF-16 units: a character outside the Basic Multilingual Plane, such as
an emoji, counts twice. Everything else of ours counts characters; `Ruler` converts.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any, Literal

Style = Literal[
    "blockquote", "bold", "code", "italic", "pre", "strikethrough", "text_link", "underline"
]

ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Entity:
    """The formatting of one stretch of text. `offset` and `length` are UTF-16 units."""

    type: Style
    offset: int
    length: int
    url: str = ""
    language: str = ""

    def to_api(self) -> dict[str, Any]:
        api: dict[str, Any] = {"type": self.type, "offset": self.offset, "length": self.length}
        if self.url:
            api["url"] = self.url
        if self.language:
            api["language"] = self.language
        return api


@dataclass(frozen=True, slots=True)
class Rich:
    """Text and its entities, sorted by offset, the longer one first."""

    text: str
    entities: tuple[Entity, ...] = ()

    @property
    def units(self) -> int:
        """Length in UTF-16 units."""
        return len(self.text) + len(ASTRAL.findall(self.text))

    def to_api(self) -> list[dict[str, Any]]:
        """The entities as the Bot API's JSON."""
        return [entity.to_api() for entity in self.entities]


class Ruler:
    """Positions in one text: characters to UTF-16 units and back."""

    def __init__(self, text: str) -> None:
        found = () if text.isascii() else ASTRAL.finditer(text)
        self._chars = [match.start() for match in found]
        self._units = [chars + before for before, chars in enumerate(self._chars)]

    def units(self, chars: int) -> int:
        return chars + bisect_left(self._chars, chars)

    def chars(self, units: int) -> int:
        """The character at that unit; the one before it when the unit is its second half."""
        return units - bisect_left(self._units, units)
