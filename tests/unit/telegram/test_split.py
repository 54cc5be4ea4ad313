"""A long text becomes messages that Telegram takes, cut where a reader would pause."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.telegram.clusters import joined
from bridge.telegram.render import render
from bridge.telegram.rich import Entity, Rich
from bridge.telegram.spans import Span, spans
from bridge.telegram.split import TELEGRAM, Limits, numbered, split, tail
from tests.unit.telegram import tdlib
from tests.unit.telegram.texts import Writer, missing

SMALL = Limits(units=60)


def texts(parts: list[Rich]) -> list[str]:
    return [part.text for part in parts]


def check(whole: Rich, parts: list[Rich], limits: Limits) -> None:
    """Taken by Telegram, within the limits, and every word is there in its place."""
    for part in numbered(parts):
        assert not tdlib.refusal(part)
        assert part.units <= limits.units
        assert len(part.text.encode()) <= limits.text_bytes
        assert len(part.entities) <= limits.entities
        assert len(json.dumps(part.to_api())) <= limits.entity_bytes
    together = [word for part in parts for word in part.text.split()]
    assert "".join(together) == "".join(whole.text.split())
    fitting = (word for word in whole.text.split() if 2 * len(word) < limits.units - 12)
    assert not missing(fitting, together)


@pytest.mark.parametrize("limits", [TELEGRAM, Limits(500), Limits(150), Limits(entities=20)])
def test_generated_documents_split_into_messages_that_are_taken(limits: Limits) -> None:
    for seed in range(60):
        whole = render(Writer(random.Random(seed)).document(8))  # noqa: S311 - repeatable
        check(whole, split(whole, limits), limits)


def test_a_text_that_fits_stays_whole() -> None:
    whole = render("**a**\n\n" + "b" * 4000)
    assert split(whole) == [whole]


def test_nothing_makes_no_message() -> None:
    assert split(Rich("")) == []
    assert split(Rich(" \n\u200b")) == []


def test_paragraphs_come_before_lines_and_lines_before_words() -> None:
    assert texts(split(Rich("a" * 40 + "\n\nb\nc d " + "e" * 30), SMALL))[0] == "a" * 40
    assert texts(split(Rich("a" * 40 + "\nc d " + "e" * 30), SMALL))[0] == "a" * 40
    assert texts(split(Rich("a" * 40 + " d " + "e" * 30), SMALL))[0] == "a" * 40 + " d"


def test_formatting_that_fits_is_not_cut() -> None:
    whole = render("a " * 20 + "**" + "b " * 20 + "c**")
    assert texts(split(whole, SMALL)) == [("a " * 20).strip(), "b " * 20 + "c"]


def test_code_that_must_be_cut_goes_on_with_its_language_and_indentation() -> None:
    lines = "\n".join(f"    line {number}" for number in range(12))
    parts = split(render(f"text\n\n```python\n{lines}\n```"), SMALL)
    blocks = [entity for part in parts for entity in part.entities]
    assert len(parts) > 2
    assert {(entity.type, entity.language) for entity in blocks} == {("pre", "python")}
    assert all(part.text.startswith("    line") for part in parts[1:])


def test_formatting_appears_once_in_each_part() -> None:
    for part in split(render("**bold** `code` _it_ " * 100), Limits(300)):
        assert len(set(part.entities)) == len(part.entities)


def test_a_word_longer_than_a_message_is_cut_but_no_emoji_is() -> None:
    family = "👩‍👩‍👧"
    parts = split(Rich(family * 40), SMALL)
    assert {text.replace(family, "") for text in texts(parts)} == {""}
    flags = split(Rich("x" + "🇩🇪" * 40), SMALL)
    assert {text.replace("🇩🇪", "") for text in texts(flags)} == {"x", ""}


def test_a_hundred_entities_are_the_most() -> None:
    parts = split(render("`a` " * 250))
    assert [len(part.entities) for part in parts] == [100, 100, 50]


def test_pieces_that_telegram_makes_of_an_entity_count() -> None:
    whole = render("**" + "[a](https://x.org) b " * 80 + "c**")
    for part in split(whole):
        assert len(tdlib.kept(part)) <= 100


def test_long_addresses_do_not_overfill_the_formatting() -> None:
    whole = render(" ".join(f"[a](https://x.org/{'b' * 1900})" for _ in range(20)))
    check(whole, split(whole), TELEGRAM)


def test_bytes_of_text_are_limited_too() -> None:
    limits = replace(TELEGRAM, text_bytes=1000)
    whole = Rich("中文 " * 1000)
    check(whole, split(whole, limits), limits)


def test_only_more_than_two_parts_are_numbered() -> None:
    two, three = split(Rich("a " * 50), SMALL), split(Rich("a " * 80), SMALL)
    assert numbered(two) == two
    assert [part.text[-5:] for part in numbered(three)] == [
        f"\n\n{number}/{len(three)}" for number in range(1, len(three) + 1)
    ]


def test_a_tail_shows_the_newest_words() -> None:
    assert tail(Rich("short")) == Rich("short")
    assert tail(Rich("one two three " * 9 + "end"), 40).text == "…\none two three one two three end"


def test_a_tail_within_code_stays_code() -> None:
    end = tail(render("```py\n" + "x = 1\n" * 2000 + "```"))
    assert end.entities == (Entity("pre", 2, end.units - 2, language="py"),)


@pytest.mark.parametrize("limit", [20, 100, 1000, 4096])
def test_every_tail_is_taken_and_ends_as_the_text_does(limit: int) -> None:
    for seed in range(40):
        whole = render(Writer(random.Random(seed)).document(6))  # noqa: S311 - repeatable
        end = tail(whole, limit)
        assert not tdlib.refusal(end)
        assert end.units <= limit
        assert len(end.entities) <= 100
        assert "".join(whole.text.split()).endswith("".join(end.text.removeprefix("…").split()))


LIMITS = st.builds(
    Limits,
    units=st.integers(60, 400),
    entities=st.integers(10, 20),  # more than can stand within each other
    entity_bytes=st.integers(1500, 3000),
    text_bytes=st.integers(300, 2000),
)
DOCUMENTS = st.builds(
    lambda seed, blocks: Writer(random.Random(seed)).document(blocks),  # noqa: S311 - repeatable
    st.integers(0, 10**6),
    st.integers(1, 12),
)
TEXTS = st.lists(
    st.sampled_from(["word ", "longer", "\n", "\n\n", "😀", "👩‍👩‍👧", "🇩🇪", "中", "e\u0301", " "]),
    max_size=200,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, LIMITS)
def test_any_document_splits_within_all_four_limits(document: str, limits: Limits) -> None:
    whole = render(document)
    check(whole, split(whole, limits), limits)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(50, 200))
def test_no_visible_character_is_ever_torn(text: str, units: int) -> None:
    whole = Rich(text.strip())
    at = 0
    for part in split(whole, Limits(units=units)):
        at = whole.text.index(part.text, at)
        assert not (at and joined(whole.text, at))
        at += len(part.text)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, st.integers(150, 500))
def test_formatting_is_cut_only_where_it_is_longer_than_a_message(
    document: str, units: int
) -> None:
    """Of formatting within other formatting, the outer one counts. A line keeps its indentation."""
    whole = render(document)
    parts = split(whole, Limits(units=units))
    kept = [(span.type, under(part, span)) for part in parts for span in spans(part)]
    fitting = [
        (span.type, under(whole, span))
        for span in outermost(whole)
        if Rich(under(whole, span)).units + indentation(whole, span) <= units - 12
        and stands_free(whole, span)
    ]
    assert not missing(map(repr, fitting), map(repr, kept))


def indentation(rich: Rich, span: Span) -> int:
    """Of the line that the span begins; 0 when words stand before it."""
    before = rich.text[: span.start].rpartition("\n")[2]
    return 0 if before.strip() else len(before)


def under(rich: Rich, span: Span) -> str:
    return rich.text[span.start : span.end]


def outermost(rich: Rich) -> list[Span]:
    found: list[Span] = []
    for span in spans(rich):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


def stands_free(rich: Rich, span: Span) -> bool:
    """Within a word there is no place to cut before it or behind it."""
    around = rich.text[max(span.start - 1, 0) : span.start] + rich.text[span.end : span.end + 1]
    return not around.strip()


@settings(max_examples=150, deadline=None)
@given(
    DOCUMENTS,
    LIMITS.filter(lambda limits: limits.units > 200),
    st.sampled_from(["sonnet · 3 s", "model · 1 min 02 s · $0.12 · 5 steps"]),
)
def test_a_footer_ends_the_last_part_below_words_of_the_answer(
    document: str, limits: Limits, footer: str
) -> None:
    whole = render(document)
    parts = split(whole, limits, footer=footer)
    *_, last = numbered(parts)
    words, _, below = parts[-1].text.rpartition("\n\n")
    assert below == footer
    assert words.strip() or not whole.text
    assert parts[-1].entities[-1].type == "italic"
    assert not tdlib.refusal(last)
    bare = Rich(words, parts[-1].entities[:-1])
    check(whole, [*parts[:-1], bare] if words else parts[:-1], limits)
    for part in numbered(parts):
        assert part.units <= limits.units
        assert len(part.text.encode()) <= limits.text_bytes
        assert len(part.entities) <= limits.entities


def test_a_footer_without_an_answer_stands_alone() -> None:
    assert split(Rich(""), footer="done") == [Rich("done", (Entity("italic", 0, 4),))]


def test_a_footer_that_just_does_not_fit_takes_the_last_words_with_it() -> None:
    first, last = split(Rich("one " * 11 + "end"), Limits(units=50), footer="footer")
    assert first.text == " ".join(["one"] * 10)
    assert last.text == "one end\n\nfooter"


@pytest.mark.parametrize("language", ["", "python"])
def test_code_of_a_hundred_messages_is_code_in_each(language: str) -> None:
    lines = "\n".join(f"x{number} = {number}" for number in range(30_000))
    parts = split(render(f"```{language}\n{lines}\n```"))
    assert len(parts) > 80
    for part in parts:
        assert part.entities == (Entity("pre", 0, part.units, language=language),)
    assert "\n".join(part.text for part in parts) == lines
