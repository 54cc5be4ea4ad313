"""Formatting while it is being worked on: in characters, and not yet fit for Telegram.

`rich` makes it fit. The rules are Telegram's: nothing stands over the space around words,
nothing is empty, and nothing overlaps `code` or `pre`, which stand alone. A `text_link` is
worth more than the look of code inside it, and a quote may hold everything but a quote.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bridge.telegram.rich import Entity, Rich, Ruler, Style

ALONE = ("code", "pre")
BLOCKS = ("blockquote", "pre")
# Letters by their category, yet nothing to see: Telegram takes a text of them for empty.
BLANK = frozenset("\u2800\u3164\u115f\u1160\uffa0")
STYLES = ("bold", "italic", "strikethrough", "text_link", "underline")


class Span(NamedTuple):
    """Formatting from character `start` up to, not including, `end`."""

    start: int
    end: int
    type: Style
    url: str = ""
    language: str = ""

    def clip(self, start: int, end: int) -> "Span":
        """The part of it within [start, end), counted from `start`."""
        return self._replace(start=max(self.start, start) - start, end=min(self.end, end) - start)


def rich(text: str, spans: Iterable[Span]) -> Rich:
    """Fit for Telegram; empty when there is nothing to see in it."""
    text = text.rstrip()
    if not any(map(visible, text)):
        return Rich("")
    trimmed = [span for span in (trim(span, text) for span in spans) if span.start < span.end]
    ruler = Ruler(text)
    entities = (entity(span, ruler) for span in sorted(carve(trimmed, text), key=order))
    return Rich(text, tuple(entities))


def spans(rich: Rich) -> list[Span]:
    """The other way: sorted as the entities are."""
    ruler = Ruler(rich.text)
    return [
        Span(ruler.chars(e.offset), ruler.chars(e.offset + e.length), e.type, e.url, e.language)
        for e in rich.entities
    ]


def order(span: Span) -> tuple[int, int, str]:
    return span.start, -span.end, span.type


def entity(span: Span, ruler: Ruler) -> Entity:
    start = ruler.units(span.start)
    return Entity(span.type, start, ruler.units(span.end) - start, span.url, span.language)


def trim(span: Span, text: str) -> Span:
    """Without the space at its ends; the indentation of a block is its own."""
    start, end = span.start, min(span.end, len(text))
    inline = span.type not in BLOCKS
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace() and (text[start] == "\n" or inline):
        start += 1
    return span if (start, end) == span[:2] else span._replace(start=start, end=end)


def carve(spans: Sequence[Span], text: str) -> list[Span]:
    """Styles cut into the pieces that lie outside `code` and `pre`."""
    alone = sorted(span for span in spans if span.type in ALONE)
    starts = [span.start for span in alone]
    carved: list[Span] = []
    for span in spans:
        if span.type in STYLES:
            carved += outside(span, alone[near(starts, span.start) :], text)
        else:
            carved.append(span)
    return carved


def near(starts: Sequence[int], position: int) -> int:
    """The index of the last one that starts at or before `position`, or of the first."""
    return max(bisect_right(starts, position) - 1, 0)


def outside(span: Span, alone: Iterable[Span], text: str) -> list[Span]:
    pieces: list[Span] = []
    start = span.start
    for other in alone:
        if other.start >= span.end:
            break
        if other.end > start:
            pieces.append(span._replace(start=start, end=other.start))
            start = other.end
    if not pieces and start == span.start:
        return [span]
    pieces.append(span._replace(start=start))
    pieces = [trim(piece, text) for piece in pieces if piece.start < piece.end]
    return [piece for piece in pieces if piece.start < piece.end]


def visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in BLANK
