"""The message as it grows: text, its formatting, and what the next line begins with.

Space between blocks is asked for, not written: whoever wants more of it wins, and at the
end of the message there is none.
"""

from typing import NamedTuple

from bridge.telegram.rich import Style
from bridge.telegram.spans import Span

INDENT = "   "


class Mark(NamedTuple):
    """A place in the text: character, and number of the part it was written in."""

    at: int
    part: int


class Page:
    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.lead = ""  # a bullet or number that waits for its text
        self._parts: list[str] = []
        self._length = 0
        self._gap = 0  # line ends to write before anything else
        self._depth = 0  # of lists
        self._lead_depth = 0
        self._bare = False  # a bullet or number was written, its text was not
        self._open: dict[Style, tuple[int, Mark]] = {}  # how often it is open, since where

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def space(self, lines: int) -> None:
        """What comes next begins on a new line (1), or after an empty one (2)."""
        if not self._bare:
            self._gap = max(self._gap, lines)

    def write(self, text: str) -> None:
        if self._gap or self.lead:
            self._begin_line()
        self._bare = False
        self._parts.append(text)
        self._length += len(text)

    def newline(self) -> None:
        self.write("\n" + INDENT * self._depth)

    def item(self, lead: str) -> None:
        """Begin an item of a list; its lines are indented from now on."""
        self.space(1)
        if not self.lead:
            self._lead_depth = self._depth
        self.lead += lead
        self._depth += 1

    def end_item(self) -> None:
        if self.lead or self._bare:
            self.write("")
        self._depth -= 1

    def mark(self) -> Mark:
        if self.lead:
            self._begin_line()
        return Mark(self._length, len(self._parts))

    def since(self, mark: Mark) -> str:
        return "".join(self._parts[mark.part :])

    def span(self, mark: Mark, style: Style, *, url: str = "") -> None:
        self.spans.append(Span(mark.at, self._length, style, url))

    def open(self, style: Style) -> None:
        """Bold within bold counts once."""
        times, mark = self._open.get(style) or (0, self.mark())
        self._open[style] = (times + 1, mark)

    def close(self, style: Style) -> None:
        times, mark = self._open.pop(style)
        if times > 1:
            self._open[style] = (times - 1, mark)
        else:
            self.span(mark, style)

    def pre(self, text: str, language: str = "") -> None:
        """A block in lines of its own, not indented."""
        if self.lead:
            self._begin_line()
        if self._bare:
            self._bare = False
            self.space(1)
        gap = "\n" * self._gap if self._length else ""
        self._gap = 0
        self.write(gap + text)
        self.spans.append(Span(self._length - len(text), self._length, "pre", language=language))

    def _begin_line(self) -> None:
        depth = self._lead_depth if self.lead else self._depth
        line = ("\n" * self._gap if self._length else "") + INDENT * depth + self.lead
        self._bare = bool(self.lead)
        self._gap, self.lead = 0, ""
        self._parts.append(line)
        self._length += len(line)
