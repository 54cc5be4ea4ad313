"""The blocks of code in an answer: where they stand and what they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.common.utils import unescapeAll

from bridge.telegram.markdown import clean, outline

LANGUAGE = re.compile(r"[\w+#.-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Block:
    """Code between fences. Lines are those that line feeds make of a cleaned text, from 0."""

    start_line: int  # the opening fence; in a list its bullet may stand before it
    end_line: int  # behind the closing fence
    language: str  # "" when none is named
    text: str

    @property
    def lines(self) -> int:
        return len(self.text.removesuffix("\n").split("\n")) if self.text else 0


def blocks(markdown: str) -> Sequence[Block]:
    """In their order; those in lists and quotes too, and one that is not closed yet."""
    return [
        Block(token.map[0], token.map[1], titled(token.info)[0], token.content)
        for token in outline(clean(markdown))
        if token.type == "fence" and token.map
    ]


def titled(info: str) -> tuple[str, str]:
    """The language and what else stands on the line that opens code."""
    info = unescapeAll(info).strip()
    language, _, title = info.partition(" ")
    return (language, title.strip()) if LANGUAGE.fullmatch(language) else ("", info)
