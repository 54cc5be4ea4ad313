r"""A regular expression of the settings, safe to run on any text.

RE2 needs time linear in the text, so no pattern can hang a decision. Patterns that would blow up
in a backtracking engine are refused all the same: they are mistakes, and editors and other tools
that people try them in do backtrack. In RE2, `\w`, `\d` and `\b` know ASCII only.
"""

import re
from collections.abc import Callable

import re2

LONGEST = 500
_MARK = re.compile(
    r"""
    \\Q.*?(?:\\E|\Z)                              # quoted text
    | \\.                                         # an escaped character
    | \[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]     # a class of characters
    | \{\d+(?:,\d*)?\}                            # a counted repeat
    | .
    """,
    re.VERBOSE | re.DOTALL,
)


def search(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern is found in a text. ValueError: it cannot be used, and why."""
    if len(pattern) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    if _nested(pattern):
        raise ValueError(
            f'"{pattern}" could blow up: it repeats a part that repeats or has alternatives '
            "inside. Write it with one repeat"
        )
    found = _compile(pattern)
    return lambda text: bool(found.search(text.encode("utf-8", "replace")))


def _compile(pattern: str) -> "re2._Regexp[bytes]":
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise ValueError(f'"{pattern}" does not compile: {_sentence(error)}') from error


def _sentence(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode() if isinstance(reason, bytes) else str(reason)


def _nested(pattern: str) -> bool:
    """Whether an unbounded repeat holds another repeat or an alternative."""
    marks = [found.group() for found in _MARK.finditer(pattern)]
    branching = [False]  # for each open group: is there a repeat or an alternative in it
    for mark, after in zip(marks, [*marks[1:], ""], strict=True):
        if mark == "(":
            branching.append(False)
        elif mark == ")" and len(branching) > 1:
            inner = branching.pop()
            if inner and _unbounded(after):
                return True
            branching[-1] |= inner
        elif mark == "|" or _repeat(mark):
            branching[-1] = True
    return False


def _unbounded(mark: str) -> bool:
    return mark in {"*", "+"} or mark.endswith(",}")


def _repeat(mark: str) -> bool:
    return _unbounded(mark) or (mark.startswith("{") and "," in mark)
