"""The end of a text that grows, short enough to be drawn once a second.

It begins where a block begins, so that it looks as it does in the whole. Only a block that is
far too long is cut: code goes on as code, a table keeps its head, a list begins with an item.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from bridge.telegram.markdown import clean, outline

NESTING = ("bullet_list_open", "ordered_list_open", "blockquote_open")


class Place(NamedTuple):
    """Where a block stands: from character `start` up to, not including, `stop`."""

    start: int
    stop: int
    level: int
    type: str
    opening: str  # what its end needs in front: the line that opens code, the head of a table


def recent(markdown: str, most: int) -> str:
    """About the last `most` characters; up to twice as many, so that a block is whole."""
    source = clean(markdown)
    cut = len(source) - most
    if cut <= 0:
        return source
    places = outlined(source)
    outer = [place for place in places if place.level == 0 and place.start <= cut]
    if not outer or outer[-1].stop <= cut:
        return source[cut:]
    if cut - outer[-1].start <= most:
        return source[outer[-1].start :]
    return outer[-1].opening + source[inside(outer[-1], places, source, cut) :]


def inside(block: Place, places: Sequence[Place], source: str, cut: int) -> int:
    """Where to cut a block that is too long."""
    if block.type == "table_open":
        return source.find("\n", cut) + 1
    if block.type in NESTING:
        near = range(cut, min(block.stop, (cut + len(source)) // 2))
        parts = ((part.level, part.start) for part in places if part.start in near)
        return min(parts, default=(0, cut))[1]
    return cut


def outlined(source: str) -> list[Place]:
    lines = list(accumulate((len(line) + 1 for line in source.split("\n")), initial=0))
    places: list[Place] = []
    for token in outline(source):
        if token.map:
            first, last = token.map
            opening = f"{token.markup}{token.info}\n" if token.type == "fence" else ""
            if token.type == "table_open":
                opening = source[lines[first] : lines[first + 2]]
            places.append(Place(lines[first], lines[last], token.level, token.type, opening))
    return places
