"""Our way of asking the library's rules gives what the library gives; absurd texts stay whole."""

import random

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bridge.telegram.markdown import OPTIONS, Parser, clean, parse
from bridge.telegram.render import render
from tests.unit.telegram.specs import examples
from tests.unit.telegram.texts import Writer, missing, words

LIBRARY = (
    Parser("commonmark", OPTIONS)
    .enable(["table", "strikethrough"])
    .disable(["html_block", "html_inline"])
)


def library(source: str) -> list[Token]:
    return LIBRARY.parse(source)


@pytest.mark.parametrize("spec", ["commonmark", "gfm"])
def test_the_tokens_of_every_example_are_those_of_the_library(spec: str) -> None:
    for example in examples(spec):
        source = clean(example.markdown)
        assert parse(source) == library(source), example.name


def test_the_tokens_of_generated_texts_are_those_of_the_library() -> None:
    chance = random.Random(1)  # noqa: S311 - repeatable on purpose
    for _ in range(300):
        document = Writer(chance).document(3)
        source = clean(document[: chance.randrange(len(document))])
        assert parse(source) == library(source), source


@pytest.mark.parametrize(
    "url",
    [
        "https://x.org",
        "https://x.org/a?b=c&d#e",
        "http://x.org:80/(a)/*~!$',;=:@",
        "https://X.org/ü",
        "https://x.org/a%20b%zz",
        "https://x.org/[a]",
        "mailto:a@b.de",
        "a b",
        "https://münchen.de",
        "https://x.org?",
        "https://-/",
        "https://x.org//a/../b",
        "http://a:b@x.org",
    ],
)
def test_an_address_is_written_as_the_library_writes_it(url: str) -> None:
    assert LIBRARY.normalizeLink(url) == MarkdownIt.normalizeLink(LIBRARY, url)


@pytest.mark.parametrize("text", ["[" * 20_000, "![" * 10_000, "[a" * 9000 + "](b)" * 9000])
def test_brackets_beyond_measure_stay_as_they_are(text: str) -> None:
    assert render(text).text == text


def test_around_such_brackets_all_is_well() -> None:
    rich = render(f"**before**\n\n```py\n{'[' * 20_000}\n```\n\n**after**\n\n{'[' * 20_000}")
    assert [entity.type for entity in rich.entities] == ["bold", "pre", "bold"]


def test_many_links_are_no_such_brackets() -> None:
    assert len(render("[a](https://x.org) " * 4000).entities) == 4000


def test_a_table_of_cells_that_nobody_wrote_stays_as_it_is() -> None:
    text = f"|{'a|' * 500}\n|{'-|' * 500}\n" + "b\n" * 500
    rich = render(text)
    assert not missing(words(text), words(rich.text))
    assert len(rich.text) < 2 * len(text)


def test_a_table_with_a_few_cells_missing_is_one() -> None:
    rich = render("| a | b | c |\n|---|---|---|\n| one |\n| two | three |")
    assert [entity.type for entity in rich.entities] == ["pre"]


def test_one_long_cell_does_not_widen_every_row() -> None:
    rich = render(f"| a | b |\n|---|---|\n| {'word ' * 200} | c |\n" + "| d | e |\n" * 100)
    assert len(rich.text) < 20_000
    assert rich.text.endswith("| e")
