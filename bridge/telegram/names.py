"""Names of sessions: which are allowed, which one is meant, which one is free. Pure.

A name becomes part of a path, so nothing in it can lead out of a folder: no dot, no slash.
Two names that differ only in case, or in how an accent is written, are the same.
"""

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

MOST = 32  # characters
TITLE = 24  # characters of a name that is made from a title
RULE = f"A name has 1 to {MOST} letters, digits, - and _, and does not begin with -."

ALLOWED = re.compile(rf"(?!-)[\w-]{{1,{MOST}}}")


def tidy(name: str) -> str:
    """Accents written in the one usual way."""
    return unicodedata.normalize("NFC", name.strip())


def valid(name: str) -> bool:
    return ALLOWED.fullmatch(name) is not None


def folded(name: str) -> str:
    """The same for all names that count as the same."""
    return unicodedata.normalize("NFC", tidy(name).casefold())


def taken(name: str, names: Iterable[str]) -> bool:
    return folded(name) in {folded(each) for each in names}


def matches(given: str, names: Iterable[str]) -> Sequence[str]:
    """The one that is named, or else all that begin like that."""
    wanted, names = folded(given), list(names)
    exact = [name for name in names if folded(name) == wanted]
    return exact or [name for name in names if folded(name).startswith(wanted)]


def free(wanted: str, names: Collection[str]) -> str:
    """`wanted`, or with -2, -3, … the first that nobody has."""
    for number in itertools.count(2):
        if not taken(wanted, names):
            return wanted
        wanted = f"{re.sub(r'-[0-9]+$', '', wanted)[: MOST - 6]}-{number}"
    raise AssertionError("unreachable")


def from_title(title: str) -> str:
    """Whole words as far as they fit: `Fix the tests, please!` -> `fix-the-tests-please`."""
    words = re.findall(r"\w+", tidy(title).lower())
    lengths = itertools.accumulate(len(word) + 1 for word in words)
    kept = [word for word, end in zip(words, lengths, strict=True) if end <= TITLE + 1]
    return "-".join(kept) or (words[0][:TITLE] if words else "resumed")


def digest(name: str) -> str:
    """Names it on a button, where a whole name might not fit."""
    return hashlib.blake2s(name.encode(), digest_size=8).hexdigest()
