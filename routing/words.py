"""Words and phrases, found whole."""

import re


class Word:
    """A word or a phrase, found whole in a text that is casefolded.

    Letters, digits and `_` belong to a word, a hyphen separates: "refactor" is in "refactor-it"
    and not in "refactored" or "refactor_me". Any white space may stand in a phrase.
    """

    def __init__(self, text: str) -> None:
        parts = text.casefold().split()
        self._kind = "word" if len(parts) == 1 else "phrase"
        self._text = text
        self._first = parts[0]  # most texts do not even have this: the cheap look comes first
        self._whole = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, parts)) + r"(?!\w)")

    def inside(self, text: str) -> bool:
        return self._first in text and bool(self._whole.search(text))

    def __str__(self) -> str:
        return f'the {self._kind} "{self._text}"'
