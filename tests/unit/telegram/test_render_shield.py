"""Telegram makes links of file names; we do not let it."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.telegram.links import accepts
from bridge.telegram.render import render
from bridge.telegram.rich import Entity, Rich
from bridge.telegram.shield import ends_domain
from bridge.telegram.tlds import TLDS
from tests.unit.telegram import tdlib

NAMES = [
    "README.md",
    "CLAUDE.md",
    "src/foo.py",
    "main.rs",
    "./a.sh",
    "C:\\x\\y.md",
    "1.2.3.4",
    "foo_bar.py",
    "self.name",
    "example.com",
    "x:foo.md",
    "user:pw@foo.md",
    "пример.рф",
]
SAFE = ["e.g. this", "3.14", "Node.js", "Done.Next step", "me@example.com", "a.b", "*.md", "..."]
PARTS = [
    *[
        "a",
        "B",
        "foo",
        "md",
        "com",
        "sh",
        "рф",
        "xn--p1ai",
        ".",
        ".",
        ".",
        "/",
        ":",
        "@",
        "-",
        "_",
        "~",
        "#",
        "?",
        "(",
        ")",
        ",",
        "'",
        "*",
        "\\",
        "…",
        "“",
        "😀",
        "1",
        "1.2.3.4",
    ],
    *["://", "http://", "中", "。", "=", "&", "|", "[", "]", "{"],
    *" \n\u200b\u00a0",
]


def exposed(rich: Rich) -> list[str]:
    """What Telegram would link though nobody wrote a scheme and nothing of ours covers it."""
    raw = rich.text.encode("utf-16-le")
    covers = [e for e in rich.entities if e.type in ("code", "pre", "text_link")]
    found = [
        raw[2 * start : 2 * end].decode("utf-16-le")
        for start, end in tdlib.links(rich.text)
        if not any(c.offset < end and start < c.offset + c.length for c in covers)
    ]
    return [address for address in found if "://" not in address]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_looks_like_an_address_becomes_code_as_a_whole(name: str) -> None:
    rich = render(f"See {name}, please.")
    at = rich.text.index(name)
    assert rich.entities == (Entity("code", at, len(name)),)


@pytest.mark.parametrize("text", SAFE)
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert render(text).entities == ()


def test_an_address_written_with_its_scheme_stays_a_link() -> None:
    assert render("https://example.com/README.md?x=a.md,b.md").entities == ()


def test_in_a_link_or_in_code_nothing_is_added() -> None:
    rich = render("[README.md](https://x.org) `README.md`\n\n    README.md")
    assert [entity.type for entity in rich.entities] == ["text_link", "code", "pre"]


def test_the_known_endings_are_those_of_telegram() -> None:
    wrong = [name for name in TLDS if not tdlib.links(f"foo.{name}")]
    assert not wrong
    letters = "abcdefghijklmnopqrstuvwxyz"
    pairs = {a + b for a in letters for b in letters}
    assert {name for name in pairs if tdlib.links(f"foo.{name}")} == pairs & TLDS


def test_a_capital_after_a_full_stop_is_a_sentence() -> None:
    for name in ("Next", "NEXT", "next", "nExt"):
        assert ends_domain(name) == bool(tdlib.links(f"foo.{name}")), name


def test_nothing_is_exposed_in_thousands_of_odd_words() -> None:
    chance = random.Random(1)  # noqa: S311 - repeatable on purpose
    for _ in range(8000):
        word = "".join(chance.choices(PARTS, k=chance.randint(2, 12)))
        assert not exposed(render(word)), repr(word)


@example("1.2.3.4²")
@example("1.2.3.4µ")
@example("foo.comª")
@example("README.md½")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=20).map("".join))
def test_nothing_is_exposed_in_any_text(text: str) -> None:
    assert not exposed(render(text))


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.sampled_from([*PARTS, "https://", "tg://", ":80", "%20", "[::1]"]), max_size=8)
    .map("".join)
    .map(lambda rest: "https://" + rest)
)
def test_an_address_we_accept_is_one_that_telegram_accepts(url: str) -> None:
    refused = tdlib.refusal(Rich("label", (Entity("text_link", 0, 5, url),)))
    assert not (accepts(url) and refused), refused
