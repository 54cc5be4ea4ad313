"""Markdown to text and entities, as Telegram takes them. Pure, and no word is ever lost.

markdown-it reads; `Writer` walks over what it read and writes a page; what Telegram would
turn into a link of its own is shielded; `spans` makes the formatting fit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from markdown_it.token import Token

from bridge.telegram.blocks import titled
from bridge.telegram.inline import Inline
from bridge.telegram.links import shown
from bridge.telegram.markdown import clean, labels, parse
from bridge.telegram.page import Page
from bridge.telegram.rich import Rich, Style
from bridge.telegram.shield import shields
from bridge.telegram.spans import Span, rich
from bridge.telegram.tables import grid, read

RULE = "─" * 10
BULLETS = "•◦▪"
BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
HEADINGS: dict[str, tuple[Style, ...]] = {"h1": ("bold", "underline"), "h2": ("bold",)}
LOWER: tuple[Style, ...] = ("bold", "italic")
SAFE = ("code", "pre", "text_link")  # Telegram looks for no links in them


def render(markdown: str) -> Rich:
    source = clean(markdown)
    tokens = parse(source)
    if tokens is None:
        return finish(source, [])
    writer = Writer(source, tokens)
    writer.write()
    return finish(writer.page.text, writer.page.spans)


def finish(text: str, spans: list[Span]) -> Rich:
    taken = sorted(span for span in spans if span.type in SAFE)
    return rich(text, spans + shields(text, taken))


@dataclass(slots=True)
class Items:
    """A list that is being written. `number`: of the next item; None for bullets."""

    number: int | None
    delimiter: str

    def lead(self, depth: int) -> str:
        if self.number is None:
            return BULLETS[depth % len(BULLETS)] + " "
        self.number += 1
        return f"{self.number - 1}{self.delimiter} "


class Writer:
    """Writes the tokens of `source` to its page."""

    def __init__(self, source: str, tokens: list[Token]) -> None:
        self.page = Page()
        self._source = source
        self._tokens = tokens
        self._inline = Inline(self.page)
        self._lists: list[Items] = []
        self._quotes = 0
        self._stream = iter(tokens)
        self._rules: dict[str, Callable[[Token], None]] = {
            "inline": self._text,
            "paragraph_open": self._paragraph,
            "heading_open": self._heading,
            "heading_close": self._end_heading,
            "bullet_list_open": self._list,
            "bullet_list_close": self._end_list,
            "ordered_list_open": self._list,
            "ordered_list_close": self._end_list,
            "list_item_open": self._item,
            "list_item_close": self._end_item,
            "blockquote_open": self._quote,
            "blockquote_close": self._end_quote,
            "fence": self._fence,
            "code_block": self._code,
            "hr": self._rule,
            "table_open": self._table,
            "definition": self._definition,
        }

    def write(self) -> None:
        for token in self._stream:
            if rule := self._rules.get(token.type):
                rule(token)

    @cached_property
    def _lines(self) -> list[str]:
        return self._source.split("\n")

    @cached_property
    def _used(self) -> set[str]:
        """Labels of definitions whose address a link carries already."""
        return labels(self._tokens)

    def _space(self) -> None:
        """Blocks stand apart, within lists a little less."""
        self.page.space(1 if self._lists else 2)

    def _paragraph(self, token: Token) -> None:
        self.page.space(1 if token.hidden else 2)

    def _text(self, token: Token) -> None:
        children = token.children or []
        if self.page.lead and children:
            self._box(children[0])
        self._inline.write(children)

    def _box(self, first: Token) -> None:
        """A task: the box takes the place of the bullet, or follows the number."""
        box = BOXES.get(first.content[:4]) if first.type == "text" else None
        if box:
            first.content = first.content[4:].lstrip()
            lead = self.page.lead
            self.page.lead = (lead if self._lists[-1].number else lead[:-2]) + box

    def _heading(self, token: Token) -> None:
        self.page.space(2)
        for style in HEADINGS.get(token.tag, LOWER):
            self.page.open(style)

    def _end_heading(self, token: Token) -> None:
        for style in HEADINGS.get(token.tag, LOWER):
            self.page.close(style)
        self.page.space(2)

    def _list(self, token: Token) -> None:
        self._space()
        start = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None
        self._lists.append(Items(start, token.markup))

    def _end_list(self, _: Token) -> None:
        self._lists.pop()
        self._space()

    def _item(self, _: Token) -> None:
        self.page.item(self._lists[-1].lead(len(self._lists) - 1))

    def _end_item(self, _: Token) -> None:
        self.page.end_item()

    def _quote(self, _: Token) -> None:
        """Telegram has no quotes within quotes: the outermost one holds them all."""
        self._space()
        self.page.open("blockquote")

    def _end_quote(self, _: Token) -> None:
        self.page.close("blockquote")
        self._space()

    def _fence(self, token: Token) -> None:
        language, caption = titled(token.info)
        if not token.content.strip():
            language, caption = "", f"{language} {caption}".strip()
        if caption:
            self._space()
            self.page.write(caption)
        self._pre(token.content, language, lines=1 if caption else 2)

    def _code(self, token: Token) -> None:
        self._pre(token.content)

    def _pre(self, content: str, language: str = "", lines: int = 2) -> None:
        """`lines`: how far below what stands above it."""
        if text := content.rstrip().lstrip("\n"):
            self.page.space(1 if self._lists else lines)
            self.page.pre(text, language)
        self._space()

    def _rule(self, _: Token) -> None:
        self._space()
        self.page.write(RULE)
        self._space()

    def _table(self, _: Token) -> None:
        self._pre(grid(*read(self._stream, self._lines)))

    def _definition(self, token: Token) -> None:
        if token.meta["id"] in self._used:
            return
        title = f" ({token.meta['title']})" if token.meta["title"] else ""
        self.page.space(1)
        self.page.write(f"[{token.meta['label']}]: {shown(token.meta['url'])}{title}")
        self.page.space(1)
