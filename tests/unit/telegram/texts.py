"""Markdown to try the renderer on: constructs, generated texts, and the words in them."""

import html
import random
import re
from collections.abc import Iterable

from markdown_it import MarkdownIt

PLACES = (
    "https://example.com/a_b?c=d#e",
    "http://localhost:3000",
    "src/foo.py",
    "#top",
    "mailto:a@b.de",
    "tg://resolve?domain=x",
    "ftp://example.com",
    "javascript:alert(1)",
    "https://example.com:99999/",
    "//example.com",
    "<with space>",
    "",
    "https://münchen.de/ü",
    "https://user@example.com",
    "http://[::1]/",
    "file:///etc/passwd",
    "https://a..b/",
)
FILES = ("README.md", "src/foo.py", "main.rs", "./a.sh", "C:\\x.md", "example.com/a,b", "1.2.3.4")
WORD = re.compile(r"w\d+w")


class Writer:
    """Writes random Markdown in which every visible word is unique: w1w, w2w, ..."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._words = 0

    def document(self, blocks: int) -> str:
        return "\n\n".join(self.block(2) for _ in range(blocks))

    def block(self, depth: int) -> str:
        kinds = [
            self.paragraph,
            self.heading,
            self.fence,
            self.table,
            self.indented,
            self.rule,
            self.definition,
        ]
        if depth and self._chance.random() < 0.5:
            nested = self._chance.choice([self.quote, self.bullets, self.numbers, self.tasks])
            return nested(depth - 1)
        return self._chance.choice([self.paragraph, self.paragraph, *kinds])()

    def word(self) -> str:
        self._words += 1
        wide = self._chance.choice(["", "", "", "", "ü", "中", "😀", "👩‍👩‍👧"])
        return f"w{self._words}w{wide and ' ' + wide}"

    def inline(self, depth: int = 2) -> str:
        return " ".join(self.piece(depth) for _ in range(self._chance.randint(1, 6)))

    def piece(self, depth: int) -> str:
        pick = self._chance.randint(0, 19)
        if pick < 8 or not depth:
            return self.word()
        inner = self.inline(depth - 1)
        place = self._chance.choice(PLACES)
        pieces = [
            f"**{inner}**", f"*{inner}*", f"~~{inner}~~", f"***{inner}***", f"`{self.word()}`",
            f"[{inner}]({place})", f'[{inner}]({place} "{self.word()}")', f"![{inner}]({place})",
            self._chance.choice(FILES), f"<b>{inner}</b>", f"&amp; {inner} &#9731;", "https://x.org/y.md",
        ]  # fmt: skip
        return pieces[pick - 8]

    def paragraph(self) -> str:
        ends = self._chance.choice(["\n", "  \n", "\\\n", " "])
        return ends.join(self.inline() for _ in range(self._chance.randint(1, 3)))

    def heading(self) -> str:
        if self._chance.random() < 0.3:
            return f"{self.inline(1)}\n{self._chance.choice('=-') * 3}"
        return f"{'#' * self._chance.randint(1, 6)} {self.inline(1)}"

    def fence(self) -> str:
        mark = self._chance.choice(["```", "~~~", "````"])
        info = self._chance.choice(
            ["", "python", f"py {self.word()}", "c++", f"{{.x}} {self.word()}"]
        )
        lines = "\n".join(f"    {self.word()}  " for _ in range(self._chance.randint(0, 4)))
        return f"{mark}{info}\n{lines}\n{mark}"

    def indented(self) -> str:
        return f"    {self.word()}\n\n        {self.word()}"

    def rule(self) -> str:
        return self._chance.choice(["---", "* * *", "___"])

    def definition(self) -> str:
        return f"[{self.word()}]: {self._chance.choice(['/x', 'https://x.org'])}"

    def table(self) -> str:
        columns = self._chance.randint(1, 4)
        rows = [
            " | ".join(self.inline(1) for _ in range(columns + self._chance.choice([0, 0, 1])))
            for _ in range(self._chance.randint(0, 3))
        ]
        head = " | ".join(self.inline(1) for _ in range(columns))
        rule = " | ".join(self._chance.choice(["---", ":-:", "--:"]) for _ in range(columns))
        return "\n".join(f"| {row} |" for row in (head, rule, *rows))

    def quote(self, depth: int) -> str:
        return indent(self.few(depth), "> ", "> ")

    def bullets(self, depth: int) -> str:
        return "\n".join(indent(self.few(depth), "- ", "  ") for _ in range(2))

    def numbers(self, depth: int) -> str:
        start = self._chance.choice([0, 1, 5, 99])
        return "\n".join(indent(self.few(depth), f"{start + n}. ", "    ") for n in range(2))

    def tasks(self, depth: int) -> str:
        return "\n".join(indent(self.few(depth), f"- [{box}] ", "  ") for box in " x")

    def few(self, depth: int) -> str:
        return "\n\n".join(self.block(depth) for _ in range(self._chance.randint(1, 2)))


def indent(text: str, first: str, rest: str) -> str:
    head, *lines = text.split("\n")
    return "\n".join([first + head, *(rest + line if line else rest.rstrip() for line in lines)])


class Reference(MarkdownIt):
    """Takes every address for one; a refused link is no text with brackets here either."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return True


REFERENCE = Reference("commonmark", {"html": False}).enable(["table", "strikethrough"])
BLOCKS = re.compile(r"</?(?:p|h\d|li|ul|ol|t[dhr]|table|thead|tbody|pre|blockquote|hr|br)\b[^>]*>")
PICTURE = re.compile(r'<img [^>]*alt="([^"]*)"[^>]*>')
BOX = re.compile(r"(<li>\s*(?:<p>)?)\[[ xX]\] ")
TAG = re.compile(r"<[^>]*>")
SEAM = "\u01c2"  # a letter of its own, so that it is part of a word


def shown_words(markdown: str) -> list[str]:
    """The words a browser would show, according to the library's own HTML; a task's box is none."""
    return words(visible(BOX.sub(r"\1", REFERENCE.render(markdown))))


def visible(page: str) -> str:
    """What a browser shows of that HTML, with a seam between links side by side."""
    page = PICTURE.sub(r"\1", page).replace("</a><a", f"</a>{SEAM}<a")
    return html.unescape(TAG.sub("", BLOCKS.sub(" ", page)))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def missing(wanted: Iterable[str], text: Iterable[str]) -> str:
    """The first word that does not follow the ones before it; "" when all are there.

    At a seam there may stand an address of ours, which makes two words of one.
    """
    found, at = list(text), 0
    for word in wanted:
        ways = ([word.replace(SEAM, "")], word.split(SEAM)) if SEAM in word else ([word],)
        ends = [end for way in ways if (end := behind(way, found, at)) is not None]
        if not ends:
            return word
        at = min(ends)
    return ""


def behind(words: Iterable[str], found: list[str], at: int) -> int | None:
    """Where to look on behind them; None when they are not there."""
    for word in filter(None, words):
        try:
            at = found.index(word, at) + 1
        except ValueError:
            return None
    return at
