"""The files of a message, as Claude gets them.

Pictures and PDFs go into the prompt itself, where Claude sees them at once (Claude Code makes a
picture smaller where it has to). Everything else, and what is too large for that, is named by its
path; so are the others, to work with. What kind a file is its first bytes say, never its name.

What was once in a prompt stays in the history. A PDF that the API refuses would spoil each request
from then on, and a long one would fill the conversation: one with a password, or whose pages are
many or cannot be counted, goes as a path, of which Claude reads what it needs. Only the tables of
a PDF are unpacked for that, and little of them. No link is followed: see `handover`.
"""

import base64
import os
import re
import zlib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from bridge.agent.handover import opened

log = structlog.get_logger(__name__)

Block = dict[str, Any]

MOST = 20_000_000  # bytes in one prompt; a request may have 32 MB, and base64 makes a third more
PAGES = 30  # of a PDF; each is up to 3,000 tokens, and the API takes no more than 100
HEAD = 32  # bytes that tell what a file is
PDF = "application/pdf"
SIGNATURES = {
    re.compile(rb"\x89PNG\r\n\x1a\n"): "image/png",
    re.compile(rb"\xff\xd8\xff"): "image/jpeg",
    re.compile(rb"GIF8[79]a"): "image/gif",
    re.compile(rb"RIFF....WEBP", re.DOTALL): "image/webp",
    re.compile(rb"%PDF-"): PDF,
}
COUNT = re.compile(rb"/Count\s+(\d{1,9})")
TABLE = re.compile(rb"/ObjStm\b.{0,300}?stream\r?\n", re.DOTALL)
TABLES = 200  # of a PDF that are looked at
UNPACKED = 1_000_000  # bytes of each


def content(text: str, files: Sequence[Path], folder: Path) -> str | list[Block]:
    """The prompt: the text alone, or with the blocks of its files before it."""
    if not files:
        return text
    blocks: list[Block] = []
    left = MOST
    for file in files:
        if (data := loaded(file, folder, left)) is not None:
            left -= len(data)
            blocks.append(block(data))
    return [*blocks, {"type": "text", "text": told(text, files, folder)}]


def told(text: str, files: Sequence[Path], folder: Path) -> str:
    """The words, and where the files are."""
    paths = "\n".join(f"- {file.relative_to(folder)}" for file in files)
    return f"{text}\n\n[Sent with this message, in the working directory:\n{paths}]".strip()


def loaded(file: Path, folder: Path, most: int) -> bytes | None:
    """What is in it, if it fits into the prompt. None: the path has to do."""
    real = folder.resolve()
    try:
        source = os.fdopen(opened(real, real / file.relative_to(folder)), "rb")
    except OSError as error:
        log.warning("file.unread", error=error.strerror)
        return None
    with source:
        kind = kind_of(source.read(HEAD))
        if kind is None or os.fstat(source.fileno()).st_size > most:
            return None
        source.seek(0)
        data = source.read(most)
    return data if kind != PDF or readable(data) else None


def kind_of(head: bytes) -> str | None:
    """The media type of what goes into a prompt."""
    return next((kind for pattern, kind in SIGNATURES.items() if pattern.match(head)), None)


def readable(pdf: bytes) -> bool:
    """As far as that can be seen from outside."""
    return b"/Encrypt" not in pdf and 0 < pages(pdf) <= PAGES


def pages(pdf: bytes) -> int:
    """0: they cannot be counted."""
    tables = [found.end() for found in islice(TABLE.finditer(pdf), TABLES)]
    counts = [*COUNT.findall(pdf), *(n for at in tables for n in COUNT.findall(unpacked(pdf, at)))]
    return max(map(int, counts), default=0)


def unpacked(pdf: bytes, start: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(pdf[start : start + UNPACKED], UNPACKED)
    except zlib.error:
        return b""


def block(data: bytes) -> Block:
    media = kind_of(data[:HEAD])
    source = {
        "type": "base64",
        "media_type": media,
        "data": base64.standard_b64encode(data).decode(),
    }
    return {"type": "document" if media == PDF else "image", "source": source}
