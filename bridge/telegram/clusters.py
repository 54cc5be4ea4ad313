"""Where a text may be cut without tearing apart what looks like one character."""

import unicodedata

JOINER = "\u200d"
SKIN = range(0x1F3FB, 0x1F400)
FLAGS = range(0x1F1E6, 0x1F200)  # two of them make a flag
TAGS = range(0xE0020, 0xE0080)
LONGEST = 32  # characters; a longer "character" is noise


def boundary(text: str, at: int) -> int:
    """The last place up to `at` between two visible characters; `at` when there is none near."""
    for place in range(at, max(at - LONGEST, 0), -1):
        if not joined(text, place):
            return place
    return at


def boundary_after(text: str, at: int) -> int:
    """The first such place from `at` on."""
    return next((place for place in range(at, at + LONGEST) if not joined(text, place)), at)


def joined(text: str, at: int) -> bool:
    """Whether the characters around `at` belong together."""
    if at >= len(text):
        return False
    char = text[at]
    if JOINER in {char, text[at - 1]} or ord(char) in SKIN or ord(char) in TAGS:
        return True
    if ord(char) in FLAGS:
        return flags_before(text, at) % 2 == 1
    return unicodedata.category(char).startswith("M")


def flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and ord(text[at - 1 - count]) in FLAGS:
        count += 1
    return count
