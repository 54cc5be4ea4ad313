"""Which rules of markdown-it are asked, and where.

The library asks each of its rules at every line and at every special character, and nearly all
decline at the first character. Here that character decides who is asked, and what holds no
special character is not read at all: the same tokens a third sooner (the tests compare them).

Two things would take it a time out of proportion to the text: brackets, each of which looks at
everything up to its partner, again and again, and tables of cells that nobody wrote. Beyond a
bound both stay as they are written.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, fence, heading, hr, list_block, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import (
    StateInline,
    autolink,
    backtick,
    emphasis,
    entity,
    escape,
    image,
    link,
    newline,
    strikethrough,
)
from markdown_it.token import Token

BlockRule = Callable[[StateBlock, int, int, bool], bool]
InlineRule = Callable[[StateInline, bool], bool]

# By the first character of a line: what may interrupt a list, and what may begin anywhere.
INTERRUPTING: dict[str, Sequence[BlockRule]] = {
    "`": [fence],
    "~": [fence],
    ">": [blockquote],
    "*": [hr],
    "-": [hr],
    "_": [hr],
}
BEGINNING: dict[str, Sequence[BlockRule]] = {
    **INTERRUPTING,
    "*": [hr, list_block],
    "-": [hr, list_block],
    "+": [list_block],
    "#": [heading],
    **{digit: [list_block] for digit in "0123456789"},
}
WITHIN: dict[str, InlineRule] = {
    "\n": newline,
    "\\": escape,
    "`": backtick,
    "~": strikethrough.tokenize,
    "*": emphasis.tokenize,
    "_": emphasis.tokenize,
    "[": link,
    "!": image,
    "<": autolink,
    "&": entity,
}
SPECIAL = re.compile(f"[{re.escape(''.join(WITHIN))}\\]]")
FEW = 10  # brackets; so few are no work
MOST = 500_000  # steps through brackets in one text: about half a second


def hasten(parser: MarkdownIt) -> None:
    """Put these rules in the place of the library's own."""
    lines, chars = parser.block.ruler, parser.inline.ruler
    lines.before(
        "fence", "beginning", first(BEGINNING), {"alt": ["paragraph", "reference", "blockquote"]}
    )
    lines.before("fence", "interrupting", first(INTERRUPTING), {"alt": ["list"]})
    lines.at("table", filled_table, {"alt": ["paragraph", "reference"]})
    lines.disable(["fence", "blockquote", "hr", "list", "heading"])
    chars.after("text", "within", within)
    chars.enableOnly(["text", "within"])
    parser.inline.terminator_re = SPECIAL
    parser.core.ruler.at("inline", inlines)


def first(rules: Mapping[str, Sequence[BlockRule]]) -> BlockRule:
    """The rule that asks those which the first character of the line allows."""

    def ask(state: StateBlock, line: int, last: int, silent: bool) -> bool:  # noqa: FBT001 - theirs
        start = state.bMarks[line] + state.tShift[line]
        for rule in rules.get(state.src[start : start + 1], ()):
            if rule(state, line, last, silent):
                return True
        return False

    return ask


def filled_table(state: StateBlock, line: int, last: int, silent: bool) -> bool:  # noqa: FBT001
    """A table, unless it is mostly cells that nobody wrote."""
    if not table(state, line, last, silent=True) or hollow(state, line):
        return False
    return silent or table(state, line, last, silent=False)


def hollow(state: StateBlock, line: int) -> bool:
    """Whether its rows lack more cells than they have pairs of characters."""
    start = state.bMarks[line]
    end = state.src.find("\n\n", start)
    rows = state.src[start : end if end >= 0 else None].split("\n")
    cells = sum(row.count("|") + 1 for row in rows)
    return (rows[1].count("|") + 1) * len(rows) - cells > sum(map(len, rows)) // 2


def within(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the library's way
    rule = WITHIN.get(state.src[state.pos])
    return rule is not None and rule(state, silent)


def inlines(state: StateCore) -> None:
    """Read what stands within the blocks."""
    steps = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        content = token.content
        if SPECIAL.search(content) is None:
            token.children = [Token("text", "", 0, content=content)] if content else []
            continue
        steps += tangle(content) if content.count("[") > FEW else 0
        known = plain(content) if steps > MOST else None
        token.children = known or state.md.inline.parse(content, state.md, state.env, [])


def tangle(content: str) -> int:
    """Steps that its brackets may take: at each special character, one for each open bracket."""
    steps = depth = 0
    for match in SPECIAL.finditer(content):
        if match[0] == "[":
            depth += 1
        elif match[0] == "]":
            depth = max(depth - 1, 0)
        steps += depth
    return steps


def plain(content: str) -> list[Token]:
    """Lines of text in which nothing is special."""
    tokens: list[Token] = []
    for line in content.split("\n"):
        if tokens:
            tokens.append(Token("softbreak", "br", 0))
        tokens.append(Token("text", "", 0, content=line.strip()))
    return tokens
