"""A long answer as a short message and files. Pure, by plain rules, without a model.

A long block of code becomes a file of its own. If what is left is still long, its beginning is
sent, with the headings of the rest and the whole as answer.md. Every word is in the text or in a
file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from markdown_it.token import Token

from bridge.telegram.blocks import Block, blocks
from bridge.telegram.markdown import clean, outline

WHOLE = "answer.md"
SUMMARY = 800  # characters of the beginning
THIN = 300  # a beginning that is shorter takes a part of the next block too
HEADINGS = 20
FENCE = re.compile(r"(?P<lead>.*?)(?P<marks>`{3,}|~{3,})(?P<info>.*)")
NAME = re.compile(r"[\w-][\w.-]{0,60}\.[a-z]\w{0,9}", re.ASCII | re.IGNORECASE)
ALONE = re.compile(r"(?:\W*(?:file|path|filename)\b)?\W*([\w./-]+)\W*", re.IGNORECASE)
MARKED = re.compile(r"[`*]([\w./-]+)[`*]")
SENTENCE = re.compile(r"[.!?…][\"')\]*_`]*\s")
EXTENSIONS = {
    "bash": "sh", "c": "c", "c#": "cs", "c++": "cpp", "cpp": "cpp", "csharp": "cs", "css": "css",
    "csv": "csv", "diff": "diff", "go": "go", "html": "html", "ini": "ini", "java": "java",
    "javascript": "js", "js": "js", "json": "json", "jsx": "jsx", "kotlin": "kt", "lua": "lua",
    "makefile": "mk", "markdown": "md", "md": "md", "patch": "diff", "perl": "pl", "php": "php",
    "powershell": "ps1", "py": "py", "python": "py", "r": "r", "ruby": "rb", "rs": "rs",
    "rust": "rs", "scala": "scala", "sh": "sh", "shell": "sh", "sql": "sql", "swift": "swift",
    "toml": "toml", "ts": "ts", "tsx": "tsx", "typescript": "ts", "xml": "xml", "yaml": "yaml",
    "yml": "yaml", "zsh": "sh",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """`text` is Markdown."""

    text: str
    files: tuple[Attachment, ...] = ()


def package(markdown: str, chars: int, code_lines: int) -> Package:
    """`chars`: the longest answer that stays as it is; `code_lines`: the longest block of code."""
    lines = clean(markdown).split("\n")
    long = [block for block in blocks(markdown) if block.lines > code_lines]
    files = named(lines, long)
    text = "\n".join(replaced(lines, list(zip(long, files, strict=True))))
    if len(text) > chars:
        whole = Attachment(WHOLE, markdown.encode(errors="replace"))
        return Package(summary(text, [file.name for file in files]), (whole, *files))
    return Package(text if files else markdown, tuple(files))


# Code as files


def named(lines: Sequence[str], long: Sequence[Block]) -> list[Attachment]:
    taken = {WHOLE}
    files = []
    for number, block in enumerate(long, 1):
        wanted = title(lines, block) or f"code-{number}.{extension(block.language)}"
        name = next(each for each in variants(wanted) if each.lower() not in taken)
        taken.add(name.lower())
        files.append(Attachment(name, block.text.encode(errors="replace")))
    return files


def title(lines: Sequence[str], block: Block) -> str:
    """A file's name on the fence, or on the line that announces it; "" = there is none."""
    written = FENCE.match(lines[block.start_line])
    for word in re.split(r"[\s:=\"'{}]+", written["info"] if written else ""):
        if name := base(word):
            return name
    above = next((line for line in reversed(lines[: block.start_line]) if line.strip()), "")
    alone = ALONE.fullmatch(above.strip())
    marked = MARKED.findall(above) if above.rstrip().endswith(":") else []
    found = [name for path in [alone[1]] if (name := base(path))] if alone else []
    found = found or [name for path in marked if (name := base(path))]
    return found[0] if len(found) == 1 else ""


def base(path: str) -> str:
    """The last part of what looks like the path of a file; "" = it does not."""
    name = path.rpartition("/")[2]
    return name if NAME.fullmatch(name) else ""


def variants(name: str) -> Iterator[str]:
    yield name
    path = PurePosixPath(name)
    for number in range(2, 10_000):
        yield f"{path.stem}-{number}{path.suffix}"


