"""Where the code in an answer stands."""

import pytest

from bridge.telegram.blocks import Block, blocks


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("a\n\n```py\nb\n```\nc", [Block(2, 5, "py", "b\n")]),
        ("```\n\n\n```", [Block(0, 4, "", "\n\n")]),
        ("~~~~sh title\n```\n~~~\n~~~~\n", [Block(0, 4, "sh", "```\n~~~\n")]),
        ("- a\n\n  ```js\n  b\n    c\n  ```\n- d", [Block(2, 6, "js", "b\n  c\n")]),
        ("> ```c++\n> a\n\nb", [Block(0, 2, "c++", "a\n")]),
        ("```py\nstill being written", [Block(0, 2, "py", "still being written")]),
        ("```a.py:1 x\r\nb\r\n```\r\n", [Block(0, 3, "", "b\n")]),
        ("```a\n```\n```b\n```", [Block(0, 2, "a", ""), Block(2, 4, "b", "")]),
        ("    indented\n\n`` `inline` ``", []),
    ],
)
def test_each_block_has_its_lines_its_language_and_its_text(
    markdown: str, found: list[Block]
) -> None:
    assert blocks(markdown) == found


@pytest.mark.parametrize(
    ("markdown", "lines"), [("```\none\n\nthree\n```", 3), ("```\nopen", 1), ("```\n```", 0)]
)
def test_its_lines_are_counted(markdown: str, lines: int) -> None:
    (block,) = blocks(markdown)
    assert block.lines == lines
