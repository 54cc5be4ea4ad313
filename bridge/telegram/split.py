"""A text too long for one message, cut into messages.

Cut where a reader would pause: between paragraphs, else between lines, else between words;
within formatting only where it is longer than a message itself. A block of code that has to
be cut goes on in the next message as code of the same language.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.telegram.clusters import boundary, boundary_after
from bridge.telegram.rich import Entity, Rich, Ruler
from bridge.telegram.room import Room
from bridge.telegram.spans import rich, spans

COUNTER = 12  # units and bytes kept free for "2/5"
ENTITY = 100  # bytes that a plain entity may take
ELLIPSIS = "…\n"
SPACE = re.compile(r"\s*")
Find = Callable[[int, int], int | None]  # the last place in (low, high], if there is one


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one message. `units` are UTF-16; `entity_bytes` is their JSON, `text_bytes` UTF-8."""

    units: int = 4096
    entities: int = 100
    entity_bytes: int = 9000  # refused with ENTITIES_TOO_LONG near 9,500
    text_bytes: int = 32_768

    def less(self, units: int, text_bytes: int, entities: int = 0) -> "Limits":
        """With that much room kept free."""
        return Limits(
            self.units - units,
            self.entities - entities,
            self.entity_bytes - entities * ENTITY,
            self.text_bytes - text_bytes,
        )


TELEGRAM = Limits()


def split(whole: Rich, limits: Limits = TELEGRAM, *, footer: str = "") -> list[Rich]:
    """None of the parts is empty; more than two have room for what `numbered` adds.

    The footer, one short line, ends the last part and never stands there alone.
    """
    parts = cut(whole, limits, footer)
    if len(parts) <= 2:
        return parts
    return cut(whole, limits.less(COUNTER, COUNTER), footer)


def cut(whole: Rich, limits: Limits, footer: str) -> list[Rich]:
    """The last part is cut again where the footer would not fit below it."""
    parts = Cutter(whole, limits).parts()
    if not footer:
        return parts
    if not parts:
        return [signed(Rich(""), footer)]
    below = f"\n\n{footer}"
    room = limits.less(Rich(below).units, len(below.encode()), entities=1)
    *before, last = parts[:-1] + Cutter(parts[-1], room).parts()
    return [*before, signed(last, footer)]


def signed(text: Rich, footer: str) -> Rich:
    """With the footer in italics below. Joined after rendering, so no open fence swallows it."""
    above = f"{text.text}\n\n" if text.text else ""
    line = Entity("italic", Rich(above).units, Rich(footer).units)
    return Rich(above + footer, (*text.entities, line))


def numbered(parts: Sequence[Rich]) -> list[Rich]:
    """With "2/5" at the end of each when there are more than two."""
    if len(parts) <= 2:
        return list(parts)
    return [
        replace(part, text=f"{part.text}\n\n{number}/{len(parts)}")
        for number, part in enumerate(parts, 1)
    ]


def tail(whole: Rich, limit: int = TELEGRAM.units) -> Rich:
    """Its end, in at most `limit` UTF-16 units, with "…" in front when something is missing.

    For previews of a text that grows: the newest words count.
    """
    return Cutter(whole, replace(TELEGRAM, units=limit)).tail()


