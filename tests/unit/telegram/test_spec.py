"""Every example of the CommonMark and GFM specifications, whole and cut off in the middle.

The words of an example are those of the HTML that the specification expects, without its tags.
We may show more than a browser does: HTML itself, addresses that Telegram takes for no link,
titles of links, and definitions that nothing refers to. We may not show less, with one exception:
the language of a block of code is how Telegram shows it, and no word of its text.
"""

import random
import re

import pytest

from bench.render import TEXTS
from bridge.telegram.render import render
from tests.unit.telegram.oracle import check
from tests.unit.telegram.specs import Example, examples
from tests.unit.telegram.texts import Writer, missing, visible

SPECS = {"commonmark": 652, "gfm": 672}


@pytest.mark.parametrize(("spec", "count"), SPECS.items())
def test_every_example_is_taken_and_keeps_the_words_of_its_html(spec: str, count: int) -> None:
    found = examples(spec)
    assert len(found) == count
    for example in found:
        check(example.markdown)
        lost = lost_word(example)
        assert not lost, f"{example.name} lost {lost!r}"


@pytest.mark.parametrize("seed", range(6))
def test_every_prefix_of_a_text_is_taken_and_keeps_its_words(seed: int) -> None:
    """A stream shows them one after the other. 6,000 in all, of texts of every kind."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    pieces = [example.markdown for spec in SPECS for example in examples(spec)]
    for _ in range(100):
        written = Writer(chance).document(2)
        parts = [*chance.sample(pieces, 6), written, chance.choice(list(TEXTS.values()))]
        text = "\n\n".join(chance.sample(parts, 5))
        for _ in range(10):
            check(text[: chance.randrange(len(text))])


def lost_word(example: Example) -> str:
    rich = render(example.markdown)
    languages = {entity.language for entity in rich.entities}
    wanted = (word for word in words(visible(example.html)) if word not in languages)
    return missing(wanted, words(rich.text))


def words(text: str) -> list[str]:
    """An underscore is markup as often as not."""
    return re.findall(r"[^\W_]+", text)
