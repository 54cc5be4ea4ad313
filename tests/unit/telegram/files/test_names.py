"""Names of files, as a stranger could choose them."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telegram.files.names import MOST, NUMBER, numbered, safe


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../x", "x"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("", "file"),
        ("-rf", "rf"),
        ("a\0b\nc.txt", "abc.txt"),
        ("\u202etxt.exe\u2066", "txt.exe"),
        ("a\u200b\u2028b", "ab"),
        ("Straße 😀.txt", "Straße 😀.txt"),
        ("half \ud83d.txt", "half.txt"),
        ("C:\\x\\y.doc", "y.doc"),
        ("a/b/", "b"),
    ],
)
def test_what_is_left_of_a_name(given_: str, kept: str) -> None:
    assert safe(given_) == kept


def test_a_long_name_keeps_its_ending() -> None:
    assert safe("ü" * 300 + ".tar").endswith("ü.tar")
    assert len(safe("x" * 300).encode()) == MOST - NUMBER


@given(st.text(max_size=400))
def test_a_name_is_always_one_that_a_disk_takes_and_leads_nowhere(name: str) -> None:
    kept = safe(name)
    assert kept
    assert not set(kept) & set("/\\\0")
    assert kept[0] not in ".-"
    assert kept.isprintable() or " " in kept
    assert all(len(each.encode()) <= MOST for each in islice(numbered(kept), 9_999))


def test_numbers_come_before_the_ending() -> None:
    assert list(islice(numbered("a.txt"), 3)) == ["a.txt", "a-2.txt", "a-3.txt"]
    assert list(islice(numbered("a"), 2)) == ["a", "a-2"]
