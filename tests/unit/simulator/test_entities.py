"""Formatted text as TDLib, the parser behind the Bot API, reads it: its answers and its words."""

from typing import Any

import pytest

from bridge.simulator import entities, links
from bridge.simulator.entities import Text
from bridge.simulator.params import Params
from bridge.simulator.wire import ApiError

Marks = list[tuple[str, int, int]]


def read(text: str, **given: Any) -> Text:
    return entities.read(Params({"text": text, **given}))


def marks(text: Text) -> Marks:
    return [(e["type"], e["offset"], e["length"]) for e in text.entities]


def refusal(text: str, **given: Any) -> str:
    with pytest.raises(ApiError) as caught:
        read(text, **given)
    return caught.value.description.removeprefix("Bad Request: ")


def entity(offset: int, length: int, kind: str = "bold", **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("<b>x</b> <i>y</i>", "x y", [("bold", 0, 1), ("italic", 2, 1)]),
        ("<B>x</B >", "x", [("bold", 0, 1)]),
        ("<b></b>x", "x", []),
        ("😀<u>é</u>", "😀é", [("underline", 2, 1)]),
        ("<span class='tg-spoiler'>x</span>", "x", [("spoiler", 0, 1)]),
        ("<blockquote expandable>a\nb</blockquote>", "a\nb", [("expandable_blockquote", 0, 3)]),
        ('<pre><code class="language-py">a</code></pre>', "a", [("pre", 0, 1)]),
        ("<pre>a<code>b</code></pre>", "ab", [("pre", 0, 2), ("code", 1, 1)]),
        ("&lt;&amp;&nbsp;&#65;&#x42;&quot;&amp", '<&&nbsp;AB"&', []),
        ('<a href="https://a.com/b">x</a>', "x", [("text_link", 0, 1)]),
        ('<a href="http://localhost:3000">x</a>', "x", []),
        ('<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2)]),
        ('<tg-time unix="5">now</tg-time>', "now", [("date_time", 0, 3)]),
    ],
)
def test_html(source: str, text: str, expected: Marks) -> None:
    parsed = read(source, parse_mode="HTML")
    assert (parsed.text, marks(parsed)) == (text, expected)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<code>x", 'Can\'t find end tag corresponding to start tag "code"'),
        ("é<foo>x</foo>", 'Unsupported start tag "foo" at byte offset 2'),
        ("x < y", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("a<b", "Unclosed start tag at byte offset 1"),
        ("<b x", 'Unclosed start tag "b" at byte offset 0'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href=https://a.com>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<a ='x'>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
    ],
)
def test_html_that_cannot_be_parsed(source: str, words: str) -> None:
    assert refusal(source, parse_mode="html") == f"can't parse entities: {words}"


def test_the_language_of_a_code_block_is_kept() -> None:
    html = read('<pre><code class="language-py">a</code></pre>', parse_mode="HTML")
    markdown = read("```py\na\n```", parse_mode="MarkdownV2")
    assert [e["language"] for e in (*html.entities, *markdown.entities)] == ["py", "py"]


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        (
            "*b* _i_ __u__ ~s~ ||p|| `c`",
            "b i u s p c",
            [
                ("bold", 0, 1),
                ("italic", 2, 1),
                ("underline", 4, 1),
                ("strikethrough", 6, 1),
                ("spoiler", 8, 1),
                ("code", 10, 1),
            ],
        ),
        (r"a\.b", "a.b", []),
        ("`a.b*c`", "a.b*c", [("code", 0, 5)]),
        ("_a__b__c_", "abc", [("italic", 0, 3), ("underline", 1, 1)]),
        ("*[t](https://a.com)*", "t", [("text_link", 0, 1), ("bold", 0, 1)]),
        ("[t](http://localhost)", "t", []),
        (">q\n>r\nx", "q\nr\nx", [("blockquote", 0, 4)]),
        ("**>q\n>r||", "q\nr", [("expandable_blockquote", 0, 3)]),
        ("![x](tg://emoji?id=5)", "x", [("custom_emoji", 0, 1)]),
    ],
)
def test_markdown(source: str, text: str, expected: Marks) -> None:
    parsed = read(source, parse_mode="MarkdownV2")
    assert (parsed.text, marks(parsed)) == (text, expected)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("*x", "Can't find end of Bold entity at byte offset 0"),
        ("é`a", "Can't find end of Code entity at byte offset 2"),
        ("```a", "Can't find end of Pre entity at byte offset 0"),
        ("[t", "Can't find end of TextUrl entity at byte offset 0"),
        ("[a [b", "Can't find end of TextUrl entity at byte offset 3"),
        ("[t](a.com", "Can't find end of a URL at byte offset 4"),
        ("||a", "Can't find end of Spoiler entity at byte offset 0"),
        *(
            (f"a{c}b", f"Character '{c}' is reserved and must be escaped with the preceding '\\'")
            for c in "()>#+-=|{}.!]"
        ),
    ],
)
def test_markdown_that_cannot_be_parsed(source: str, words: str) -> None:
    assert refusal(source, parse_mode="MarkdownV2") == f"can't parse entities: {words}"


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        (
            "abc",
            entity(0, 9),
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 9",
        ),
        ("abc", entity(5, 1), "entity begins after the end of the text at UTF-16 offset 5"),
        ("é😀b", entity(2, 1), "entity begins in a middle of a UTF-16 symbol at byte offset 6"),
        (
            "a😀b",
            entity(1, 1),
            (
                "entity beginning at UTF-16 offset 1 "
                "ends in a middle of a UTF-16 symbol at byte offset 5"
            ),
        ),
        ("abc", entity(-1, 2), "receive an entity with incorrect offset -1"),
        ("abc", entity(0, -1), "receive an entity with incorrect length -1"),
        (
            "abc",
            entity(0, 1, "glitter"),
            "can't parse MessageEntity: Unsupported type specified",
        ),
        ("abc", {"type": "bold"}, "can't parse MessageEntity: wrong field specified"),
        (
            "abc",
            entity(0, 3, "text_link", url="src/foo.py"),
            "entity URL 'src/foo.py' is invalid: Wrong HTTP URL",
        ),
    ],
)
def test_an_entity_that_telegram_refuses(text: str, given: dict[str, Any], words: str) -> None:
    assert refusal(text, entities=[given]) == words


