"""What stands within a paragraph: words, emphasis, code, links and pictures."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markdown_it.token import Token

from bridge.telegram.links import accepts, note, shown
from bridge.telegram.page import Mark, Page
from bridge.telegram.rich import Style

STYLES: dict[str, Style] = {"em": "italic", "strong": "bold", "s": "strikethrough"}


class Link(NamedTuple):
    start: Mark
    url: str
    title: str
    kept: bool  # as a link; otherwise its address is written out


class Inline:
    """Writes inline tokens to a page. `plain`: without links, for places that cannot hold one."""

    def __init__(self, page: Page, *, plain: bool = False) -> None:
        self._page = page
        self._plain = plain
        self._links: list[Link] = []
        self._rules: dict[str, Callable[[Token], None]] = {
            "text": self._text,
            "code_inline": self._code,
            "softbreak": self._break,
            "hardbreak": self._break,
            "link_open": self._open_link,
            "link_close": self._close_link,
            "image": self._image,
        }
        for tag in STYLES:
            self._rules[f"{tag}_open"] = self._open
            self._rules[f"{tag}_close"] = self._close

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            self._rules[token.type](token)

    def _text(self, token: Token) -> None:
        if token.content:
            self._page.write(token.content)

    def _code(self, token: Token) -> None:
        start = self._page.mark()
        self._page.write(token.content)
        if not self._linked:
            self._page.span(start, "code")

    def _break(self, _: Token) -> None:
        self._page.newline()

    def _open(self, token: Token) -> None:
        self._page.open(STYLES[token.tag])

    def _close(self, token: Token) -> None:
        self._page.close(STYLES[token.tag])

    def _open_link(self, token: Token) -> None:
        self._begin(str(token.attrs["href"]), str(token.attrs.get("title", "")))

    def _close_link(self, _: Token) -> None:
        self._end()

    def _image(self, token: Token) -> None:
        """A link with the alternative text; within another link only that text."""
        self._begin(str(token.attrs["src"]), str(token.attrs.get("title", "")))
        self.write(token.children or ())
        self._end()

    @property
    def _linked(self) -> bool:
        return any(link.kept for link in self._links)

    def _begin(self, url: str, title: str) -> None:
        kept = not self._plain and not self._linked and accepts(url)
        self._links.append(Link(self._page.mark(), url, title, kept))

    def _end(self) -> None:
        """A good address within another link's text goes: there is only room for one."""
        page, inner = self._page, self._linked
        link = self._links.pop()
        label = page.since(link.start)
        if link.kept:
            page.write("" if label.strip() else shown(link.url))
            page.span(link.start, "text_link", url=link.url)
        elif not (inner and label.strip() and accepts(link.url)):
            page.write(note(link.url, label))
        if link.title and link.title not in label:
            page.write(f" ({' '.join(link.title.split())})")
