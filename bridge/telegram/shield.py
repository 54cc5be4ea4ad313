"""Words that Telegram would turn into links though nobody meant one: `README.md`, `main.rs`.

Telegram links whatever ends like a domain, and sendMessage cannot switch that off; but it
leaves `code` alone. So such words become `code`, with the folder they stand in. Addresses
written with their scheme (`https://...`) and e-mail addresses stay links.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from bridge.telegram.spans import Span
from bridge.telegram.tlds import TLDS

# A dot and what follows it, when that ends a domain or an IP address. Only Python counts the
# raised digits, raised letters and fractions of Latin-1 as parts of a word.
ENDING = re.compile(
    r"\.(?:([^\W\d_]{2,}?|xn--[a-z0-9-]+)|\d+\.\d+\.\d+)(?=[²³¹¼½¾ªµº]|(?![\w~-]))", re.IGNORECASE
)
DOMAIN = re.compile(r"[\w~-]|[^\x00-\x7f]")  # what may stand before that dot
# An address as Telegram reads it: a scheme it links, a host, perhaps a path.
WRITTEN = re.compile(
    r"(?:(?:tg|ton)://[\w-]+|(?:https?|ftp|tonsite)://(?:[\w.:+~%-]+@)?[\w~-]+(?:\.[\w~-]+)+)"
    r"(?::\d+)?(?:[/?#][^\s<>\"«»]*)?",
    re.IGNORECASE,
)
EMAIL = re.compile(r"\w+(?:[.+-]\w+)*@(?:[\w-]+\.)+[^\W\d_]{2,}", re.ASCII)
OUTSIDE = frozenset("()[]{}'`,;|<>\"«»“”„‘’…")  # noqa: RUF001 - quotation marks are meant
FAR = 256  # characters to look at on each side of a dot
TAIL = ".:!?*"  # ends a sentence, not a name


def shields(text: str, taken: Sequence[Span]) -> list[Span]:
    """`code` for the words in question. `taken`: sorted, disjoint, what is safe already."""
    found: list[Span] = []
    starts = [span.start for span in taken]
    for dot in dots(text):
        if found and dot < found[-1].end:
            continue
        at = bisect_right(starts, dot)
        low = taken[at - 1].end if at else 0
        high = taken[at].start if at < len(taken) else len(text)
        if low > dot:
            continue
        before = found[-1].end if found else 0
        low, high = max(low, before, dot - FAR), min(high, dot + FAR)
        if span := word(text, dot, low, high):
            found.append(span)
    return found


def dots(text: str) -> Iterator[int]:
    """Where the ending of something like a domain begins, outside of written addresses."""
    written = [match.span() for match in WRITTEN.finditer(text)] if "://" in text else []
    for match in ENDING.finditer(text):
        dot = match.start()
        at = bisect_right(written, (dot, dot)) - 1
        if ends_domain(match[1]) and (at < 0 or written[at][1] <= dot):
            yield dot


def ends_domain(name: str | None) -> bool:
    """`None`: the rest of an IP address. A lone capital ends a sentence: `Done.Next`."""
    if name is None:
        return True
    low = name.lower()
    if name[0] != low[0] and name[1:] == low[1:]:
        return False
    return low in TLDS or low.startswith("xn--") or not low.isascii()


def word(text: str, dot: int, low: int, high: int) -> Span | None:
    """The word around `dot`; None when it is no name but an e-mail address or a bare ending."""
    start, end = dot, dot
    while start > low and inside(text[start - 1]):
        start -= 1
    while end < high and inside(text[end]):
        end += 1
    name = text[start:end].rstrip(TAIL)
    bare = start == dot or not DOMAIN.match(text, dot - 1)
    if bare or EMAIL.fullmatch(name):
        return None
    return Span(start, start + len(name), "code")


def inside(char: str) -> bool:
    return not char.isspace() and char not in OUTSIDE
