"""Names of sessions: nothing in them leads out of a folder, and a beginning is enough."""

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telegram import names

texts = st.text(max_size=40)
good = st.from_regex(names.ALLOWED, fullmatch=True)


@pytest.mark.parametrize("name", ["docs", "a", "fix-2", "_x_", "æble", "日本語", "7", "x" * 32])
def test_letters_digits_dash_and_underscore_make_a_name(name: str) -> None:
    assert names.valid(name)


@pytest.mark.parametrize(
    "name",
    ["", "-x", "..", ".", "a/b", "a.b", "a b", "a\\b", "a\n", "x" * 33, "a:b", "~", "a\0", "😀"],
)
def test_anything_else_does_not(name: str) -> None:
    assert not names.valid(name)


@given(texts)
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    name = names.tidy(name)
    if names.valid(name):
        assert (PurePath("/root/1") / name).parts == ("/", "root", "1", name)
        assert name not in {".", ".."}


def test_case_and_the_way_an_accent_is_written_make_no_difference() -> None:
    assert names.taken("DOCS", ["docs"])
    assert names.taken("cafe\u0301", ["café"])
    assert not names.taken("doc", ["docs"])


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ("docs", ["docs"]),
        ("DOCS", ["docs"]),
        ("docs-", ["docs-2"]),
        ("d", ["docs", "docs-2"]),
        ("f", ["fix"]),
        ("x", []),
    ],
)
def test_a_beginning_names_all_that_begin_so_and_a_whole_name_only_itself(
    given_: str, found: list[str]
) -> None:
    assert names.matches(given_, ["docs", "docs-2", "fix"]) == found


@given(good, st.lists(good, max_size=5))
def test_a_free_name_is_a_name_that_nobody_has(wanted: str, others: list[str]) -> None:
    found = names.free(wanted, others)
    assert names.valid(found)
    assert not names.taken(found, others)


def test_free_names_count_up() -> None:
    assert names.free("docs", ["docs"]) == "docs-2"
    assert names.free("docs-2", ["docs-2", "docs-3"]) == "docs-4"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Fix the tests, please!", "fix-the-tests-please"),
        ("../../etc/passwd", "etc-passwd"),
        ("Refactor the whole authentication layer", "refactor-the-whole"),
        ("Donaudampfschifffahrtsgesellschaft", "donaudampfschifffahrtsge"),
        ("!!!", "resumed"),
        ("", "resumed"),
    ],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert names.from_title(title) == name


@given(texts)
def test_whatever_the_title_the_name_is_one(title: str) -> None:
    assert names.valid(names.from_title(title))


@given(good)
def test_on_a_button_any_name_has_the_same_length(name: str) -> None:
    assert len(names.digest(name)) == 16