def test_entities_of_the_kinds_that_telegram_finds_itself_are_ignored() -> None:
    assert marks(read("hello", entities=[entity(0, 5, "url"), entity(1, 0)])) == []


def test_more_than_a_hundred_entities_are_ignored() -> None:
    given = [entity(i, 1) for i in range(101)]
    assert len(read("a" * 101, entities=given).entities) == 100


def test_a_parse_mode_beats_an_array_of_entities() -> None:
    text = read("<i>a</i>", parse_mode="HTML", entities=[entity(0, 99)])
    assert marks(text) == [("italic", 0, 1)]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://user:pw@a.com:8080/x?y#z", None),
        ("HTTPS://A.com", None),
        ("README.md", None),
        ("mailto:a@b.c", None),
        ("tg://resolve?domain=x", None),
        ("http://[::1]/", None),
        ("127.0.0.1:8080", None),
        ("http://localhost:3000", "Wrong HTTP URL"),
        ("src/foo.py", "Wrong HTTP URL"),
        ("", "URL host is empty"),
        ("#anchor", "URL host is empty"),
        ("/a/b", "URL host is empty"),
        ("ftp://a.com", "Unsupported URL protocol"),
        ("file:///x", "Unsupported URL protocol"),
        ("vscode://file/x", "Unsupported URL protocol"),
        ("javascript:alert(1)", "Wrong port number specified in the URL"),
        ("http://a.com:99999", "Wrong port number specified in the URL"),
        ("http://a.com:0", "Wrong port number specified in the URL"),
        ("http://a b.com", "Disallowed character in URL host"),
    ],
)
def test_which_urls_may_stand_in_a_link(url: str, why: str | None) -> None:
    assert links.fault(url) == why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start@bot x", [("bot_command", "/start@bot")]),
        ("/stop. /a-b //x x/y /start/", [("bot_command", "/stop"), ("bot_command", "/a")]),
        ("see README.md, main.go", [("url", "README.md")]),
        ("foo.py x.sh a.js index.html data.json", [("url", "foo.py"), ("url", "x.sh")]),
        (
            "http://localhost:3000 https://a.com/b?c=d, (http://x.org).",
            [("url", "https://a.com/b?c=d"), ("url", "http://x.org")],
        ),
        (
            "me@x.com @user @ab #tag #1 $USD",
            [("email", "me@x.com"), ("mention", "@user"), ("hashtag", "#tag"), ("cashtag", "$USD")],
        ),
        ("1.2.3.4:80/x e.g. node.js", [("url", "1.2.3.4:80/x")]),
    ],
)
def test_what_telegram_finds_in_a_plain_text(text: str, expected: list[tuple[str, str]]) -> None:
    found = [
        (e["type"], text[e["offset"] : e["offset"] + e["length"]]) for e in read(text).entities
    ]
    assert found == expected


def test_nothing_is_found_inside_code_but_inside_bold() -> None:
    text = read("<code>README.md</code> <b>README.md</b>", parse_mode="HTML")
    assert marks(text) == [("code", 0, 9), ("bold", 10, 9), ("url", 10, 9)]
