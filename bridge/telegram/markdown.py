"""Markdown to the tokens of markdown-it: CommonMark, tables, strikethrough; no HTML.

Set up so that nothing said is lost on the way: HTML stays text, an address of any scheme
makes a link (bridge/telegram/links.py decides what becomes of it), and definitions of links
come as tokens of their own instead of vanishing.
"""

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bridge.telegram.rules import hasten

DEEPEST = 25  # levels of quotes and lists; markdown-it drops what lies deeper
OPTIONS = {
    "html": False,
    "inline_definitions": True,
    "store_labels": True,
    "maxNesting": DEEPEST,
}

# What a message cannot hold; a lone half of a surrogate pair cannot even be encoded.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SURROGATE = re.compile("[\ud800-\udfff]")
# An address that is written the way the library would write it.
NORMAL = re.compile(r"https?://[a-z0-9.-]+(?:[/?#][\w.~:/?#@!$&'()*+,;=-]*)?", re.ASCII)


class Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - the library's name
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return url if NORMAL.fullmatch(url) else super().normalizeLink(url)


PARSER = Parser("commonmark", OPTIONS).enable("table").disable(["html_block", "normalize"])
PARSER.inline.ruler2.enable("strikethrough")
hasten(PARSER)


def clean(markdown: str) -> str:
    """Only what a message can hold, with plain line feeds."""
    lines = markdown.replace("\r\n", "\n").replace("\r", "\n")
    return SURROGATE.sub("\ufffd", CONTROL.sub(" ", lines))


def parse(source: str) -> list[Token] | None:
    """The tokens of a cleaned text. None: nested so deep that some of it would be lost."""
    tokens = PARSER.parse(source)
    return None if any(token.level >= DEEPEST - 1 for token in tokens) else tokens


def outline(source: str) -> list[Token]:
    """The blocks of a cleaned text alone; what stands within them is not read."""
    tokens: list[Token] = []
    PARSER.block.parse(source, PARSER, {}, tokens)
    return tokens


def labels(tokens: Iterable[Token]) -> set[str]:
    """The labels of definitions that a link or picture refers to."""
    return {
        child.meta["label"]
        for token in tokens
        for child in token.children or ()
        if "label" in child.meta
    }