class Cutter:
    """One text on its way into parts. Positions are characters."""

    def __init__(self, whole: Rich, limits: Limits) -> None:
        self._whole = whole
        self._limits = limits
        self._text = whole.text.rstrip()
        self._ruler = Ruler(whole.text)
        self._spans = spans(whole)
        self._starts = [span.start for span in self._spans]
        self._room = Room(whole, self._spans, limits.entities, limits.entity_bytes)
        self._kept = self._uncut()

    def parts(self) -> list[Rich]:
        return list(self._parts())

    def _parts(self) -> Iterator[Rich]:
        start = 0
        within: list[int] = []
        while start < len(self._text):
            carried = [n for n in within if self._starts[n] < start < self._spans[n].end]
            reach, within = self._reach(start, carried)
            end = self._cut(start, reach)
            part = self._part(start, end, within)
            if part.text:
                yield part
            start = self._resume(end)

    def tail(self) -> Rich:
        start = self._tail_start()
        if start == 0:
            return self._whole
        part = self._part(start, len(self._text), range(len(self._spans)))
        moved = (replace(e, offset=e.offset + len(ELLIPSIS)) for e in part.entities)
        return Rich(ELLIPSIS + part.text, tuple(moved))

    def _uncut(self) -> list[tuple[int, int]]:
        """Formatting that fits into a message and is not to be cut: disjoint stretches."""
        kept: list[tuple[int, int]] = []
        for span in self._spans:
            length = self._ruler.units(span.end) - self._ruler.units(span.start)
            if length <= self._limits.units and (not kept or span.start >= kept[-1][1]):
                kept.append((span.start, span.end))
        return kept

    def _reach(self, start: int, carried: Sequence[int]) -> tuple[int, list[int]]:
        """How far a part from `start` may go at most, and the formatting in it.

        `carried`: the formatting that began in an earlier part.
        """
        reach = self._ruler.chars(self._ruler.units(start) + self._limits.units)
        fitting = self._text[start:reach].encode()[: self._limits.text_bytes]
        reach = start + len(fitting.decode(errors="ignore"))
        reach = self._room.end(start, reach, carried)
        begun = range(bisect_left(self._starts, start), bisect_left(self._starts, reach))
        return reach, [*carried, *begun]

    def _cut(self, start: int, reach: int) -> int:
        """The best end for a part that begins at `start`."""
        if reach >= len(self._text):
            return len(self._text)
        first = self._skip_space(start)
        for low in (max(first, (start + reach) // 2), first):
            for find in (self._paragraph, self._line, self._word):
                if end := self._outside(find, low, reach):
                    return end
        return (
            self._line(first, reach)
            or self._word(first, reach)
            or self._within(start, first, reach)
        )

    def _outside(self, find: Find, low: int, high: int) -> int | None:
        """The last place that does not cut formatting which fits into a message."""
        while end := find(low, high):
            at = bisect_left(self._kept, (end,)) - 1
            if at < 0 or self._kept[at][1] <= end:
                return end
            high = self._kept[at][0]
        return None

    def _paragraph(self, low: int, high: int) -> int | None:
        return found(self._text.rfind("\n\n", low + 1, high + 2))

    def _line(self, low: int, high: int) -> int | None:
        return found(self._text.rfind("\n", low + 1, high + 1))

    def _word(self, low: int, high: int) -> int | None:
        return next((at for at in range(high, low, -1) if self._text[at].isspace()), None)

    def _within(self, start: int, first: int, reach: int) -> int:
        """In a word longer than a message; one that fits only begins later without its space."""
        if start < first < reach:
            return first
        end = boundary(self._text, reach)
        return end if end > start else reach

    def _skip_space(self, at: int) -> int:
        space = SPACE.match(self._text, at)
        return space.end() if space else at

    def _resume(self, end: int) -> int:
        """Where the next part begins: indentation stays, empty lines do not."""
        text = self._skip_space(end)
        line = self._text.rfind("\n", end, text)
        return text if line < 0 else line + 1

    def _part(self, start: int, end: int, within: Iterable[int]) -> Rich:
        inside = (self._spans[index] for index in within)
        clipped = [s.clip(start, end) for s in inside if s.start < end and s.end > start]
        return rich(self._text[start:end], clipped)

    def _tail_start(self) -> int:
        """0 when everything fits."""
        excess = self._ruler.units(len(self._text)) - self._limits.units
        start = self._ruler.chars(excess + len(ELLIPSIS) + 1) if excess > 0 else 0
        start = max(start, self._room.start())
        return start and self._pause(start)

    def _pause(self, start: int) -> int:
        """The next beginning of a line, else of a word, unless that is far."""
        far = start + self._limits.units // 4
        if self._text[start - 1] == "\n":
            return start
        if line := found(self._text.find("\n", start, far)):
            return line + 1
        spaces = (at for at in range(start, min(far, len(self._text))) if self._text[at].isspace())
        at = next(spaces, None)
        return boundary_after(self._text, start) if at is None else self._skip_space(at)


def found(at: int) -> int | None:
    return at if at >= 0 else None
