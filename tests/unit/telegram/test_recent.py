"""The end of a growing text looks as it does in the whole."""

import random

import pytest

from bridge.telegram.recent import recent
from bridge.telegram.render import render
from tests.unit.telegram.texts import Writer

MOST = 400
LINES = "\n".join(f"line {number}" for number in range(200))


def under(markdown: str) -> list[str]:
    return [entity.type for entity in render(recent(markdown, MOST)).entities]


def test_a_short_text_is_all_of_it() -> None:
    assert recent("# a\n\nb", MOST) == "# a\n\nb"


def test_an_open_block_of_code_is_still_code() -> None:
    end = render(recent(f"Look:\n\n```python\n{LINES}", MOST))
    assert [(entity.type, entity.language) for entity in end.entities] == [("pre", "python")]
    assert end.entities[0].length == end.units


def test_after_a_closed_block_of_code_comes_text() -> None:
    end = render(recent(f"~~~~\n```\n{LINES}\n~~~~\n\n**after**", MOST))
    assert [entity.type for entity in end.entities] == ["pre", "bold"]
    assert end.text.endswith("line 199\n\nafter")


def test_code_that_ended_before_is_not_opened_again() -> None:
    assert under(f"```\na\n```\n\n{LINES}") == []
    assert under(f"> ```\n> open until its quote ends\n\n{LINES}") == []


def test_a_table_keeps_its_head() -> None:
    table = "| name | size |\n|---|---|\n" + "| a | 1 |\n" * 200
    end = render(recent(table, MOST))
    assert end.text.startswith("name | size\n-----+-----\na    | 1")
    assert [entity.type for entity in end.entities] == ["pre"]


@pytest.mark.parametrize("mark", ["- ", "7. ", "> - "])
def test_a_list_begins_with_an_item(mark: str) -> None:
    items = "\n".join(f"{mark}item **{number}**\n{' ' * len(mark)}* deep" for number in range(99))
    text = render(recent(items, MOST)).text
    assert text.split()[1] == "item"


def test_it_begins_where_a_block_begins() -> None:
    blocks = [f"- one {number}\n\n      code {number}" for number in range(80)]
    end = recent("\n\n# Title\n\n".join(blocks), MOST)
    assert end.startswith(("# Title", "- one"))


@pytest.mark.parametrize("text", ["word " * 2000, "x" * 9000, f"```\n{'y' * 9000}", "> z" * 3000])
def test_one_endless_line_is_cut(text: str) -> None:
    assert len(recent(text, MOST)) <= 2 * MOST


def test_it_ends_as_the_whole_does() -> None:
    chance = random.Random(2)  # noqa: S311 - repeatable on purpose
    for _ in range(200):
        document = Writer(chance).document(12)
        text = document[: chance.randrange(MOST, len(document))]
        end = recent(text, MOST)
        assert len(end) >= min(len(text), MOST) // 2
        assert text.endswith(end[-MOST // 4 :])
