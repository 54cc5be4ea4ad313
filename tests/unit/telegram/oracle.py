"""What must hold of everything that the renderer makes."""

from typing import Any

from bridge.telegram.render import render
from bridge.telegram.rich import Rich
from tests.unit.telegram import tdlib
from tests.unit.telegram.texts import WORD, missing, shown_words, words

MARKUP = set("*_~|`[]")  # would be read as Markdown by the parser that shows what it keeps


def check(markdown: str) -> None:
    rich = render(markdown)
    if rich.text:
        assert not tdlib.refusal(rich), markdown
        assert tidy(rich), markdown
        assert as_telegram_keeps_it(rich), markdown
    languages = {entity.language for entity in rich.entities}
    wanted = [word for word in WORD.findall(markdown) if word not in languages]
    assert not missing(wanted, WORD.findall(rich.text)), markdown
    assert not missing(shown_words(markdown), words(rich.text)), markdown


def tidy(rich: Rich) -> bool:
    """Sorted, nothing empty, no space at the end of anything."""
    raw = rich.text.encode("utf-16-le")
    under = [raw[2 * e.offset : 2 * (e.offset + e.length)] for e in rich.entities]
    texts = [part.decode("utf-16-le") for part in under]
    order = [(e.offset, -e.length) for e in rich.entities]
    return order == sorted(order) and all(text and text == text.rstrip() for text in texts)


def as_telegram_keeps_it(rich: Rich) -> bool:
    """Every character looks the way we said; Telegram may only cut entities into pieces."""
    if MARKUP & set(rich.text) or any(char.isspace() and char not in " \n" for char in rich.text):
        return True
    return looks(rich, tdlib.kept(rich)) == looks(rich, tdlib.entities(rich))


def looks(rich: Rich, entities: list[dict[str, Any]]) -> set[tuple[int, str]]:
    """What each unit of text looks like, white space aside."""
    raw = rich.text.encode("utf-16-le")
    return {
        (unit, str(entity["type"]["@type"]))
        for entity in entities
        for unit in range(entity["offset"], entity["offset"] + entity["length"])
        if raw[2 * unit : 2 * unit + 2] not in (b" \0", b"\n\0")
    }
