"""Telegram's own parser takes whatever the renderer makes, and no word is lost on the way."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.telegram.markdown import clean
from bridge.telegram.render import render
from tests.unit.telegram import tdlib
from tests.unit.telegram.oracle import check, tidy
from tests.unit.telegram.texts import Writer, missing, shown_words, words

# Every construct, odd ends and half-finished things among them.
EXAMPLES = [
    "Plan\nand goal\n========\n\nSteps\n-----\n\n####### seven\n\n#tag\n\n# closed ###",
    "#\n\n##\n\nwords\n#",
    "---\n\n***\n\n_ _ _\n\n+++",
    "before\n***\nafter\n- - -",
    "    def f():\n\n        return 1\n\nafter",
    "\tls\t-la",
    "```\nif a < b:\n    pass\n```",
    "~~~sh\necho '```'\n~~~",
    "`````md\n```\nnested\n```\n`````",
    "```\n\n\n```",
    "```",
    "```python",
    '```python title="run me"\nprint()',
    "> ```js\n> let x\n\nouter",
    "1. ```\n   one\n   ```\n2. ~~~\n   two",
    "<details>\n<summary>More</summary>\n**inside**\n</details>",
    "<!-- hidden? no -->\n<br/>text<hr>",
    "Vec<Option<String>> && x<y",
    "[docs]: https://docs.example.org 'The docs'\n\nRead the [docs] and [Docs][docs].",
    "[lost]: /nowhere\n\nNobody refers to it.",
    "[twice]: https://one.example.org\n[twice]: https://two.example.org\n\n[twice]",
    "See[^1].\n\n[^1]: https://example.org/note",
    "See[^1].\n\n[^1]: A note of several words",
    "| only |\n|------|",
    "| a | b |\n|--|--|\n| 1 | 2 | 3 | 4 |\n| 5 |",
    "| a |\n|---|\n| x \\| y | `p|q` |\nend of it",
    "> | q | r |\n> |---|---|\n> | 1 | 2 | 3 |",
    "- | l | m |\n  |---|---|\n  | 1 | 2 |",
    "name | size\n--- | ---:\nfile.txt | 10\n\nafter",
    "> # Title\n> text\nlazy\n\n> next",
    ">>> deep\n>> less\n> least",
    ">\n> late\n>",
    "- one\n\n  - two\n\n    three\n\n        code\n- four",
    "7.  seven\n\n    > quoted\n\n8.  eight",
    "-none\n\n3.none\n\n1234567890. too long",
    "000. zero\n5) five\n5) six",
    "- \n- filled\n-\n\nend",
    "* star\n+ plus\n- minus",
    "- item\n  > quote\n  ```\n  code\n  ```\n- next",
    "- [ ] open\n- [x] done\n  1. [X] deep\n- [] neither\n- [x]",
    "\\*no\\* \\`no\\` \\[no\\](no) C:\\new\\table",
    "&lt;tag&gt; &eacute; &#x1F600; &#1; &#0; &nosuch; &",
    "`` tick ` inside `` and ` ` and ```` ``` ````",
    "`open and *closed*",
    "in*word*emphasis in_word_emphasis 2*3*4",
    "***both* one** and **one *both***",
    "*a **b *c** d* e",
    "____ ** __x__ **y",
    "~~a **b~~ c**",
    "~single~ ~~~~four~~~~",
    "[a b](https://example.org/(x)) [c](<https://example.org/d e>) [e]( )",
    '[**b** `c` *i*](https://example.org "title words")',
    "[outer [inner](https://in.example.org)](https://out.example.org)",
    "[broken](https://example.org",
    "[![badge](https://example.org/b.svg)](https://example.org) ![pic *alt*](pic.png 'Some title')",
    "![](https://example.org/x.png) ![](x.png) [](x.txt) []()",
    "<https://example.org/?a=b&c=d> <me@example.org> <nope>",
    "https://example.org/a_b_c_d and www.example.org, README.md.",
    "ends  \nwith\\\nbreaks\nof all kinds  ",
    "*over  \ntwo lines* `code\nspan`",
    "😀*😀*😀 **👩‍👩‍👧** `🇩🇪` ~~中文~~",
    "**\u3000wide space\u3000** \xa0*\xa0*",
    "\u200b",
    "&#10;&#13;x&nbsp;",
    "a\u2028b\x85c\x0bd",
    "\ufeff# Marked",
    "[x](https://x.org)[y](https://y.org)**`z`**`u`*`v`*",
    "[ ](https://x.org) [\u200b](https://x.org)",
    "> - > - > all",
    "1. > ```\n   > x",
    "- ```\n- x",
    "# [link](https://x.org) `code` **bold** ~~gone~~",
    "> **bold\n> `code`**\n>\n> ```\n> pre\n> ```",
    "[" * 50,
    "*" * 80 + "a",
    "> " * 60 + "a",
    "`" * 40 + "a",
    "[a](" * 30,
    "~~" * 41 + "a~~",
    "!" * 9 + "[a](b)",
]


@pytest.mark.parametrize("markdown", EXAMPLES)
def test_every_construct_is_taken_and_keeps_its_words(markdown: str) -> None:
    check(markdown)


@pytest.mark.parametrize("seed", range(8))
def test_generated_documents_and_their_prefixes_are_taken(seed: int) -> None:
    """Prefixes are what a stream looks like while it runs: 6,400 of them in all."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(80):
        document = Writer(chance).document(2)
        check(document)
        for _ in range(10):
            check(document[: chance.randrange(len(document))])


MARKS = "* ** _ ~~ ` ``` > - 1. # | --- |-| [ ]( ) ![ < > &amp; ]: [x] https://x.org w1w README.md"
ODD = [
    "\n",
    "\n\n",
    "    ",
    " ",
    "\\",
    "😀",
    "👩‍👩‍👧",
    "中",
    "\t",
    "\r\n",
    "\0",
    "\ud800",
    "\u200b",
]
SYNTAX = [*MARKS.split(), "> ", "- ", "1. ", "# ", "| ", "[x] ", *ODD, "\u0301"]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(SYNTAX) | st.text(string.printable, max_size=4), max_size=40))
def test_any_mixture_of_markup_is_taken_and_keeps_its_words(pieces: list[str]) -> None:
    markdown = clean("".join(pieces))
    rich = render(markdown)
    assert not missing(shown_words(markdown), words(rich.text))
    assert not rich.text or not tdlib.refusal(rich)
    assert tidy(rich)
