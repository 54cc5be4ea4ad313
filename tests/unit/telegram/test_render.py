"""What each construct of Markdown looks like in Telegram."""

import pytest

from bridge.telegram.render import render
from bridge.telegram.rich import Entity, Rich


def marked(rich: Rich) -> list[tuple[str, str]]:
    """Each entity: its type (and what it carries), and the text under it."""
    raw = rich.text.encode("utf-16-le")
    return [
        (
            " ".join(filter(None, (e.type, e.url, e.language))),
            raw[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le"),
        )
        for e in rich.entities
    ]


INLINE = [
    ("**bold** and *italic*", "bold and italic", [("bold", "bold"), ("italic", "italic")]),
    ("~~gone~~", "gone", [("strikethrough", "gone")]),
    ("call `f(x)`", "call f(x)", [("code", "f(x)")]),
    ("**a `b` c**", "a b c", [("bold", "a"), ("code", "b"), ("bold", "c")]),
    ("**a **b** c**", "a b c", [("bold", "a b c")]),
    ("😀 **b**", "😀 b", [("bold", "b")]),
    ("a &amp; b \\*c\\* &copy;", "a & b *c* ©", []),
    ("Vec<String> and if a<b", "Vec<String> and if a<b", []),
    ("<thinking>hm</thinking>", "<thinking>hm</thinking>", []),
    ("**unclosed while stream", "**unclosed while stream", []),
    ("one  \ntwo\nthree", "one\ntwo\nthree", []),
    ("__init__ and snake_case_name", "init and snake_case_name", [("bold", "init")]),
]

LINKS = [
    ("[a](https://x.org/b)", "a", [("text_link https://x.org/b", "a")]),
    ("[`a`](https://x.org)", "a", [("text_link https://x.org", "a")]),
    ("[t](tg://resolve?domain=x)", "t", [("text_link tg://resolve?domain=x", "t")]),
    ("<https://x.org>", "https://x.org", [("text_link https://x.org", "https://x.org")]),
    ("[](https://x.org)", "https://x.org", [("text_link https://x.org", "https://x.org")]),
    ('[a](https://x.org "why")', "a (why)", [("text_link https://x.org", "a")]),
    ("[a](http://localhost:3000)", "a (http://localhost:3000)", []),
    ("[a](docs/b.txt)", "a (docs/b.txt)", []),
    ("[a](docs/b.md)", "a (docs/b.md)", [("code", "docs/b.md")]),
    ("[b.md](b.md)", "b.md", [("code", "b.md")]),
    ("[top](#top)", "top", []),
    ("[me](mailto:me@x.org)", "me (me@x.org)", []),
    ("[a](javascript:alert)", "a (javascript:alert)", []),
    ("[a](https://x.org:99999)", "a (https://x.org:99999)", []),
    ("[a](https://good.org@bad.org)", "a (https://good.org@bad.org)", []),
    ("![cat](https://x.org/c.png)", "cat", [("text_link https://x.org/c.png", "cat")]),
    ("![cat](c.png)", "cat (c.png)", []),
    ("[![CI](https://x.org/b.svg)](https://x.org)", "CI", [("text_link https://x.org", "CI")]),
    ("[a][1]\n\n[1]: https://x.org", "a", [("text_link https://x.org", "a")]),
    ("[1]: https://x.org", "[1]: https://x.org", []),
]

BLOCKS = [
    ("# One", "One", [("bold", "One"), ("underline", "One")]),
    ("Two\n---", "Two", [("bold", "Two")]),
    ("### Three", "Three", [("bold", "Three"), ("italic", "Three")]),
    ("# **One**", "One", [("bold", "One"), ("underline", "One")]),
    ("a\n\n***\n\nb", "a\n\n──────────\n\nb", []),
    ("- a\n- b", "• a\n• b", []),
    ("- a\n\n- b", "• a\n\n• b", []),
    ("- a\n  - b\n    - c\n- d", "• a\n   ◦ b\n      ▪ c\n• d", []),
    ("- a\n  more", "• a\n   more", []),
    ("5. a\n6. b", "5. a\n6. b", []),
    ("2) a\n2) b", "2) a\n3) b", []),
    ("- [ ] a\n- [x] b", "☐ a\n☑ b", []),
    ("1. [x] a", "1. ☑ a", []),
    ("-\n- a", "•\n• a", []),
    ("> a\n> > b\n\nc", "a\n\nb\n\nc", [("blockquote", "a\n\nb")]),
    ("- > a", "• a", [("blockquote", "a")]),
    ("```py\nx = 1\n```", "x = 1", [("pre py", "x = 1")]),
    ("```py\n  x\n\n  y", "  x\n\n  y", [("pre py", "  x\n\n  y")]),
    ("```py src/a.txt\nx\n```", "src/a.txt\nx", [("pre py", "x")]),
    ("~~~\n```\nx\n~~~", "```\nx", [("pre", "```\nx")]),
    ("    x\n      y", "x\n  y", [("pre", "x\n  y")]),
    ("```\n\n```", "", []),
    ("a\n\n```\nb\n```\n\nc", "a\n\nb\n\nc", [("pre", "b")]),
    ("1. a\n   ```sh\n   ls\n   ```\n2. b", "1. a\nls\n2. b", [("pre sh", "ls")]),
]


@pytest.mark.parametrize(("markdown", "text", "entities"), INLINE + LINKS + BLOCKS)
def test_each_construct_has_its_look(
    markdown: str, text: str, entities: list[tuple[str, str]]
) -> None:
    rich = render(markdown)
    assert rich.text.replace(" \n", "\n") == text
    assert marked(rich) == entities


def test_columns_of_a_table_are_aligned_by_how_wide_they_look() -> None:
    table = render("| a | b | c |\n|---|--:|:-:|\n| 中文 | 1 | x |\n| 😀 | 1000 | **long** |")
    assert table.text.split("\n") == [
        "a    |    b |  c",
        "-----+------+-----",
        "中文 |    1 |  x",
        "😀   | 1000 | long",
    ]
    assert [entity.type for entity in table.entities] == ["pre"]


def test_an_unescaped_bar_in_a_cell_loses_nothing() -> None:
    table = render("| a | b |\n|---|---|\n| 1 | `x | y` |")
    assert table.text.endswith("1 | `x | y`")


def test_a_link_in_a_table_is_written_out() -> None:
    assert "a (https://x.org)" in render("| h |\n|---|\n| [a](https://x.org) |").text


def test_offsets_count_utf_16_units() -> None:
    assert render("😀😀 **b**").entities == (Entity("bold", 5, 1),)


def test_entities_go_out_as_the_bot_api_wants_them() -> None:
    assert render("[a](https://x.org)\n\n```py\nb\n```").to_api() == [
        {"type": "text_link", "offset": 0, "length": 1, "url": "https://x.org"},
        {"type": "pre", "offset": 3, "length": 1, "language": "py"},
    ]


@pytest.mark.parametrize("nothing", ["", " \n", "&#8203;", "\x00\x1b", "#", "```", "[](<>)"])
def test_what_shows_nothing_is_empty_or_shown_as_text(nothing: str) -> None:
    rich = render(nothing)
    assert rich == Rich("") or rich.text.strip()


def test_what_a_message_cannot_hold_is_replaced() -> None:
    assert render("a\x1b[1m \ud800 b\r\nc").text == "a [1m \ufffd b\nc"


@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_absurd_nesting_is_shown_as_it_is(mark: str) -> None:
    deep = mark * 300 + "word"
    assert render(deep).text == deep