def extension(language: str) -> str:
    return EXTENSIONS.get(language.lower(), "txt")


def replaced(lines: Sequence[str], code: Sequence[tuple[Block, Attachment]]) -> Iterator[str]:
    """The lines with one that names the file in the place of each block."""
    done = 0
    for block, file in code:
        yield from lines[done : block.start_line]
        yield from instead(lines, block, file.name)
        done = block.end_line
    yield from lines[done:]


def instead(lines: Sequence[str], block: Block, name: str) -> Iterator[str]:
    """A paragraph of its own, in the same list or quote. What the fence said stays."""
    fence = FENCE.match(lines[block.start_line])
    lead, info = (fence["lead"], fence["info"].strip()) if fence else ("", "")
    more = "" if info.lower() in {"", block.language.lower(), name.lower()} else f" ({info})"
    blank = re.sub(r"[^>\s]", " ", lead).rstrip()
    if block.start_line and lines[block.start_line - 1].strip() and not lead.strip(" >"):
        yield blank
    yield f"{lead}The code is in `{name}`, {block.lines} lines{more}."
    if lines[block.end_line : block.end_line + 1] not in ([], [""]):
        yield blank


# The summary


@dataclass(frozen=True, slots=True)
class Piece:
    """One block at the top level: its first line, and the one behind its last."""

    start: int
    end: int
    heading: bool


def summary(text: str, names: Sequence[str]) -> str:
    lines = text.split("\n")
    tokens = outline(text)
    said, end = beginning(lines, pieces(tokens))
    also = f" Its code is in {', '.join(f'`{name}`' for name in names)} too." if names else ""
    last = f"The whole answer is in `{WHOLE}`.{also}"
    parts = [said, "\n".join(listed(headings(tokens, end))), last]
    return "\n\n".join(part for part in parts if part)


def pieces(tokens: Sequence[Token]) -> list[Piece]:
    return [
        Piece(token.map[0], token.map[1], heading=token.type == "heading_open")
        for token in tokens
        if token.level == 0 and token.map
    ]


def beginning(lines: Sequence[str], found: Sequence[Piece]) -> tuple[str, int]:
    """Whole blocks, as many as fit, and the line behind them. A heading is not the last one."""
    taken = 0
    while taken < len(found) and len(joined(lines, found[taken].end)) <= SUMMARY:
        taken += 1
    said = joined(lines, found[taken - 1].end) if taken else ""
    if len(said) < THIN and taken < len(found):
        said = f"{said}\n\n{cut(lines, found[taken], SUMMARY - len(said))}".strip()
        return said, found[taken].end
    while taken > 1 and found[taken - 1].heading:
        taken -= 1
    end = found[taken - 1].end if taken else 0
    return joined(lines, end), end


def joined(lines: Sequence[str], end: int) -> str:
    return "\n".join(lines[:end]).strip()


def cut(lines: Sequence[str], piece: Piece, most: int) -> str:
    """The beginning of one block: whole lines, or else whole sentences, or else whole words."""
    first = lines[piece.start]
    kept = ""
    for line in lines[piece.start : piece.end]:
        if len(kept) + len(line) > most:
            break
        kept += f"{line}\n"
    fence = FENCE.match(first)
    if fence and not fence["lead"].strip():
        return f"{kept}{fence['marks']}\n…" if kept.count("\n") > 1 else "…"
    if kept.strip():
        return f"{kept.rstrip()}\n…"
    return f"{shortened(first, most)} …"


def shortened(line: str, most: int) -> str:
    ends = [match.end() for match in SENTENCE.finditer(line[:most])]
    if ends and ends[-1] > most // 3:
        return line[: ends[-1]].rstrip()
    return line[:most].rpartition(" ")[0] or line[:most]


def headings(tokens: Sequence[Token], start: int) -> list[str]:
    """The words of those from this line on."""
    return [
        " ".join(words.content.split())
        for token, words in pairwise(tokens)
        if token.type == "heading_open" and token.map and token.map[0] >= start
    ]


def listed(found: Sequence[str]) -> Iterator[str]:
    if found:
        yield "Further on:\n"
    yield from (f"- {each}" for each in found[:HEADINGS])
    if len(found) > HEADINGS:
        yield f"- … and {len(found) - HEADINGS} more"
