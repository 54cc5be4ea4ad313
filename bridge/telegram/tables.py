"""Tables for a monospaced font: columns as wide as they look, not as long as they are."""

from collections.abc import Iterator, Sequence
from typing import Literal

from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token
from rich.cells import cell_len

from bridge.telegram.inline import Inline
from bridge.telegram.page import Page

Align = Literal["left", "center", "right"]
Rows = list[list[str]]

WIDEST = 100  # columns on a screen; a cell beyond that stands out, the others do not follow it


def read(stream: Iterator[Token], lines: Sequence[str]) -> tuple[Rows, list[Align]]:
    """The tokens after `table_open`, up to the end of the table. `lines`: the Markdown."""
    rows: Rows = []
    aligns: list[Align] = []
    line = ""
    for token in stream:
        match token.type:
            case "tr_open":
                rows.append([])
                line = lines[token.map[0]] if token.map else ""
            case "th_open":
                aligns.append(align(token))
            case "inline":
                rows[-1].append(cell(token))
            case "tr_close" if len(rows) > 1:
                rows[-1][-1] = " | ".join((rows[-1][-1], *surplus(line, len(aligns))))
            case "table_close":
                break
    return rows, aligns


def surplus(line: str, columns: int) -> list[str]:
    """Cells beyond the last column, which Markdown drops: mostly a `|` within code."""
    line = line.lstrip("> \t").rstrip()
    if line.count("|") - line.startswith("|") - line.endswith("|") < columns:
        return []
    cells = escapedSplit(line)
    if not cells[0]:
        cells.pop(0)
    if cells and not cells[-1]:
        cells.pop()
    return [cell.strip() for cell in cells[columns:] if cell.strip()]


def align(token: Token) -> Align:
    match token.attrs.get("style"):
        case "text-align:right":
            return "right"
        case "text-align:center":
            return "center"
    return "left"


def cell(token: Token) -> str:
    children = token.children or []
    if all(child.type == "text" for child in children):
        return "".join(child.content for child in children)
    page = Page()
    Inline(page, plain=True).write(children)
    return page.text


def grid(rows: Rows, aligns: Sequence[Align]) -> str:
    """The first row is the head. Every row has a cell for each of `aligns`."""
    widths = [min(max(map(width, column)), WIDEST) for column in zip(*rows, strict=True)]
    head, *body = (row_line(row, widths, aligns) for row in rows)
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join((head, rule, *body))


def row_line(row: Sequence[str], widths: Sequence[int], aligns: Sequence[Align]) -> str:
    return " | ".join(map(pad, row, widths, aligns)).rstrip()


def pad(text: str, size: int, align: Align) -> str:
    room = size - width(text)
    if align == "left":
        return text + " " * room
    if align == "right":
        return " " * room + text
    return " " * (room // 2) + text + " " * (room - room // 2)


def width(text: str) -> int:
    """Columns on a screen: an emoji or a Chinese character takes two."""
    return len(text) if text.isascii() else cell_len(text)
