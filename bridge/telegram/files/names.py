"""A name that a file may have on our disk, from the one that its sender gave it. Pure."""

import itertools
import unicodedata
from collections.abc import Iterator

MOST = 255  # bytes that a file system takes
ENDING = 20  # bytes of an ending that is kept whole
NUMBER = 8  # bytes kept free for a number

# Controls, marks that turn the text around or cannot be seen, halves of characters, and what no
# file system knows. `Zl` and `Zp` break lines.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe(name: str) -> str:
    """The last part of it, of visible characters, short enough, neither hidden nor an option."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    visible = "".join(each for each in last if unicodedata.category(each) not in HIDDEN)
    line = " ".join(unicodedata.normalize("NFC", visible).split()).strip(" .").lstrip("-")
    stem, ending = split(line or "file")
    return cut(stem, MOST - NUMBER - len(ending.encode())).rstrip(" .") + ending


def numbered(name: str) -> Iterator[str]:
    """It, and then with -2, -3, … before its ending. Endless."""
    yield name
    stem, ending = split(name)
    for number in itertools.count(2):
        yield f"{stem}-{number}{ending}"


def split(name: str) -> tuple[str, str]:
    """The stem and the ending with its dot."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) >= ENDING:
        return name, ""
    return stem, dot + ending


def cut(text: str, size: int) -> str:
    """So many bytes of it, in whole characters."""
    return text.encode()[:size].decode(errors="ignore")
